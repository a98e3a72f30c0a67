"""The name at the engine becomes a column; what runs already keeps the name that it has."""

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


def note(apps, schema_editor):
    container = apps.get_model("containers", "Container")
    for pk, hostname in container.objects.values_list("pk", "hostname"):
        label = hostname.partition(".")[0]
        container.objects.filter(pk=pk).update(engine_name=f"{settings.INSTALLATION}-{label}"[:63])


class Migration(migrations.Migration):
    dependencies = [("containers", "0003_steps_in_conditions")]

    operations = [
        migrations.AddField(
            "container",
            "engine_name",
            models.CharField(max_length=63, editable=False, default=""),
            preserve_default=False,
        ),
        migrations.RunPython(note, migrations.RunPython.noop),
        migrations.AddConstraint(
            "container",
            models.UniqueConstraint(
                fields=["engine_name"], condition=Q(deleted_at=None), name="one_living_engine_name"
            ),
        ),
    ]
