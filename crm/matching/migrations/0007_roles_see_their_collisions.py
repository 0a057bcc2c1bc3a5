"""Whoever has a role sees the collisions they take part in, and decides where it is their turn."""

from django.db import migrations

OWN, LABEL = 1, "matching.collisioncase"


def let_in(apps, schema_editor):
    Role, Grant = apps.get_model("access", "Role"), apps.get_model("access", "Grant")
    made = [Grant(role=role, entity=LABEL, action=action, scope=OWN) for role in Role.objects.all() for action in ("view", "decide")]
    Grant.objects.bulk_create(made, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("matching", "0006_collisions"), ("access", "0006_administrators_remove_for_good")]
    operations = [migrations.RunPython(let_in, migrations.RunPython.noop)]
