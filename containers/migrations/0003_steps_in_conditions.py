from django.db import migrations, models

BELONG = {"Running": ("quota", "image", "network", "container"), "Published": ("tunnel", "access", "dns")}


def carry_over(apps, schema_editor):
    """Steps were rows of their own."""
    condition_rows = apps.get_model("containers", "Condition").objects
    step_rows = apps.get_model("containers", "Step").objects
    for condition in condition_rows.all().iterator():
        for step in step_rows.filter(container=condition.container_id, name__in=BELONG.get(condition.type, ())):
            if step.state != "pending":
                times = {name: getattr(step, name) for name in ("started_at", "finished_at")}
                noted = {name: time.isoformat() for name, time in times.items() if time}
                condition.steps[step.name] = {"state": step.state, "message": step.message, **noted}
        condition.met_at = condition.changed_at if condition.status else None
        condition.save(update_fields=["steps", "met_at"])


class Migration(migrations.Migration):
    dependencies = [
        ("containers", "0002_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="condition",
            name="met_at",
            field=models.DateTimeField(blank=True, help_text="When it held for the first time.", null=True),
        ),
        migrations.AddField(
            model_name="condition",
            name="steps",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.DeleteModel(
            name="Step",
        ),
    ]
