from django.urls import path

from monitoring.history.api import MetricsView
from monitoring.history.pages import RecordedView
from monitoring.live.api import TicketView
from monitoring.views import StatusView

pages = [path("containers/<uuid:pk>/metrics/recorded/", RecordedView.as_view(), name="container-recorded")]

api = [
    path("containers/<uuid:pk>/status/", StatusView.as_view(), name="api-container-status"),
    path("ws-ticket/", TicketView.as_view(), name="api-ws-ticket"),
    path("containers/<uuid:pk>/metrics/", MetricsView.as_view(), name="api-container-metrics"),
]
