"""Passwords stood in what django-axes kept of failed tries, under names that it was not told to mask."""

from typing import Any

from django.db import migrations


def forget(apps: Any, schema_editor: Any) -> None:
    apps.get_model("axes", "AccessAttempt").objects.using(schema_editor.connection.alias).update(
        get_data="", post_data=""
    )


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0006_people"),
        ("axes", "0010_accessattemptexpiration"),
    ]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
