from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("containers", "0011_held_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="container",
            name="resets_connections",
            field=models.BooleanField(
                default=True,
                help_text=(
                    "When somebody loses access, open connections are reset; everybody on this container reconnects."
                ),
            ),
        ),
    ]
