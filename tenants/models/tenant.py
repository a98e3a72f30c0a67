from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from tenants.models.plan import Plan


class Role(models.TextChoices):
    OWNER = "owner"
    MEMBER = "member"


class Tenant(models.Model):
    """Who pays, and whose containers may meet. The slug is part of every hostname, so it never changes."""

    slug = models.CharField(
        max_length=20,
        unique=True,
        # No hyphen: it is what separates the container's name from the tenant's in a hostname.
        validators=[RegexValidator(r"^[a-z][a-z0-9]{1,19}\Z", "2 to 20 letters and digits, a letter first.")],
    )
    name = models.CharField(max_length=100)
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="tenants")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="tenants")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "user"], name="one_membership_per_person")
        ]
        ordering = ("tenant", "user")

    def __str__(self) -> str:
        return f"{self.user} in {self.tenant} ({self.role})"
