"""What staff see of people, tenants and plans; importing the package registers it."""

from tenants.admin import people, standing

__all__ = ["people", "standing"]
