"""Each statement on opportunities or stage moves appends to the tallies what it changes of them, in its own transaction.

Appending makes no writer wait for another and can't deadlock; ``sales.tallies.fold`` sums up rows of one key later.
"""

from django.db import migrations

DEAL = "pipeline_id, owner_id, department_id, stage_id, state, currency, month, source_id"
MOVE = "pipeline_id, owner_id, department_id, from_stage_id, to_stage_id, month"


def deals(rows: str, sign: int = 1) -> str:
    """What ``rows`` of opportunities add to the tally, one by one."""
    return f"""select pipeline_id, owner_id, department_id, stage_id, state, currency,
        case when state <> 'open' then date_trunc('month', close_date::timestamp)::date end as month,
        case when state <> 'open' then source_id end as source_id,
        {sign} as deals, {sign} * coalesce(amount, 0) as amount, {sign} * coalesce(amount * probability, 0) as rated,
        case when probability is null then {sign} * coalesce(amount, 0) else 0 end as unrated
        from {rows} where deleted_at is null"""


def sum_deals(changes: str) -> str:
    """One row for each key whose figures differ from nothing."""
    return f"""select {DEAL}, sum(deals), sum(amount), sum(rated), sum(unrated) from ({changes}) as changes group by {DEAL}
        having sum(deals) <> 0 or sum(amount) <> 0 or sum(rated) <> 0 or sum(unrated) <> 0"""


def add_deals(changes: str) -> str:
    """Append ``changes`` to the tally."""
    return f"insert into sales_dealtally ({DEAL}, deals, amount, rated, unrated) {sum_deals(changes)};"


def moves(moved: str, deal: str, sign: int = 1) -> str:
    """What ``moved`` (a from clause with ``m`` and ``o``) adds to the tally of moves."""
    return f"""select o.pipeline_id, o.owner_id, o.department_id, m.from_stage_id, m.to_stage_id,
        date_trunc('month', m.at at time zone 'UTC')::date as month,
        {sign} as moves, {sign} * coalesce(m.seconds, 0) as seconds, case when m.seconds is null then 0 else {sign} end as timed
        from {moved} join {deal} as o on o.id = m.opportunity_id where o.deleted_at is null"""


def sum_moves(changes: str) -> str:
    return f"""select {MOVE}, sum(moves), sum(seconds), sum(timed) from ({changes}) as changes group by {MOVE}
        having sum(moves) <> 0 or sum(seconds) <> 0 or sum(timed) <> 0"""


def add_moves(changes: str) -> str:
    return f"insert into sales_movetally ({MOVE}, moves, seconds, timed) {sum_moves(changes)};"


# Those whose moves belong to another owner, department or pipeline now, or went to or came from the trash.
OTHERS = """(select h.* from sales_stagehistory as h where h.opportunity_id in (
    select n.id from new_rows as n join old_rows as o on o.id = n.id
    where (n.pipeline_id, n.owner_id, n.department_id, n.deleted_at is null)
        is distinct from (o.pipeline_id, o.owner_id, o.department_id, o.deleted_at is null))) as m"""

KEEP = f"""
create function sales_deals_counted() returns table (
    pipeline_id bigint, owner_id bigint, department_id bigint, stage_id bigint, state varchar, currency varchar,
    month date, source_id bigint, deals bigint, amount numeric, rated numeric, unrated numeric
) language sql stable as $$
    {sum_deals(deals("sales_opportunity"))};
$$;
create function sales_moves_counted() returns table (
    pipeline_id bigint, owner_id bigint, department_id bigint, from_stage_id bigint, to_stage_id bigint, month date,
    moves bigint, seconds numeric, timed bigint
) language sql stable as $$
    {sum_moves(moves("sales_stagehistory as m", "sales_opportunity"))};
$$;
create function sales_tally_new_deals() returns trigger language plpgsql as $$
begin
    {add_deals(deals("new_rows"))}
    return null;
end $$;
create function sales_tally_changed_deals() returns trigger language plpgsql as $$
begin
    {add_deals(deals("new_rows") + " union all " + deals("old_rows", -1))}
    {add_moves(moves(OTHERS, "new_rows") + " union all " + moves(OTHERS, "old_rows", -1))}
    return null;
end $$;
create function sales_tally_gone_deals() returns trigger language plpgsql as $$
begin
    {add_deals(deals("old_rows", -1))}
    return null;
end $$;
create function sales_tally_moves() returns trigger language plpgsql as $$
begin
    {add_moves(moves("new_rows as m", "sales_opportunity"))}
    return null;
end $$;
create function sales_tally_again() returns void language plpgsql as $$
begin
    lock table sales_opportunity, sales_stagehistory in share row exclusive mode;
    delete from sales_dealtally;
    delete from sales_movetally;
    insert into sales_dealtally ({DEAL}, deals, amount, rated, unrated) select * from sales_deals_counted();
    insert into sales_movetally ({MOVE}, moves, seconds, timed) select * from sales_moves_counted();
end $$;
create trigger tally_new after insert on sales_opportunity referencing new table as new_rows
    for each statement execute function sales_tally_new_deals();
create trigger tally_changed after update on sales_opportunity referencing old table as old_rows new table as new_rows
    for each statement execute function sales_tally_changed_deals();
create trigger tally_gone after delete on sales_opportunity referencing old table as old_rows
    for each statement execute function sales_tally_gone_deals();
create trigger tally_moves after insert on sales_stagehistory referencing new table as new_rows
    for each statement execute function sales_tally_moves();
"""
DROP = """
drop trigger tally_new on sales_opportunity;
drop trigger tally_changed on sales_opportunity;
drop trigger tally_gone on sales_opportunity;
drop trigger tally_moves on sales_stagehistory;
drop function sales_tally_new_deals();
drop function sales_tally_changed_deals();
drop function sales_tally_gone_deals();
drop function sales_tally_moves();
drop function sales_tally_again();
drop function sales_deals_counted();
drop function sales_moves_counted();
"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0009_tallies")]
    operations = [
        migrations.RunSQL(KEEP, DROP),
        migrations.RunSQL("select sales_tally_again();", migrations.RunSQL.noop),
    ]
