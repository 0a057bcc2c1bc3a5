"""Who sees targets sees those of whom they see opportunities; managers plan their departments, everybody else is planned."""

from django.db import migrations

ALL, DEPARTMENT = 4, 3
LABELS = ("planning.target", "planning.forecastadjustment")
PLANS = ("add", "change", "delete", "assign")


def grant(apps, schema_editor):
    grants, roles = apps.get_model("access", "Grant"), apps.get_model("access", "Role")
    held = grants.objects.filter(entity="sales.opportunity", action__in=("view", "export"), scope__gt=0)
    for row in list(held.exclude(role__code__in=("agent", "marketer", "legal"))):
        for label in LABELS:
            key = {"role": row.role, "entity": label, "action": row.action}
            grants.objects.get_or_create(**key, defaults={"scope": row.scope})
    for role in roles.objects.filter(code__in=("manager", "admin")):
        for label in LABELS:
            for action in (*PLANS, "import"):
                scope = ALL if role.code == "admin" else DEPARTMENT
                grants.objects.get_or_create(role=role, entity=label, action=action, defaults={"scope": scope})
    for label in LABELS:
        key = {"entity": label, "action": "purge"}
        for role in roles.objects.filter(code="admin"):
            grants.objects.get_or_create(role=role, **key, defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [("planning", "0001_targets_and_forecast"), ("access", "0006_administrators_remove_for_good")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
