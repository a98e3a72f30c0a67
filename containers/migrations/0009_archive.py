import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("containers", "0008_settings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Archive",
            fields=[
                ("rings", models.PositiveBigIntegerField(default=0, editable=False)),
                (
                    "next_check_at",
                    models.DateTimeField(
                        db_index=True,
                        default=django.utils.timezone.now,
                        editable=False,
                        help_text="Empty: at rest until rung.",
                        null=True,
                    ),
                ),
                ("lease_holder", models.CharField(blank=True, editable=False, max_length=36)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("attempts", models.PositiveIntegerField(default=0, editable=False)),
                ("failures", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "code",
                    models.CharField(
                        blank=True, editable=False, help_text="Stable code of the last failure.", max_length=60
                    ),
                ),
                ("message", models.TextField(blank=True, editable=False)),
                (
                    "retrying",
                    models.BooleanField(default=True, editable=False, help_text="Off: the failure needs a person."),
                ),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("export", "Export"), ("import", "Import")], max_length=10)),
                (
                    "file",
                    models.CharField(blank=True, editable=False, help_text="In the archives' storage.", max_length=100),
                ),
                ("size", models.PositiveBigIntegerField(default=0, help_text="Bytes of the file.")),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "expires_at",
                    models.DateTimeField(
                        help_text="An export's file goes then; what is not finished by then has failed."
                    ),
                ),
                (
                    "container",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="archives", to="containers.container"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at", None)), fields=("container",), name="one_archive_at_a_time"
                    )
                ],
            },
        ),
    ]
