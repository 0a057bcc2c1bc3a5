"""Who works on leads enrols people; who leads a team or does marketing keeps the sequences."""

from django.db import migrations

ALL = 4
KEEPERS = ("lead", "manager", "marketer", "admin")
KEPT = ("sequences.sequence", "sequences.sequencestep")
DONE = ("view", "add", "change", "delete", "assign", "export")


def grant(apps, schema_editor):
    grants, roles = apps.get_model("access", "Grant"), apps.get_model("access", "Role")
    for row in list(grants.objects.filter(entity="sales.lead", action__in=DONE).exclude(role__code__in=["finance", "legal"])):
        key = {"role": row.role, "entity": "sequences.enrolment", "action": row.action}
        grants.objects.get_or_create(**key, defaults={"scope": row.scope})
    for row in list(grants.objects.filter(entity="sales.lead", action="view", scope__gt=0)):
        for label in KEPT:
            grants.objects.get_or_create(role=row.role, entity=label, action="view", defaults={"scope": ALL})
    for role in roles.objects.filter(code__in=KEEPERS):
        for label in KEPT:
            for action in ("view", "add", "change", "delete"):
                grants.objects.update_or_create(role=role, entity=label, action=action, defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [("sequences", "0001_sequences"), ("access", "0006_administrators_remove_for_good")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
