from django.urls import include, path
from rest_framework.routers import SimpleRouter

from containers.api import archives, views
from containers.api.usage import UsageView

router = SimpleRouter()
router.register("templates", views.TemplateViewSet, basename="api-template")
router.register("containers", views.ContainerViewSet, basename="api-container")

urlpatterns = [
    path("", include(router.urls)),
    path("tenants/<slug:tenant>/usage/", UsageView.as_view(), name="api-tenant-usage"),
    path("containers/<uuid:pk>/exports/", archives.ExportsView.as_view(), name="api-exports"),
    path("containers/<uuid:pk>/exports/<uuid:archive>/", archives.ExportView.as_view(), name="api-export"),
    path("containers/<uuid:pk>/exports/<uuid:archive>/download/", archives.DownloadView.as_view(), name="api-download"),
    path("containers/<uuid:pk>/imports/", archives.ImportsView.as_view(), name="api-imports"),
    path("containers/<uuid:pk>/imports/<uuid:archive>/", archives.ImportView.as_view(), name="api-import"),
]
