from typing import Any

from django.db import migrations, models


def know_variables(apps: Any, schema_editor: Any) -> None:
    """What is missing now was taken away, as far as anybody can tell."""
    containers = apps.get_model("containers", "Container").objects
    for template in apps.get_model("containers", "Template").objects.all():
        containers.filter(template=template).update(template_variables=sorted(template.environment))


class Migration(migrations.Migration):
    dependencies = [("containers", "0009_archive")]

    operations = [
        migrations.AddField(
            "containerstatus",
            "memory_pending",
            models.BooleanField(
                default=False, help_text="It uses more than its new memory limit; the earlier one holds for now."
            ),
        ),
        migrations.AddField(
            "container",
            "template_variables",
            models.JSONField(
                default=list,
                editable=False,
                help_text="Names that the template had when this was made, or made anew.",
            ),
        ),
        migrations.RunPython(know_variables, migrations.RunPython.noop),
    ]
