from django.urls import path

from monitoring.views import StatusView

urlpatterns = [path("containers/<uuid:pk>/status/", StatusView.as_view(), name="api-container-status")]
