"""Who works on opportunities works on their teams, competitors and reviews; everybody who sells reads of competitors."""

from django.db import migrations

SALE = "sales.opportunity"
PARTS = ("deals.dealcompetitor", "deals.dealmember", "deals.dealreview")
NOT_MEANT = ("claim", "release", "forward")
ALL = 4


def grant(apps, schema_editor):
    grants = apps.get_model("access", "Grant")
    for row in list(grants.objects.filter(entity=SALE).exclude(action__in=NOT_MEANT)):
        for label in PARTS:
            key = {"role": row.role, "entity": label, "action": row.action}
            grants.objects.get_or_create(**key, defaults={"scope": row.scope})
        if row.scope and row.action in ("view", "add", "change", "export"):
            key = {"role": row.role, "entity": "deals.competitor", "action": row.action}
            grants.objects.get_or_create(**key, defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [
        ("deals", "0001_initial"),
        ("access", "0006_administrators_remove_for_good"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
