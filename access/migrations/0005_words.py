from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_joined"),
    ]

    operations = [
        migrations.AlterField(
            model_name="grant",
            name="permission",
            field=models.CharField(
                choices=[
                    ("view", "View: open the address, see how it is doing"),
                    ("operate", "Operate: also start, stop and restart it, read its log"),
                    ("shell", "Shell: also use a terminal inside"),
                    ("manage", "Manage: also share it with others"),
                ],
                help_text="With all that it includes.",
                max_length=10,
            ),
        ),
    ]
