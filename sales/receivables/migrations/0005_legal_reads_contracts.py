"""Lawyers change contracts and their parties in existing houses too."""

from django.db import migrations

ALL = 4
LEGAL = {"contracts.contract": ("view", "change", "export"), "contracts.contractparty": ("view", "add", "change", "delete")}


def grant(apps, schema_editor):
    grants, roles = apps.get_model("access", "Grant"), apps.get_model("access", "Role")
    for role in roles.objects.filter(code="legal"):
        for label, actions in LEGAL.items():
            for action in actions:
                grants.objects.update_or_create(role=role, entity=label, action=action, defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [("receivables", "0004_plans_add_up")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
