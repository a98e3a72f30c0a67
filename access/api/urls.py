from django.urls import path

from access.api import grants, shared

urlpatterns = [
    path("containers/<uuid:pk>/access/", grants.GrantListView.as_view(), name="api-access"),
    path("containers/<uuid:pk>/access/<uuid:grant>/", grants.GrantView.as_view(), name="api-grant"),
    path("shared/", shared.SharedListView.as_view(), name="api-shared"),
    path("shared/<uuid:grant>/", shared.SharedView.as_view(), name="api-shared-grant"),
]
