"""Whoever may enter accounts or leads may register them first."""

from django.db import migrations

OWN, LABEL = 1, "matching.registration"


def let_in(apps, schema_editor):
    Role, Grant = apps.get_model("access", "Role"), apps.get_model("access", "Grant")
    entering = Role.objects.filter(grants__entity__in=["customers.account", "sales.lead"], grants__action="add", grants__scope__gte=OWN)
    actions = ("view", "add", "change", "delete")
    made = [Grant(role=role, entity=LABEL, action=action, scope=OWN) for role in entering.distinct() for action in actions]
    Grant.objects.bulk_create(made, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("matching", "0008_registrations"), ("access", "0006_administrators_remove_for_good")]
    operations = [migrations.RunPython(let_in, migrations.RunPython.noop)]
