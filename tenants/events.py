"""Every verb of the audit log, as `subject:verb`; grep for one to find who writes it."""

from enum import StrEnum

from django.utils.translation import gettext, gettext_noop


class Action(StrEnum):
    SIGN_IN = "user:sign_in"
    SIGN_OUT = "user:sign_out"
    SIGN_UP_ASK = "user:sign_up_ask"
    SIGN_UP = "user:sign_up"
    PASSWORD_ASK = "user:password_ask"
    PASSWORD_RESET = "user:password_reset"
    PASSWORD_CHANGE = "user:password_change"
    PROFILE_CHANGE = "user:profile_change"
    ACCOUNT_CLOSE = "user:close"
    TENANT_CREATE = "tenant:create"
    TENANT_RENAME = "tenant:rename"
    MEMBER_JOIN = "member:join"
    MEMBER_ROLE = "member:role"
    MEMBER_REMOVE = "member:remove"
    MEMBER_LEAVE = "member:leave"
    OWNERSHIP_HAND_OVER = "member:hand_over"
    INVITATION_CREATE = "invitation:create"
    INVITATION_WITHDRAW = "invitation:withdraw"
    INVITATION_ACCEPT = "invitation:accept"
    TOKEN_USE = "token:use"
    TOKEN_CREATE = "token:create"
    TOKEN_REVOKE = "token:revoke"
    CONTAINER_CREATE = "container:create"
    CONTAINER_START = "container:start"
    CONTAINER_STOP = "container:stop"
    CONTAINER_RESTART = "container:restart"
    CONTAINER_RENAME = "container:rename"
    CONTAINER_RETRY = "container:retry"
    CONTAINER_DELETE = "container:delete"
    CONTAINER_CHANGE = "container:change"
    CONTAINER_RECREATE = "container:recreate"
    CONTAINER_EXPORT = "container:export"
    CONTAINER_IMPORT = "container:import"
    CONTAINER_DOWNLOAD = "container:download"
    CONTAINER_EXPORT_CANCEL = "container:export-cancel"
    CONTAINER_IMPORT_CANCEL = "container:import-cancel"
    LOGS_OPEN = "container:logs:open"  # refused ones alone
    TERMINAL_OPEN = "container:terminal:open"
    TERMINAL_CLOSE = "container:terminal:close"
    CONTAINER_GONE = "container:gone"
    CONTAINER_FIT = "container:fit"  # brought within its tenant's plan
    GRANT_CREATE = "grant:create"
    GRANT_CHANGE = "grant:change"
    GRANT_REVOKE = "grant:revoke"
    GRANT_LEAVE = "grant:leave"
    GRANT_EXPIRE = "grant:expire"
    GRANT_ACTIVE = "grant:active"  # the edge was seen to let the address in
    GRANT_OUT = "grant:out"  # the edge was seen to let it in no more, sessions included
    VISITS_GAP = "visits:gap"  # what Cloudflare had forgotten before it was imported
    VISITS_VIEW = "visits:view"
    VISITS_EXPORT = "visits:export"
    VISITS_PRUNE = "visits:prune"
    ACCESS_SIGN_OUT = "access:sign_out"  # of all that an account at Cloudflare guards
    ACCESS_DRIFT = "access:drift"  # an application at Cloudflare was found otherwise than it was written
    DNS_DRIFT = "dns:drift"
    TUNNEL_ROTATE = "tunnel:rotate"  # its connectors get another token
    TENANT_SUSPEND = "tenant:suspend"
    TENANT_RESUME = "tenant:resume"
    TENANT_PLAN = "tenant:plan"
    TENANT_CLOSE = "tenant:close"
    TENANT_VIEW = "tenant:view_as"  # staff look at the pages as an owner would
    TENANT_VIEW_END = "tenant:view_as_end"
    AUDIT_PRUNE = "audit:prune"
    AUDIT_EXPORT = "audit:export"
    ADMIN_ADD = "admin:add"
    ADMIN_CHANGE = "admin:change"
    ADMIN_DELETE = "admin:delete"
    ADMIN_RECONCILE = "admin:reconcile"


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        """For people."""
        return gettext(self.value)


_LABELS = (gettext_noop("done"), gettext_noop("refused"))  # for the catalogue
