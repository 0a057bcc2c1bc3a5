"""The sequence that numbers purchase orders, and who may do what with purchases to begin with."""

from django.db import migrations

ALL, DEPARTMENT, OWN = 4, 3, 1
RECORDS = ("supplier", "supplierprice", "supplierrating", "purchaseorder", "purchaseorderline", "goodsreceipt", "bill", "billpayment")
USUAL = ("view", "add", "change", "delete", "assign", "export", "import")
EVERY = dict.fromkeys((*USUAL, "purge", "share", "unlock", "tag"), ALL)
KEPT = dict.fromkeys(USUAL, ALL)
READ = {"view": ALL, "export": ALL}
WORKED = {"view": DEPARTMENT, "add": OWN} | dict.fromkeys(("change", "delete", "assign", "export", "import"), DEPARTMENT)
# role → record → action → scope. Who sells does not know what things cost us.
GIVEN = {
    "admin": dict.fromkeys(RECORDS, EVERY)
    | {"purchaseorder": EVERY | {"overbill": ALL, "bill": ALL}, "bill": EVERY | {"pay": ALL}},
    "manager": dict.fromkeys(RECORDS, WORKED)
    | {"supplier": KEPT, "purchaseorder": WORKED | {"bill": DEPARTMENT}}
    | {"billpayment": {"view": DEPARTMENT, "export": DEPARTMENT}},
    "finance": dict.fromkeys(RECORDS, READ)
    | {"supplier": READ | {"change": ALL}, "purchaseorder": READ | {"overbill": ALL, "bill": ALL}}
    | {"bill": KEPT | {"pay": ALL}, "billpayment": KEPT},
    "legal": dict.fromkeys(("supplier", "purchaseorder", "purchaseorderline"), {"view": ALL}),
    "lead": {"supplier": {"view": ALL}},
    "rep": {"supplier": {"view": ALL}},
}


def number(apps, schema_editor):
    sequence = apps.get_model("reference", "NumberSequence")
    given = {"name": "采购订单", "prefix": "CG", "gap_free": True, "period": "%Y"}
    sequence.objects.get_or_create(code="sales.purchase", defaults=given)


def grant(apps, schema_editor):
    grants, rules = apps.get_model("access", "Grant"), apps.get_model("access", "FieldRule")
    for role in apps.get_model("access", "Role").objects.filter(code__in=GIVEN):
        for name, actions in GIVEN[role.code].items():
            for action, scope in actions.items():
                key = {"role": role, "entity": f"purchasing.{name}", "action": action}
                grants.objects.get_or_create(**key, defaults={"scope": scope})
        if role.code in ("admin", "manager"):
            key = {"role": role, "entity": "orders.order", "action": "purchase"}
            grants.objects.get_or_create(**key, defaults={"scope": GIVEN[role.code]["purchaseorder"]["change"]})
        if role.code in ("rep", "lead"):
            key = {"role": role, "entity": "purchasing.supplier", "field": "bank_account"}
            rules.objects.get_or_create(**key, defaults={"mode": "hidden"})


class Migration(migrations.Migration):
    dependencies = [
        ("purchasing", "0001_purchasing"),
        ("access", "0006_administrators_remove_for_good"),
        ("reference", "0008_tags"),
    ]
    operations = [
        migrations.RunPython(number, migrations.RunPython.noop),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
