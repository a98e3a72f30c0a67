"""All routes: pages at the root, the API below `/api/v1/`, the admin for staff."""

from django.contrib import admin
from django.urls import include, path

from access.visits import urls as visits
from config.openapi.views import DocsView, SchemaView, WebsocketsView
from config.style import StyleView
from config.words import catalogue
from monitoring import urls as monitoring

urlpatterns = [
    path("", include(visits.pages)),
    path("", include("access.urls")),
    path("", include("containers.urls")),
    path("", include("tenants.urls")),
    path("", include(monitoring.pages)),
    path("api/v1/", include("tenants.api.urls")),
    path("api/v1/", include("containers.api.urls")),
    path("api/v1/", include("access.api.urls")),
    path("api/v1/", include(monitoring.api)),
    path("api/v1/", include(visits.api)),
    path("api/schema/", SchemaView.as_view(), name="api-schema"),
    path("api/docs/", DocsView.as_view(), name="api-docs"),
    path("api/docs/websockets/", WebsocketsView.as_view(), name="api-docs-websockets"),
    path("style/", StyleView.as_view(), name="style"),
    path("js-words/", catalogue, name="javascript-catalog"),
    path("admin/", admin.site.urls),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
