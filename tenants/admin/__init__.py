"""What staff see of people, tenants, plans and the record; importing the package registers it."""

from tenants.admin import accounts, people, plans, record, standing

__all__ = ["accounts", "people", "plans", "record", "standing"]
