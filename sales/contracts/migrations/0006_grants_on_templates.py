"""Who sees contracts sees their templates; lawyers and administrators write them."""

from django.db import migrations

ALL = 4
LABEL = "contracts.contracttemplate"
WRITTEN = ("add", "change", "delete", "export")
GIVEN = {"legal": WRITTEN, "admin": (*WRITTEN, "purge", "assign", "share", "import", "unlock", "tag")}


def grant(apps, schema_editor):
    grants, roles = apps.get_model("access", "Grant"), apps.get_model("access", "Role")
    seeing = grants.objects.filter(entity="contracts.contract", action="view", scope__gt=0).values("role")
    for role in roles.objects.filter(pk__in=seeing):
        for action in ("view", *GIVEN.get(role.code, ())):
            grants.objects.get_or_create(role=role, entity=LABEL, action=action, defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0005_contract_templates"),
        ("receivables", "0006_finance_works_on_contracts"),
        ("access", "0006_administrators_remove_for_good"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
