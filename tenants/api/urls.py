from django.urls import path

from tenants.activity import api as activity
from tenants.api import views

urlpatterns = [
    path("tokens/", views.TokenListView.as_view(), name="api-tokens"),
    path("tokens/current/", views.CurrentTokenView.as_view(), name="api-token-current"),
    path("tokens/<str:key>/", views.TokenView.as_view(), name="api-token"),
    path("audit/", activity.AuditListView.as_view(), name="api-audit"),
    path("audit/export/", activity.AuditExportView.as_view(), name="api-audit-export"),
]
