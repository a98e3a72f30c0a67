"""Every verb of the audit log, as `subject:verb`; grep for one to find who writes it."""

from enum import StrEnum


class Action(StrEnum):
    SIGN_IN = "user:sign_in"
    SIGN_OUT = "user:sign_out"
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
