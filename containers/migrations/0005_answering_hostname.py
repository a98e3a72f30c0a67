from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("containers", "0004_engine_name")]

    operations = [
        migrations.AddField(
            "containerstatus",
            "hostname",
            models.CharField(
                blank=True,
                default="",
                help_text="That answers: the earlier one until a rename's cut-over. Empty: none yet.",
                max_length=63,
            ),
            preserve_default=False,
        ),
    ]
