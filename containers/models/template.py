from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from tenants.models import Plan


def _strings(value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValidationError("Give a list of strings.")


def _pairs(value: Any) -> None:
    if not isinstance(value, dict) or not all(
        isinstance(key, str) and key and "=" not in key and isinstance(item, str) for key, item in value.items()
    ):
        raise ValidationError("Give an object of strings.")


class TemplateQuerySet(models.QuerySet["Template"]):
    def offered(self, plans: Iterable[Plan]) -> "TemplateQuerySet":
        """Those that a new container may be made from on any of these plans."""
        mine = Q(pk__in=self.model.plans.through.objects.filter(plan__in=plans).values("template"))
        return self.filter(Q(plans=None) | mine, enabled=True)


class Template(models.Model):
    """What a container is made from. Staff write templates; a container copies what it needs at creation."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    description = models.TextField(blank=True)
    image = models.CharField(max_length=255)
    command = models.JSONField(default=list, blank=True, validators=[_strings], help_text="Empty: the image's own.")
    port = models.PositiveIntegerField(
        default=8080,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="HTTP, in the container.",
    )
    environment = models.JSONField(default=dict, blank=True, validators=[_pairs])
    data_folder = models.CharField(
        max_length=255,
        blank=True,
        validators=[RegexValidator(r"^/[^:\0]+\Z", "Give an absolute path without a colon.")],
        help_text="Kept on a volume of the container's own. Empty: nothing is kept.",
    )
    enabled = models.BooleanField(default=True, help_text="Offered for new containers.")
    plans = models.ManyToManyField(
        Plan, blank=True, related_name="+", help_text="Offered to tenants on these plans. None: to all."
    )

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name

    def offered_to(self, plan: Plan) -> bool:
        only = {row.pk for row in self.plans.all()}
        return not only or plan.pk in only
