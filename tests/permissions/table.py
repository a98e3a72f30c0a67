"""Who may do what. Read it as the promise; `test_table` holds every route to it, and wants every route to be here.

Before the bar are those of `ROLES` who belong to tenants, to none, or to the staff; behind it guests of the owner's
container with view, operate, shell and manage. A guest whose grant has expired or was revoked is a stranger everywhere.

`in`: let in; `sign-in`: asked to sign in; `refused`: 403; `hidden`: 404, as if there were no such thing. What is asked
of a container is asked of the owner's; the suspended owner has a tenant and a container of their own that is asked
about instead. A method that is not listed is nobody's.
"""

EVERYBODY = "in in in in in in in in | in in in in"
SIGNED_IN = "sign-in in in in in in in in | in in in in"
SIGNED_OUT = "sign-in sign-in sign-in sign-in sign-in sign-in sign-in sign-in | sign-in sign-in sign-in sign-in"
NOBODY_HERE = "sign-in hidden hidden hidden hidden hidden hidden hidden | hidden hidden hidden hidden"

# About a tenant.
ITS_MEMBERS = "sign-in hidden hidden in in in hidden hidden | hidden hidden hidden hidden"
ITS_OWNERS = "sign-in hidden hidden refused in in hidden hidden | hidden hidden hidden hidden"
ANY_TENANTS = "sign-in refused in in in in refused refused | refused refused refused refused"
NO_TENANTS = "sign-in refused refused refused refused refused refused refused | refused refused refused refused"
OWNERS = (
    "sign-in refused in refused in in refused in | refused refused refused refused"  # of any, and staff with the right
)

ANY_STAFF = "sign-in refused refused refused refused refused in in | refused refused refused refused"
NOT_EVEN_STAFF = "sign-in refused refused refused refused refused - - | refused refused refused refused"

# About a container: what members do; what guests may see, do and give; and of these, what its tenant must run for.
ITS_PEOPLE = "sign-in hidden hidden in in in hidden hidden | refused refused refused refused"
ITS_READERS = "sign-in hidden hidden refused in in hidden hidden | refused refused refused refused"
ITS_VIEWERS = "sign-in hidden hidden in in in hidden hidden | in in in in"
ITS_OPERATORS = "sign-in hidden hidden in in in hidden hidden | refused in in in"
ITS_SHELLS = "sign-in hidden hidden in in in hidden hidden | refused refused in in"
ITS_SHARERS = "sign-in hidden hidden in in in hidden hidden | refused refused refused in"
WHILE_IT_MAY_RUN = "sign-in hidden hidden in in refused hidden hidden | refused refused refused refused"
OPERATORS_WHILE_IT_MAY_RUN = "sign-in hidden hidden in in refused hidden hidden | refused in in in"
ITS_GUESTS = "sign-in hidden hidden hidden hidden hidden hidden hidden | in in in in"

LOOK = "GET HEAD OPTIONS"
ALL = "GET HEAD OPTIONS POST PUT PATCH DELETE"

