"""Unfold's settings: Warren's colours and icon, and the menu in the words of staff."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

_static = lazy(static, str)  # the files' names are known once all of them were collected


def _holds(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _list(title: Any, icon: str, model: str) -> dict[str, Any]:
    """One list of the menu, for whoever may view it. `model` is `app_model`."""
    app, _, name = model.partition("_")
    link = reverse_lazy(f"admin:{model}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": _holds(f"{app}.view_{name}")}


NAVIGATION: list[dict[str, Any]] = [
    {"items": [{"title": _("Overview"), "icon": "space_dashboard", "link": reverse_lazy("admin:index")}]},
    {
        "title": _("Tenants"),
        "items": [
            _list(_("Tenants"), "apartment", "tenants_tenant"),
            _list(_("Invitations"), "mark_email_unread", "tenants_invitation"),
        ],
    },
    {
        "title": _("Containers"),
        "items": [
            _list(_("Containers"), "deployed_code", "containers_container"),
            _list(_("Live numbers"), "monitoring", "monitoring_sample"),
            _list(_("Downloads and restores"), "archive", "containers_archive"),
            _list(_("Networks"), "lan", "containers_network"),
        ],
    },
    {
        "title": _("People & grants"),
        "items": [
            _list(_("People"), "person", "tenants_user"),
            _list(_("Grants"), "key", "access_grant"),
            _list(_("Visits"), "login", "access_visit"),
            _list(_("Terminals"), "terminal", "monitoring_terminal"),
            _list(_("API tokens"), "api", "tenants_apitoken"),
            _list(_("Mail"), "mail", "tenants_mail"),
            _list(_("Groups of staff"), "group", "auth_group"),
        ],
    },
    {
        "title": _("Cloudflare"),
        "items": [
            _list(_("Accounts"), "cloud", "cloudflare_account"),
            _list(_("Zones"), "language", "cloudflare_zone"),
            _list(_("Publications"), "public", "cloudflare_publication"),
            _list(_("Tunnels"), "route", "cloudflare_tunnel"),
            _list(_("Connectors"), "cable", "cloudflare_connector"),
            _list(_("Seats"), "event_seat", "cloudflare_seat"),
            _list(_("Sign-outs"), "logout", "cloudflare_signout"),
            _list(_("Import of visits"), "sync", "cloudflare_visitcursor"),
            _list(_("Signing keys"), "vpn_key", "cloudflare_signingkey"),
            _list(_("Providers of staff"), "badge", "cloudflare_staffprovider"),
        ],
    },
    {
        "title": _("Plans & templates"),
        "items": [
            _list(_("Plans"), "sell", "tenants_plan"),
            _list(_("Templates"), "dashboard_customize", "containers_template"),
        ],
    },
    {
        "title": _("Incidents & audit"),
        "items": [
            _list(_("Incidents"), "warning", "monitoring_incident"),
            _list(_("Audit log"), "history", "tenants_auditevent"),
        ],
    },
]

# Paper, ink and moss, as in `static/css/warren.css`; the steps between are unfold's idea.
_PAPER = ("#f7f5ef", "#efece3", "#dcd9cd", "#c5c3b5", "#a3ab9d", "#5d6658", "#434a3f", "#373d35", "#20241f", "#171a16")
_MOSS = ("#f2f7f1", "#e0eddd", "#c2dbbd", "#a8d0a0", "#8fc486", "#7db872", "#35602f", "#2b4f26", "#22401e", "#1a3117")
_STEPS = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900")

SETTINGS: dict[str, Any] = {
    "SITE_TITLE": "Warren",
    "SITE_HEADER": "Warren",
    "SITE_SUBHEADER": _("Console"),
    "SITE_URL": "/",
    "SITE_ICON": _static("img/warren.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _static("img/warren.svg")}],
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "7px",
    "COLORS": {
        "base": {**dict(zip(_STEPS, _PAPER, strict=True)), "950": "#0e100d"},
        "primary": {**dict(zip(_STEPS, _MOSS, strict=True)), "950": "#0f1d0d"},
    },
    "STYLES": [_static("css/console.css")],
    "SCRIPTS": [_static("js/console.js")],
    "DASHBOARD_CALLBACK": "config.console.overview.shown",
    "ACCOUNT": {"navigation": [{"title": _("To Warren's pages"), "link": reverse_lazy("container-list")}]},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": NAVIGATION},
}
