"""Each statement on contracts, instalments or payments appends to the tallies what it changes of them, in its own transaction.

As with opportunities: appending makes no writer wait for another; folding makes the rows of one key one later.
"""

from django.db import migrations

KEYS = "owner_id, department_id, state, currency, day"


def contracts(rows: str, sign: int = 1) -> str:
    """What ``rows`` of contracts add to their tally, one by one."""
    return f"""select owner_id, department_id, state, currency, date_trunc('month', signed_on::timestamp)::date as day,
        {sign} as records, {sign} * amount as amount, {sign} * amount as rest
        from {rows} where deleted_at is null"""


def payments(rows: str, sign: int = 1) -> str:
    """What ``rows`` of payments add to their tally."""
    return f"""select owner_id, department_id, state, currency, date_trunc('month', paid_on::timestamp)::date as day,
        {sign} as records, {sign} * amount as amount, {sign} * (amount - refunded) as rest
        from {rows} where deleted_at is null"""


def instalments(rows: str, sign: int = 1, whose: str = "contracts_contract") -> str:
    """What ``rows`` of instalments add to their tally, with their contracts in ``whose``."""
    return f"""select c.owner_id, c.department_id, i.state, i.currency,
        case when i.state in ('due', 'partially_paid', 'overdue') then i.due_on
            else date_trunc('month', i.due_on::timestamp)::date end as day,
        {sign} as records, {sign} * i.amount as amount, {sign} * (i.amount - i.received - i.written_off) as rest
        from {rows} as i join {whose} as c on c.id = i.contract_id where i.deleted_at is null"""


def summed(changes: str) -> str:
    """One row for each key whose figures differ from nothing."""
    return f"""select {KEYS}, sum(records), sum(amount), sum(rest) from ({changes}) as changes group by {KEYS}
        having sum(records) <> 0 or sum(amount) <> 0 or sum(rest) <> 0"""


def add(name: str, changes: str) -> str:
    return f"insert into receivables_{name}tally ({KEYS}, records, amount, rest) {summed(changes)};"


# Those whose contract belongs to another owner or department now.
OTHERS = """(select i.* from receivables_instalment as i where i.contract_id in (
    select n.id from new_rows as n join old_rows as o on o.id = n.id
    where (n.owner_id, n.department_id) is distinct from (o.owner_id, o.department_id)))"""
CHANGES = {
    "contract": (contracts, "contracts_contract"),
    "instalment": (instalments, "receivables_instalment"),
    "payment": (payments, "receivables_payment"),
}
COUNTED = "".join(
    f"""
create function receivables_{name}s_counted() returns table (
    owner_id bigint, department_id bigint, state varchar, currency varchar, day date, records bigint, amount numeric, rest numeric
) language sql stable as $$
    {summed(of(table))};
$$;"""
    for name, (of, table) in CHANGES.items()
)
MOVED = add("instalment", instalments(OTHERS, 1, "new_rows") + " union all " + instalments(OTHERS, -1, "old_rows"))
KEEP = "".join(
    f"""
create function receivables_tally_new_{name}s() returns trigger language plpgsql as $$
begin
    {add(name, of("new_rows"))}
    return null;
end $$;
create function receivables_tally_changed_{name}s() returns trigger language plpgsql as $$
begin
    {add(name, of("new_rows") + " union all " + of("old_rows", -1))}
    {MOVED if name == "contract" else ""}
    return null;
end $$;
create function receivables_tally_gone_{name}s() returns trigger language plpgsql as $$
begin
    {add(name, of("old_rows", -1))}
    return null;
end $$;
create trigger tally_new after insert on {table} referencing new table as new_rows
    for each statement execute function receivables_tally_new_{name}s();
create trigger tally_changed after update on {table} referencing old table as old_rows new table as new_rows
    for each statement execute function receivables_tally_changed_{name}s();
create trigger tally_gone after delete on {table} referencing old table as old_rows
    for each statement execute function receivables_tally_gone_{name}s();"""
    for name, (of, table) in CHANGES.items()
)
AGAIN = (
    """
create function receivables_tally_again() returns void language plpgsql as $$
begin
    lock table contracts_contract, receivables_instalment, receivables_payment in share row exclusive mode;"""
    + "".join(
        f"""
    delete from receivables_{name}tally;
    insert into receivables_{name}tally ({KEYS}, records, amount, rest) select * from receivables_{name}s_counted();"""
        for name in CHANGES
    )
    + """
end $$;"""
)
DROP = "drop function receivables_tally_again();" + "".join(
    f"""
drop trigger tally_new on {table};
drop trigger tally_changed on {table};
drop trigger tally_gone on {table};
drop function receivables_tally_new_{name}s();
drop function receivables_tally_changed_{name}s();
drop function receivables_tally_gone_{name}s();
drop function receivables_{name}s_counted();"""
    for name, (_of, table) in CHANGES.items()
)


class Migration(migrations.Migration):
    dependencies = [("receivables", "0007_tallies"), ("contracts", "0007_money_indexes")]
    operations = [
        migrations.RunSQL(COUNTED + KEEP + AGAIN, DROP),
        migrations.RunSQL("select receivables_tally_again();", migrations.RunSQL.noop),
    ]
