"""One publication a hostname: a key of its own, and a container may have several. What is published stays so.

A new table, because neither database changes a primary key in place.
"""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import Q

KEPT = [
    *("rings", "next_check_at", "lease_holder", "lease_until", "attempts", "failures", "code", "message", "retrying"),
    *("container_id", "zone_id", "tunnel_id", "hostname", "app_id", "aud", "policy_digest", "route", "routed_in"),
    *("record_id", "record_target", "gone_at"),
]


def move(apps, schema_editor):
    old, new = apps.get_model("cloudflare", "Publication"), apps.get_model("cloudflare", "NewPublication")
    status = apps.get_model("containers", "ContainerStatus")
    for row in old.objects.order_by("container__created_at").values(*KEPT):
        new.objects.create(**row)
        if row["record_target"] and not row["gone_at"]:
            status.objects.filter(pk=row["container_id"]).update(hostname=row["hostname"])
    if (
        schema_editor.connection.vendor == "postgresql"
    ):  # else the keys are checked at the end, and hold up what follows
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("cloudflare", "0003_initial"), ("containers", "0005_answering_hostname")]

    operations = [
        migrations.CreateModel(
            name="NewPublication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                (
                    "container",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="publications",
                        to="containers.container",
                    ),
                ),
                (
                    "zone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="publications",
                        to="cloudflare.zone",
                    ),
                ),
                (
                    "tunnel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="publications",
                        to="cloudflare.tunnel",
                    ),
                ),
                ("hostname", models.CharField(max_length=63)),
                (
                    "leaves_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="Given up by a rename, to be taken away then; no way back.",
                        null=True,
                    ),
                ),
                ("app_id", models.CharField(blank=True, editable=False, max_length=64)),
                ("aud", models.CharField(blank=True, editable=False, max_length=64)),
                (
                    "policy_digest",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="Of the document that was read back as wanted.",
                        max_length=64,
                    ),
                ),
                (
                    "route",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "not asked for"),
                            ("in", "in the ingress"),
                            ("leaving", "to be taken out"),
                            ("out", "taken out"),
                        ],
                        default="",
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "routed_in",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The tunnel whose ingress holds the hostname.",
                        max_length=64,
                    ),
                ),
                ("record_id", models.CharField(blank=True, editable=False, max_length=64)),
                (
                    "record_target",
                    models.CharField(blank=True, editable=False, help_text="The tunnel it points to.", max_length=64),
                ),
                ("gone_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
        ),
        migrations.RunPython(move),
        migrations.DeleteModel("Publication"),
        migrations.RenameModel("NewPublication", "Publication"),
        migrations.AddConstraint(
            model_name="publication",
            constraint=models.UniqueConstraint(
                fields=["hostname"], condition=Q(gone_at=None), name="one_living_publication"
            ),
        ),
    ]
