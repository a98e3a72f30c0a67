from django.db import migrations, models

import tenants.encryption


class Migration(migrations.Migration):
    dependencies = [("containers", "0007_storage")]

    operations = [
        migrations.AddField(
            "container",
            "label",
            models.CharField(blank=True, default="", help_text="Free text for people.", max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            "container",
            "secrets",
            tenants.encryption.EncryptedTextField(blank=True, default="", editable=False),
        ),
        migrations.AddField("container", "revision", models.PositiveIntegerField(default=0, editable=False)),
        migrations.AddField(
            "container",
            "pull_revision",
            models.PositiveIntegerField(
                default=0, editable=False, help_text="Revision at which the image is to be looked for anew."
            ),
        ),
        migrations.AddField(
            "containerstatus",
            "volume",
            models.CharField(
                blank=True,
                default="",
                help_text="What holds the data since a restore; empty: the first volume.",
                max_length=100,
            ),
            preserve_default=False,
        ),
    ]
