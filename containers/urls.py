from django.urls import path

from containers import archive_pages, create_pages, list_pages, pages, settings_pages

urlpatterns = [
    path("", list_pages.ContainerListView.as_view(), name="container-list"),
    path("containers/new/name/", create_pages.NameCheckView.as_view(), name="container-create-name"),
    path("containers/bulk/", list_pages.ContainerBulkView.as_view(), name="container-bulk"),
    path("containers/<uuid:pk>/", pages.ContainerView.as_view(), name="container"),
    path("containers/<uuid:pk>/metrics/", pages.ContainerView.as_view(tab="metrics"), name="container-metrics"),
    path("containers/<uuid:pk>/logs/", pages.ContainerView.as_view(tab="logs", needs="operate"), name="container-logs"),
    path(
        "containers/<uuid:pk>/terminal/",
        pages.ContainerView.as_view(tab="terminal", needs="shell"),
        name="container-terminal",
    ),
    path("containers/<uuid:pk>/live/", pages.ContainerLiveView.as_view(), name="container-live"),
    path("containers/<uuid:pk>/head/", pages.ContainerHeadView.as_view(), name="container-head"),
    path("containers/<uuid:pk>/rename/", settings_pages.ContainerRenameView.as_view(), name="container-rename"),
    path("containers/<uuid:pk>/delete/", settings_pages.ContainerDeleteView.as_view(), name="container-delete"),
    path("containers/<uuid:pk>/settings/", settings_pages.ContainerSettingsView.as_view(), name="container-settings"),
    path(
        "containers/<uuid:pk>/duplicate/", settings_pages.ContainerDuplicateView.as_view(), name="container-duplicate"
    ),
    path("containers/<uuid:pk>/recreate/", settings_pages.ContainerRecreateView.as_view(), name="container-recreate"),
    path("containers/<uuid:pk>/data/", settings_pages.ContainerDataView.as_view(), name="container-data"),
    path("containers/<uuid:pk>/data/export/", settings_pages.ContainerExportView.as_view(), name="container-export"),
    path("containers/<uuid:pk>/data/restore/", settings_pages.ContainerRestoreView.as_view(), name="container-restore"),
    path(
        "containers/<uuid:pk>/data/<uuid:archive>/cancel/",
        archive_pages.ArchiveCancelView.as_view(),
        name="container-archive-cancel",
    ),
    path("containers/<uuid:pk>/<slug:verb>/", pages.ContainerChangeView.as_view(), name="container-change"),
]
