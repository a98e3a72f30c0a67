from django.db import migrations, models


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
    ]
