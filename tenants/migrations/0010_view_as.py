from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0009_guests"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="tenant",
            options={
                "ordering": ("slug",),
                "permissions": [("view_as", "Can view the pages as a tenant's owner would")],
            },
        ),
    ]
