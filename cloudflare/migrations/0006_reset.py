from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cloudflare", "0005_ending"),
    ]

    operations = [
        migrations.AddField(
            model_name="publication",
            name="reset_at",
            field=models.DateTimeField(editable=False, help_text="When open connections were last reset.", null=True),
        ),
        migrations.AddField(
            model_name="publication",
            name="reset_message",
            field=models.TextField(
                blank=True,
                editable=False,
                help_text="Why all connections of the tunnel were reset then; empty: they were not.",
            ),
        ),
        migrations.AddField(
            model_name="publication",
            name="reset_until",
            field=models.DateTimeField(
                editable=False,
                help_text="When open connections are reset for the last time; empty: nothing to do.",
                null=True,
            ),
        ),
    ]
