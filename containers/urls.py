from django.urls import path

from containers import pages

urlpatterns = [
    path("", pages.ContainerListView.as_view(), name="container-list"),
    path("containers/new/", pages.ContainerCreateView.as_view(), name="container-create"),
    path("containers/<uuid:pk>/", pages.ContainerView.as_view(), name="container"),
    path("containers/<uuid:pk>/live/", pages.ContainerLiveView.as_view(), name="container-live"),
    path("containers/<uuid:pk>/rename/", pages.ContainerRenameView.as_view(), name="container-rename"),
    path("containers/<uuid:pk>/delete/", pages.ContainerDeleteView.as_view(), name="container-delete"),
    path("containers/<uuid:pk>/<slug:verb>/", pages.ContainerChangeView.as_view(), name="container-change"),
]
