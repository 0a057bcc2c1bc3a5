"""No more is billed of a contract or an order than was agreed, whenever a transaction commits; numbers; who may do what."""

from django.db import migrations

# Who bills the same waits for the row of the contract or order, so that the sum is that of all who came before.
LIMITS = """
create function invoicing_within_agreed() returns trigger language plpgsql as $$
declare
    bill record;
    agreed numeric;
    billed numeric;
    whole text;
begin
    select i.id, i.contract_id, i.order_id, i.total into bill from invoicing_invoice i
    where i.id = new.id and i.deleted_at is null and i.state <> 'cancelled' and not i.beyond and i.total > 0;
    if not found then
        return null;
    end if;
    if tg_op = 'UPDATE' and old.state <> 'cancelled' and old.deleted_at is null and bill.total <= old.total
        and bill.contract_id is not distinct from old.contract_id and bill.order_id is not distinct from old.order_id
    then
        return null;
    end if;
    select c.number, c.amount into whole, agreed from contracts_contract c
    where c.id = bill.contract_id and c.kind <> 'framework' for no key update;
    if found then
        select sum(i.total) into billed from invoicing_invoice i
        where i.contract_id = bill.contract_id and i.deleted_at is null and i.state <> 'cancelled';
    else
        select o.number, o.total into whole, agreed from orders_order o where o.id = bill.order_id for no key update;
        if not found then
            return null;
        end if;
        select sum(i.total) into billed from invoicing_invoice i
        where i.order_id = bill.order_id and i.deleted_at is null and i.state <> 'cancelled';
    end if;
    if billed > agreed then
        raise exception 'invoices of % come to %, agreed are %', whole, billed, agreed
            using errcode = 'check_violation', constraint = 'invoice_within_agreed';
    end if;
    return null;
end $$;
create constraint trigger invoice_within_agreed
    after insert or update of total, state, contract_id, order_id, deleted_at, beyond on invoicing_invoice
    deferrable initially deferred for each row execute function invoicing_within_agreed();
"""
DROP = """
drop trigger invoice_within_agreed on invoicing_invoice;
drop function invoicing_within_agreed();
"""
ALL = 4
LIKE = {
    "invoicing.invoice": "receivables.payment",
    "invoicing.invoiceline": "receivables.payment",
    "invoicing.invoicetitle": "customers.account",
}
USUAL = ("view", "add", "change", "delete", "assign", "share", "export")
FINANCE = {
    "invoicing.invoice": ("view", "add", "change", "assign", "export", "issue"),
    "invoicing.invoiceline": ("view", "add", "change", "delete", "export"),
    "invoicing.invoicetitle": ("view", "add", "change", "export"),
}


def number(apps, schema_editor):
    sequence = apps.get_model("reference", "NumberSequence")
    given = {"name": "开票申请", "prefix": "KP", "gap_free": True, "period": "%Y"}
    sequence.objects.get_or_create(code="sales.invoice", defaults=given)


def grant(apps, schema_editor):
    """Who works on payments asks for invoices, finance issues them; who works on accounts keeps their titles."""
    grants, roles = apps.get_model("access", "Grant"), apps.get_model("access", "Role")
    for label, source in LIKE.items():
        for row in list(grants.objects.filter(entity=source, action__in=USUAL)):
            key = {"role": row.role, "entity": label, "action": row.action}
            grants.objects.get_or_create(**key, defaults={"scope": row.scope})
    for role in roles.objects.filter(code__in=("finance", "admin")):
        for label, actions in FINANCE.items():
            for action in actions:
                grants.objects.update_or_create(role=role, entity=label, action=action, defaults={"scope": ALL})
    for role in roles.objects.filter(code="admin"):
        key = {"role": role, "entity": "invoicing.invoice", "action": "beyond"}
        grants.objects.update_or_create(**key, defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0001_initial"),
        ("receivables", "0006_finance_works_on_contracts"),
        ("access", "0006_administrators_remove_for_good"),
        ("reference", "0008_tags"),
    ]
    operations = [
        migrations.RunSQL(LIMITS, DROP),
        migrations.RunPython(number, migrations.RunPython.noop),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
