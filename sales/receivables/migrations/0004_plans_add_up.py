"""The instalments of a contract that counts add up to its amount whenever a transaction commits; who may move money."""

from django.db import migrations

PLANS = """
create function receivables_plan_adds_up() returns trigger language plpgsql as $$
declare
    checked bigint[];
    wrong record;
begin
    if tg_table_name = 'contracts_contract' then
        checked := array[new.id];
    elsif tg_op = 'DELETE' then
        checked := array[old.contract_id];
    elsif tg_op = 'INSERT' then
        checked := array[new.contract_id];
    else
        checked := array[new.contract_id, old.contract_id];
    end if;
    select c.number, c.amount, sum(i.amount) filter (where i.deleted_at is null and not i.void) as planned into wrong
    from contracts_contract c join receivables_instalment i on i.contract_id = c.id
    where c.id = any(checked) and c.state in ('approved', 'signed', 'active', 'completed', 'expired')
    group by c.id
    having coalesce(sum(i.amount) filter (where i.deleted_at is null and not i.void), 0) <> c.amount
    limit 1;
    if found then
        raise exception 'the instalments of contract % come to %, the contract to %',
            wrong.number, wrong.planned, wrong.amount
            using errcode = 'check_violation', constraint = 'plan_adds_up';
    end if;
    return null;
end $$;
create constraint trigger plan_adds_up after insert or update of amount, contract_id, deleted_at, void or delete
    on receivables_instalment deferrable initially deferred
    for each row execute function receivables_plan_adds_up();
create constraint trigger contract_follows_plan after update of amount, state
    on contracts_contract deferrable initially deferred
    for each row execute function receivables_plan_adds_up();
"""
DROP = """
drop trigger contract_follows_plan on contracts_contract;
drop trigger plan_adds_up on receivables_instalment;
drop function receivables_plan_adds_up();
"""
ALL = 4
MONEY = ("confirm", "allocate", "refund")
# On these the roles of money do more than look, everywhere.
FINANCE = {
    "receivables.payment": ("add", "change", "assign", "import", *MONEY),
    "receivables.allocation": ("add", "change", "delete"),
    "receivables.refund": ("add", "change"),
    "receivables.writeoff": ("add", "change"),
    "receivables.bankstatement": ("add", "change", "delete", "assign"),
    "receivables.statementline": ("add", "change", "delete"),
    "receivables.instalment": ("change",),
}
LIKE = {
    "contracts.contractchange": "contracts.contract",
    "contracts.contractchangeline": "contracts.contractline",
    "receivables.refund": "receivables.payment",
    "receivables.writeoff": "receivables.instalment",
}
NOT_MEANT = ("claim", "release", "forward", *MONEY)


def grant(apps, schema_editor):
    """Finance and administrators move money; who works on contracts works on their changes and sees what was moved."""
    grants, roles = apps.get_model("access", "Grant"), apps.get_model("access", "Role")
    for label, source in LIKE.items():
        seen = label.startswith("receivables.")
        for row in list(grants.objects.filter(entity=source).exclude(action__in=NOT_MEANT)):
            if not seen or row.action in ("view", "export"):
                key = {"role": row.role, "entity": label, "action": row.action}
                grants.objects.get_or_create(**key, defaults={"scope": row.scope})
    for row in list(grants.objects.filter(entity="contracts.contract", action="change")):
        key = {"role": row.role, "entity": "contracts.contract", "action": "terminate"}
        grants.objects.get_or_create(**key, defaults={"scope": row.scope})
    for role in roles.objects.filter(code__in=("finance", "admin")):
        for label, actions in FINANCE.items():
            for action in ("view", "export", *actions):
                grants.objects.update_or_create(role=role, entity=label, action=action, defaults={"scope": ALL})


class Migration(migrations.Migration):
    dependencies = [
        ("receivables", "0003_refunds_and_statements"),
        ("contracts", "0003_changes_and_acceptance"),
        ("access", "0006_administrators_remove_for_good"),
    ]
    operations = [migrations.RunSQL(PLANS, DROP), migrations.RunPython(grant, migrations.RunPython.noop)]
