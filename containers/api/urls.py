from django.urls import include, path
from rest_framework.routers import SimpleRouter

from containers.api import views
from containers.api.usage import UsageView

router = SimpleRouter()
router.register("templates", views.TemplateViewSet, basename="api-template")
router.register("containers", views.ContainerViewSet, basename="api-container")

urlpatterns = [
    path("", include(router.urls)),
    path("tenants/<slug:tenant>/usage/", UsageView.as_view(), name="api-tenant-usage"),
]
