from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0009_guests"),
    ]

    operations = [
        migrations.AddField(
            model_name="mail",
            name="language",
            field=models.CharField(
                blank=True, help_text="Of whoever asked for it; where that is known.", max_length=10
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                choices=[("en", "English"), ("de", "Deutsch")],
                help_text="Empty: as the browser says.",
                max_length=10,
            ),
        ),
    ]
