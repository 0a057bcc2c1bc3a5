"""The sequences that number the documents of the sale, and who may do what with them to begin with."""

from django.db import migrations

# code, name, prefix, without gaps
SEQUENCES = (
    ("sales.quote", "报价单", "BJ", False),
    ("sales.contract", "合同", "HT", True),
    ("sales.order", "订单", "DD", True),
    ("sales.payment", "回款", "HK", True),
)
# Like whose grants those on the new records are.
LIKE = {
    "sales.opportunity": (
        "catalogue.opportunityline",
        "quotes.quote",
        "quotes.quoteline",
        "contracts.contract",
        "contracts.contractline",
        "contracts.contractparty",
        "orders.order",
        "orders.orderline",
        "orders.customerproduct",
        "receivables.instalment",
        "receivables.payment",
        "receivables.allocation",
    ),
}
SEEN = ("catalogue.product", "catalogue.bundleitem", "catalogue.pricebook", "catalogue.price")
ALL = 4


def number(apps, schema_editor):
    sequence = apps.get_model("reference", "NumberSequence")
    for code, name, prefix, gap_free in SEQUENCES:
        given = {"name": name, "prefix": prefix, "gap_free": gap_free, "period": "%Y"}
        sequence.objects.get_or_create(code=code, defaults=given)


def grant(apps, schema_editor):
    """Who works on opportunities works on what becomes of them, and sees the catalogue."""
    grants = apps.get_model("access", "Grant")
    for source, labels in LIKE.items():
        for row in list(grants.objects.filter(entity=source).exclude(action__in=["claim", "release", "forward"])):
            for label in labels:
                key = {"role": row.role, "entity": label, "action": row.action}
                grants.objects.get_or_create(**key, defaults={"scope": row.scope})
        for row in list(grants.objects.filter(entity=source, action="view", scope__gt=0)):
            for label in SEEN:
                key = {"role": row.role, "entity": label, "action": "view"}
                grants.objects.get_or_create(**key, defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [
        ("receivables", "0001_initial"),
        ("access", "0006_administrators_remove_for_good"),
        ("reference", "0008_tags"),
    ]
    operations = [
        migrations.RunPython(number, migrations.RunPython.noop),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
