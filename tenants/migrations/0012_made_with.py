import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0011_view_as"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="made_with",
            field=models.ForeignKey(
                editable=False,
                help_text="What it ends with.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="made",
                to=settings.KNOX_TOKEN_MODEL,
            ),
        ),
    ]
