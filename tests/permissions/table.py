"""Who may do what. Read it as the promise; `test_table` holds every route to it, and wants every route to be here.

`in`: let in; `sign-in`: asked to sign in; `refused`: 403; `hidden`: 404, as if there were no such thing. What is asked
of a container is asked of the owner's. A method that is not listed is nobody's.
"""

EVERYBODY = "in in in in in in in"
SIGNED_IN = "sign-in in in in in in in"
ITS_PEOPLE = "sign-in hidden hidden in in hidden hidden"
ANY_TENANTS = "sign-in refused in in in refused refused"
NOBODY_HERE = "sign-in hidden hidden hidden hidden hidden hidden"
SIGNED_OUT = "sign-in sign-in sign-in sign-in sign-in sign-in sign-in"

LOOK = "GET HEAD OPTIONS"

ROUTES: dict[str, dict[str, str]] = {
    "container-list": {LOOK: SIGNED_IN},
    "container-create": {"GET HEAD POST PUT": ANY_TENANTS, "OPTIONS": SIGNED_IN},
    "container": {"GET HEAD": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-live": {LOOK: SIGNED_IN},  # what is hidden is an empty answer that leads to the list
    "container-delete": {"GET POST": ITS_PEOPLE},
    "container-change": {"POST": ITS_PEOPLE},
    "container-settings": {"GET HEAD POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-duplicate": {"GET HEAD POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-recreate": {"GET HEAD POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-data": {"GET HEAD": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-export": {"POST": ITS_PEOPLE},
    "container-restore": {"POST": ITS_PEOPLE},
    "sign-in": {"GET HEAD OPTIONS POST PUT": EVERYBODY, "PATCH DELETE": "- in in in in in in"},  # in: on to the list
    "sign-out": {"OPTIONS": EVERYBODY, "POST": SIGNED_OUT},
    "api-tokens": {LOOK: SIGNED_IN, "POST": EVERYBODY},  # with address and password in the body
    "api-token-current": {"GET HEAD OPTIONS POST PUT PATCH DELETE": SIGNED_OUT},  # for those who come with a token
    "api-token": {"OPTIONS": SIGNED_IN, "DELETE": NOBODY_HERE},  # asked of a token that is nobody's
    "api-template-list": {LOOK: SIGNED_IN},
    "api-template-detail": {LOOK: SIGNED_IN},
    "api-container-list": {LOOK: SIGNED_IN, "POST": SIGNED_IN},
    "api-container-detail": {"GET HEAD PATCH DELETE": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-container-start": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-container-stop": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-container-restart": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-container-retry": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-container-recreate": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-container-duplicate": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-exports": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-imports": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-export": {"GET HEAD": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-download": {"GET HEAD": NOBODY_HERE, "OPTIONS": SIGNED_IN},  # asked of one that is not ready yet
    "api-import": {"GET HEAD": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-container-status": {"GET HEAD": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
}

# In the admin whoever is not staff is asked to sign in as somebody else. These are staff without any permission,
# then a superuser; GET, then POST.
ADMIN: dict[str, tuple[str, str]] = {
    "index": ("in in", "in in"),
    "password_change": ("in in", "in in"),
    "password_change_done": ("in in", "- -"),
    "jsi18n": ("in in", "- -"),
    "autocomplete": ("refused refused", "- -"),
    "view_on_site": ("hidden hidden", "hidden hidden"),
    "app_list": ("hidden in", "hidden in"),
    "(?P<url>.*)$": ("hidden hidden", "hidden hidden"),
    "auth_user_password_change": ("refused in", "refused in"),
}
ADMIN_FOR_EVERYBODY = {"login", "logout"}

_WRITTEN = {"changelist": "in in", "add": "in in", "history": "in in", "change": "in in", "delete": "in in"}
_KEPT = _WRITTEN | {"delete": "refused refused"}
_READ = {
    "changelist": "in in",
    "add": "refused refused",
    "history": "in in",
    "change": "in refused",
    "delete": "refused refused",
}
# What a superuser may do with the rows of a model: GET, then POST.
MODELS: dict[str, dict[str, str]] = {
    "auth_group": _WRITTEN,
    "tenants_plan": _WRITTEN,
    "containers_template": _WRITTEN,
    "cloudflare_account": _WRITTEN,
    "cloudflare_zone": _WRITTEN,
    "tenants_user": _KEPT,
    "tenants_tenant": _KEPT,
    "tenants_auditevent": _READ,
    "containers_container": _READ,
    "containers_network": _READ,
    "containers_archive": _READ,
    "cloudflare_tunnel": _READ,
    "cloudflare_connector": _READ,
    "cloudflare_publication": _READ,
}
