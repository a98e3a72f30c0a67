"""Every verb of the audit log, as `subject:verb`; grep for one to find who writes it."""

from enum import StrEnum


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
    CONTAINER_GONE = "container:gone"
    CONTAINER_FIT = "container:fit"  # brought within its tenant's plan
    TENANT_SUSPEND = "tenant:suspend"
    TENANT_RESUME = "tenant:resume"
    TENANT_PLAN = "tenant:plan"
    TENANT_CLOSE = "tenant:close"
    PLAN_EDIT = "plan:edit"
    AUDIT_PRUNE = "audit:prune"


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"
