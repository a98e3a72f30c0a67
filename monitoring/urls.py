from django.urls import path

from monitoring.history.api import MetricsView
from monitoring.live.api import TicketView
from monitoring.views import StatusView

urlpatterns = [
    path("containers/<uuid:pk>/status/", StatusView.as_view(), name="api-container-status"),
    path("ws-ticket/", TicketView.as_view(), name="api-ws-ticket"),
    path("containers/<uuid:pk>/metrics/", MetricsView.as_view(), name="api-container-metrics"),
]
