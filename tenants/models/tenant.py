from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.plan import Plan


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MEMBER = "member", _("Member")


class TenantQuerySet(models.QuerySet["Tenant"]):
    def living(self) -> "TenantQuerySet":
        return self.filter(deleted_at=None)

    def locked(self, pk: Any) -> "Tenant":
        """The row, for this transaction alone: whoever counts or decides for a tenant waits here for the others.

        The plan is read when it is asked for, after the wait: joined to this query it could be an older one.
        """
        # Without the key: a row that only refers to the tenant is written meanwhile, or two would wait in a circle.
        return self.select_for_update(no_key=True).get(pk=pk)


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
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    suspended_reason = models.CharField(max_length=200, blank=True, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ("slug",)
        permissions = [("view_as", "Can view the pages as a tenant's owner would")]  # noqa: RUF012  (Django's)

    def __str__(self) -> str:
        return self.name

    @property
    def suspended(self) -> bool:
        return self.suspended_at is not None


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
