from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0001_grants")]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="generation",
            field=models.PositiveIntegerField(
                default=1, editable=False, help_text="Grows with whatever is decided about it."
            ),
        ),
    ]
