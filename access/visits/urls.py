"""Where visits are read. The pages go before those of containers, which take any one word for a verb."""

from django.urls import path

from access.visits import api as views
from access.visits import pages as shown

pages = [
    path("containers/<uuid:pk>/visits/", shown.VisitsView.as_view(), name="container-visits"),
    path("containers/<uuid:pk>/visits/export/", shown.VisitsExportView.as_view(), name="container-visits-export"),
]
api = [
    path("containers/<uuid:pk>/visits/", views.VisitsView.as_view(), name="api-visits"),
    path("containers/<uuid:pk>/visits/export/", views.VisitsExportView.as_view(), name="api-visits-export"),
]
