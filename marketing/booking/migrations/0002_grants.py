"""Whoever works on leads keeps booking pages, as far as they reach leads; who sells sees all pages, to hand their links on."""

from django.db import migrations

ALL = 4
LABELS = ("booking.bookingpage", "booking.bookinghost", "booking.bookingquestion")
DONE = ("view", "add", "change", "delete", "assign", "export")
SELLERS = ("rep", "lead", "manager")


def grant(apps, schema_editor):
    grants, roles = apps.get_model("access", "Grant"), apps.get_model("access", "Role")
    rows = grants.objects.filter(entity="sales.lead", action__in=DONE, scope__gt=0)
    for row in list(rows.exclude(role__code__in=["finance", "legal", "agent"])):
        for label in LABELS:
            key = {"role": row.role, "entity": label, "action": row.action}
            grants.objects.get_or_create(**key, defaults={"scope": row.scope})
    for role in roles.objects.filter(code__in=SELLERS):
        for label in LABELS:
            grants.objects.update_or_create(role=role, entity=label, action="view", defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [("booking", "0001_booking"), ("access", "0006_administrators_remove_for_good")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