ROUTES: dict[str, dict[str, str]] = {
    "container-list": {LOOK: SIGNED_IN},
    "container-create": {"GET HEAD POST PUT": ANY_TENANTS, "OPTIONS": SIGNED_IN},
    "container-create-name": {"GET": ANY_TENANTS},
    "container-bulk": {"POST": SIGNED_IN},  # each that is named is asked about by itself
    "container": {"GET HEAD": ITS_VIEWERS, "OPTIONS": SIGNED_IN},
    "container-metrics": {"GET HEAD": ITS_VIEWERS, "OPTIONS": SIGNED_IN},
    "container-recorded": {"GET HEAD": ITS_VIEWERS},
    "container-logs": {"GET HEAD": ITS_OPERATORS, "OPTIONS": SIGNED_IN},
    "container-terminal": {"GET HEAD": ITS_SHELLS, "OPTIONS": SIGNED_IN},
    "container-live": {LOOK: SIGNED_IN},  # what is hidden is an empty answer that leads to the list
    "container-head": {LOOK: SIGNED_IN},  # likewise
    "container-rename": {"GET HEAD POST": ITS_PEOPLE},
    "container-delete": {"GET POST": ITS_PEOPLE},
    "container-change": {"POST": ITS_OPERATORS},
    "style": {LOOK: ANY_STAFF, "POST PUT PATCH DELETE": NOT_EVEN_STAFF},
    "sign-in": {
        "GET HEAD OPTIONS POST PUT": EVERYBODY,
        "PATCH DELETE": "- in in in in in in in | in in in in",
    },  # in: on to the list
    # Open to everybody also where registration is closed, as it is here: who is a guest is said by mail alone.
    "sign-up": {
        "GET HEAD OPTIONS POST PUT": EVERYBODY,
        "PATCH DELETE": "- in in in in in in in | in in in in",
    },  # in: to the list
    "sign-up-confirm": {ALL: EVERYBODY},  # asked with a link that leads nowhere: on to ask for a new one
    "password-reset": {"GET HEAD OPTIONS POST PUT": EVERYBODY},
    "password-reset-confirm": {ALL: EVERYBODY},
    "invitation": {ALL: SIGNED_IN},
    "account": {"GET HEAD OPTIONS POST PUT": SIGNED_IN},
    "account-close": {"GET HEAD OPTIONS POST PUT": SIGNED_IN},
    "set_language": {"POST": EVERYBODY},
    "javascript-catalog": {"GET HEAD": EVERYBODY},
    "password-change": {"GET HEAD OPTIONS POST PUT": SIGNED_IN},
    "tokens": {"GET HEAD OPTIONS POST PUT": SIGNED_IN},
    "token-revoke": {"OPTIONS": SIGNED_IN, "GET HEAD POST": NOBODY_HERE},
    "tenant-switch": {"OPTIONS POST": SIGNED_IN},
    "tenant-create": {"OPTIONS": SIGNED_IN, "GET HEAD POST PUT": NO_TENANTS},
    "tenant": {"GET HEAD": ITS_MEMBERS, "OPTIONS": SIGNED_IN},
    "tenant-usage": {"GET HEAD": ITS_MEMBERS, "OPTIONS": SIGNED_IN},
    "tenant-members": {"GET HEAD": ITS_MEMBERS, "POST PUT": ITS_OWNERS, "OPTIONS": SIGNED_IN},
    "tenant-settings": {"GET HEAD": ITS_MEMBERS, "OPTIONS": SIGNED_IN},
    "tenant-name": {"GET HEAD POST PUT": ITS_OWNERS, "OPTIONS": SIGNED_IN},
    "tenant-delete": {"GET HEAD POST PUT": ITS_OWNERS, "OPTIONS": SIGNED_IN},
    "tenant-leave": {"GET POST": ITS_MEMBERS},
    "member-role": {"GET POST": ITS_OWNERS},
    "member-remove": {"GET POST": ITS_OWNERS},
    "hand-over": {"GET POST": ITS_OWNERS},
    "invitation-withdraw": {"POST": ITS_OWNERS},
    "container-settings": {"GET HEAD POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-duplicate": {"GET HEAD POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-recreate": {"GET HEAD POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-data": {"GET HEAD": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-export": {"POST": ITS_PEOPLE},
    "container-restore": {"POST": ITS_PEOPLE},
    "container-archive-cancel": {"POST": ITS_PEOPLE},
    "container-people": {"GET HEAD POST": ITS_SHARERS},
    "container-person": {"GET HEAD POST": ITS_PEOPLE},
    "container-person-extend": {"POST": ITS_PEOPLE},
    "container-person-revoke": {"GET HEAD POST": ITS_PEOPLE},
    "container-activity": {"GET HEAD": ITS_READERS, "OPTIONS": SIGNED_IN},
    "container-activity-export": {"GET": ITS_READERS, "OPTIONS": SIGNED_IN},
    "shared": {LOOK: SIGNED_IN},
    "shared-leave": {"GET HEAD POST": ITS_GUESTS},  # guests ask of their own
    "sign-out": {"OPTIONS": EVERYBODY, "POST": SIGNED_OUT},
    "api-sign-up": {"OPTIONS POST": EVERYBODY},
    "api-sign-up-confirm": {"OPTIONS POST": EVERYBODY},  # with the token of a mail, as the next but one
    "api-password-reset": {"OPTIONS POST": EVERYBODY},
    "api-password-reset-confirm": {"OPTIONS POST": EVERYBODY},
    "api-invitation-accept": {"OPTIONS POST": EVERYBODY},
    "api-me": {LOOK: SIGNED_IN, "PATCH": SIGNED_IN, "DELETE": SIGNED_IN},
    "api-me-password": {"OPTIONS POST": SIGNED_IN},
    "api-tenants": {LOOK: SIGNED_IN, "POST": SIGNED_IN},
    "api-tenant": {"GET HEAD": ITS_MEMBERS, "PATCH DELETE": ITS_OWNERS, "OPTIONS": SIGNED_IN},
    "api-tenant-leave": {"POST": ITS_MEMBERS, "OPTIONS": SIGNED_IN},
    "api-members": {"GET HEAD": ITS_MEMBERS, "OPTIONS": SIGNED_IN},
    "api-member": {"GET HEAD": ITS_MEMBERS, "PATCH DELETE": ITS_OWNERS, "OPTIONS": SIGNED_IN},
    "api-hand-over": {"POST": ITS_OWNERS, "OPTIONS": SIGNED_IN},
    "api-invitations": {"GET HEAD POST": ITS_OWNERS, "OPTIONS": SIGNED_IN},
    "api-invitation": {"DELETE": ITS_OWNERS, "OPTIONS": SIGNED_IN},
    "api-tokens": {LOOK: SIGNED_IN, "POST": EVERYBODY},  # with address and password in the body
    "api-token-current": {"GET HEAD OPTIONS POST PUT PATCH DELETE": SIGNED_OUT},  # for those who come with a token
    "api-token": {"OPTIONS": SIGNED_IN, "DELETE": NOBODY_HERE},  # asked of a token that is nobody's
    "api-template-list": {LOOK: SIGNED_IN},
    "api-template-detail": {LOOK: SIGNED_IN},
    "api-container-list": {LOOK: SIGNED_IN, "POST": SIGNED_IN},
    "api-container-detail": {
        "GET HEAD": ITS_VIEWERS,
        "DELETE": ITS_PEOPLE,
        "PATCH": WHILE_IT_MAY_RUN,
        "OPTIONS": SIGNED_IN,
    },
    "api-container-start": {"POST": OPERATORS_WHILE_IT_MAY_RUN, "OPTIONS": SIGNED_IN},
    "api-container-stop": {"POST": OPERATORS_WHILE_IT_MAY_RUN, "OPTIONS": SIGNED_IN},
    "api-container-restart": {"POST": OPERATORS_WHILE_IT_MAY_RUN, "OPTIONS": SIGNED_IN},
    "api-container-retry": {"POST": OPERATORS_WHILE_IT_MAY_RUN, "OPTIONS": SIGNED_IN},
    "api-container-rename": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-tenant-usage": {"GET HEAD": ITS_MEMBERS, "OPTIONS": SIGNED_IN},
    "api-schema": {LOOK: EVERYBODY},
    "api-docs": {LOOK: EVERYBODY},
    "api-docs-websockets": {LOOK: EVERYBODY},
    # To view the pages as a tenant, for staff with the permission; who does is held to `test_viewing`.
    "view-as": {"POST": "sign-in refused refused refused refused refused refused in | refused refused refused refused"},
    "view-as-stop": {"POST": SIGNED_IN},
    "activity": {"GET HEAD": OWNERS, "OPTIONS": SIGNED_IN},
    "activity-export": {"GET": OWNERS, "OPTIONS": SIGNED_IN},
    "api-audit": {"GET HEAD": OWNERS, "OPTIONS": SIGNED_IN},
    "api-audit-export": {"GET": OWNERS, "OPTIONS": SIGNED_IN},
    "api-container-recreate": {"POST": WHILE_IT_MAY_RUN, "OPTIONS": SIGNED_IN},
    "api-container-duplicate": {"POST": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-exports": {"POST": WHILE_IT_MAY_RUN, "OPTIONS": SIGNED_IN},
    "api-imports": {"POST": WHILE_IT_MAY_RUN, "OPTIONS": SIGNED_IN},
    "api-export": {"GET HEAD DELETE": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    # Asked of one that is not ready yet.
    "api-download": {
        "GET HEAD": "sign-in hidden hidden hidden hidden hidden hidden hidden | refused refused refused refused",
        "OPTIONS": SIGNED_IN,
    },
    "api-import": {"GET HEAD DELETE": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-visits": {"GET HEAD": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "container-visits-export": {"GET": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-visits": {"GET HEAD": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-visits-export": {"GET": ITS_PEOPLE, "OPTIONS": SIGNED_IN},
    "api-container-status": {"GET HEAD": ITS_VIEWERS, "OPTIONS": SIGNED_IN},
    "api-ws-ticket": {"POST OPTIONS": SIGNED_IN},
    "api-container-metrics": {"GET HEAD": ITS_VIEWERS, "OPTIONS": SIGNED_IN},
    "api-access": {"GET HEAD POST": ITS_SHARERS, "OPTIONS": SIGNED_IN},
    # Asked of one that the owner gave, which guests do not change; it can be revoked, and is, while nothing runs.
    "api-grant": {
        "GET HEAD": ITS_SHARERS,
        "PATCH": WHILE_IT_MAY_RUN,
        "DELETE": ITS_PEOPLE,
        "OPTIONS": SIGNED_IN,
    },
    "api-shared": {LOOK: SIGNED_IN},
    "api-shared-grant": {"GET HEAD DELETE": ITS_GUESTS, "OPTIONS": SIGNED_IN},  # guests ask of their own
}

# In the admin whoever is not staff is asked to sign in as somebody else. These are staff without any permission,
# then a superuser; GET, then POST.
ADMIN: dict[str, tuple[str, str]] = {
    "index": ("in in", "in in"),
    "search": ("in in", "in in"),  # it finds what the person may view
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
    "tenants_invitation": _READ,
    "tenants_mail": _READ,
    "tenants_apitoken": _READ,
    "containers_container": _READ,
    "containers_network": _READ,
    "containers_archive": _READ,
    "access_grant": _READ,
    "cloudflare_tunnel": _READ,
    "cloudflare_connector": _READ,
    "cloudflare_publication": _READ,
    "cloudflare_signingkey": _READ,
    "cloudflare_staffprovider": _READ,
    "cloudflare_visitcursor": _READ,
    "access_visit": _READ,
    "cloudflare_signout": _READ,
    "cloudflare_seat": _READ,
    "monitoring_sample": _READ,
    "monitoring_incident": _READ,
    "monitoring_terminal": _READ,
}

# The actions of the admin's lists: offered to staff without any permission, to those who may view everything, to those
# who may change everything as well, to superusers. What is not offered is not taken either.
VIEWERS = "no yes yes yes"
CHANGERS = "no no yes yes"
DELETERS = "no no no yes"
ACTIONS: dict[str, dict[str, str]] = {
    "auth_group": {"delete_selected": DELETERS},
    "tenants_plan": {"delete_selected": DELETERS},
    "tenants_tenant": {"suspend": CHANGERS, "resume": CHANGERS, "close": DELETERS},
    "tenants_apitoken": {"revoke": DELETERS},
    "containers_template": {"delete_selected": DELETERS},
    "containers_container": {"reconcile_now": CHANGERS, "retry": CHANGERS, "delete_outside": DELETERS},
    "containers_network": {"reconcile_now": CHANGERS},
    "access_grant": {"revoke": CHANGERS, "resync": CHANGERS},
    "cloudflare_account": {"delete_selected": DELETERS},
    "cloudflare_zone": {"reconcile_now": CHANGERS, "delete_selected": DELETERS},
    "cloudflare_tunnel": {"reconcile_now": CHANGERS, "change_token": CHANGERS},
    "cloudflare_connector": {"reconcile_now": CHANGERS},
    "cloudflare_publication": {"reconcile_now": CHANGERS},
    "cloudflare_visitcursor": {"reconcile_now": CHANGERS},
    "access_visit": {"download": VIEWERS},
    "cloudflare_signout": {"reconcile_now": CHANGERS},
}
