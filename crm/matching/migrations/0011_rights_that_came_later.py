"""Merging, privacy and unmasking came after the first roles: those that every house begins with get what they have in a new house.

Roles that a house made itself go without; the matrix of roles gives it to whom one likes. Where anybody has such a right already
the house has decided for itself.
"""

from django.db import migrations

ALL = 4
PEOPLE = ("customers.account", "customers.contact", "sales.lead")
# Right → the roles that get it as far as they may change, and those that get it everywhere.
CAME_LATER = {
    "merge": (("rep", "lead", "manager", "admin"), ()),
    "privacy": ((), ("admin", "legal")),
    "unmask": ((), ("admin", "legal")),
}


def give(apps, schema_editor):
    Role, Grant = apps.get_model("access", "Role"), apps.get_model("access", "Grant")
    made, new = [], not Grant.objects.filter(action="merge").exists()
    for action, (as_change, everywhere) in CAME_LATER.items():
        if Grant.objects.filter(action=action).exists():
            continue
        held = Grant.objects.filter(role__code__in=as_change, action="change", entity__in=PEOPLE, scope__gt=0)
        made += [Grant(role_id=g.role_id, entity=g.entity, action=action, scope=g.scope, condition={}) for g in held]
        roles = Role.objects.filter(code__in=everywhere)
        made += [Grant(role=r, entity=label, action=action, scope=ALL, condition={}) for r in roles for label in PEOPLE]
    decides = Grant.objects.filter(entity="matching.collisioncase", action__in=("view", "decide"), scope=1)
    for code, scope in (("lead", 2), ("manager", 3), ("admin", ALL)) if new else ():
        decides.filter(role__code=code).update(scope=scope)
    Grant.objects.bulk_create(made, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("access", "0006_administrators_remove_for_good"), ("matching", "0010_what_was_told")]
    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
