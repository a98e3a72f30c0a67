"""The three plans that every installation starts with; staff edit them from then on."""

from django.db import migrations

MIB, GIB = 1024**2, 1024**3
PLANS = [
    {
        "code": "free",
        "name": "Free",
        "max_containers": 1,
        "memory": 512 * MIB,
        "cpu": 500,
        "storage": 5 * GIB,
        "bandwidth": 10 * GIB,
    },
    {
        "code": "pro",
        "name": "Pro",
        "max_containers": 5,
        "memory": 2 * GIB,
        "cpu": 1000,
        "storage": 20 * GIB,
        "bandwidth": 100 * GIB,
    },
    {
        "code": "enterprise",
        "name": "Enterprise",
        "max_containers": None,
        "memory": 8 * GIB,
        "cpu": 4000,
        "storage": 100 * GIB,
        "bandwidth": None,
    },
]


def seed(apps, schema_editor):
    plan = apps.get_model("tenants", "Plan")
    for fields in PLANS:
        plan.objects.get_or_create(code=fields["code"], defaults=fields)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
