from django.core.validators import MinValueValidator
from django.db import models

MIB, GIB = 1024**2, 1024**3


class Plan(models.Model):
    """What a tenant may use. None means unlimited. Sizes are bytes, CPU is in thousandths of a core.

    Memory, CPU and storage are limits of each container; bandwidth is the tenant's per calendar month.
    """

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    max_containers = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: unlimited.")
    memory = models.PositiveBigIntegerField(validators=[MinValueValidator(6 * MIB)], help_text="Bytes.")
    cpu = models.PositiveIntegerField(validators=[MinValueValidator(10)], help_text="Thousandths of a core.")
    storage = models.PositiveBigIntegerField(help_text="Bytes.")
    bandwidth = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes; empty: unlimited.")
    grant_days = models.PositiveIntegerField(
        "days of access",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="The longest that a guest may be let in for; empty: without end, if so wished.",
    )
    max_guests = models.PositiveIntegerField(
        "guests", null=True, blank=True, help_text="Addresses that may be let in at a time; empty: unlimited."
    )
    internet = models.BooleanField(default=False, help_text="Containers may open connections to the internet.")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name
