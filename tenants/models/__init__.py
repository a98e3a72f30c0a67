from tenants.models.audit import AuditEvent, AuditPruning
from tenants.models.idempotency import IdempotencyKey
from tenants.models.invitation import Invitation
from tenants.models.mail import Mail, MailKind, MailState
from tenants.models.plan import Plan
from tenants.models.tenant import Membership, Role, Tenant
from tenants.models.token import ApiToken, Scope
from tenants.models.user import User

__all__ = [
    "ApiToken",
    "AuditEvent",
    "AuditPruning",
    "IdempotencyKey",
    "Invitation",
    "Mail",
    "MailKind",
    "MailState",
    "Membership",
    "Plan",
    "Role",
    "Scope",
    "Tenant",
    "User",
]
