"""Finance registers, splits and writes off on contracts; what was agreed of them stays locked."""

from django.db import migrations

ALL = 4


def grant(apps, schema_editor):
    grants, roles = apps.get_model("access", "Grant"), apps.get_model("access", "Role")
    for role in roles.objects.filter(code="finance"):
        for action in ("view", "change", "export"):
            key = {"role": role, "entity": "contracts.contract", "action": action}
            grants.objects.update_or_create(**key, defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [("receivables", "0005_legal_reads_contracts")]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
