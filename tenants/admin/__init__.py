"""What staff see of people, tenants and plans; importing the package registers it."""

from tenants.admin import accounts, people, standing

__all__ = ["accounts", "people", "standing"]
