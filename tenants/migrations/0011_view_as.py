from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0010_languages"),
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
