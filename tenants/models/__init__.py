from tenants.models.audit import AuditEvent, AuditPruning
from tenants.models.idempotency import IdempotencyKey
from tenants.models.plan import Plan
from tenants.models.tenant import Membership, Role, Tenant
from tenants.models.token import ApiToken
from tenants.models.user import User

__all__ = ["ApiToken", "AuditEvent", "AuditPruning", "IdempotencyKey", "Membership", "Plan", "Role", "Tenant", "User"]
