from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("containers", "0010_limits_pending"),
    ]

    operations = [
        migrations.AddField(
            model_name="containerstatus",
            name="data_limit",
            field=models.PositiveBigIntegerField(default=0, help_text="The same, on its data volume."),
        ),
        migrations.AddField(
            model_name="containerstatus",
            name="layer_limit",
            field=models.PositiveBigIntegerField(default=0, help_text="Bytes at which it is stopped; 0: at none."),
        ),
    ]
