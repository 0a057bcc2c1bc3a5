"""Removing for good came after the first roles: the administrators of a house that has them get it where they may delete everything.

Every other role goes without, as in a new house; the matrix of roles gives it to whom one likes.
"""

from django.db import migrations

ALL = 4


def give(apps, schema_editor):
    Grant = apps.get_model("access", "Grant")
    held = Grant.objects.filter(role__code="admin")
    there = set(held.filter(action="purge").values_list("role_id", "entity"))
    Grant.objects.bulk_create(
        Grant(role_id=role, entity=entity, action="purge", scope=ALL, condition={})
        for role, entity in held.filter(action="delete", scope=ALL).values_list("role_id", "entity").distinct()
        if (role, entity) not in there
    )


class Migration(migrations.Migration):
    dependencies = [("access", "0005_grant_conditions")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
