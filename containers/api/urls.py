from django.urls import include, path
from rest_framework.routers import SimpleRouter

from containers.api import views

router = SimpleRouter()
router.register("templates", views.TemplateViewSet, basename="api-template")
router.register("containers", views.ContainerViewSet, basename="api-container")

urlpatterns = [path("", include(router.urls))]
