"""Neither companies nor reporting lines lead round in a circle, whoever writes at once; and kinds of ties to start with.

Only a change can close a circle: nobody points at a new row yet. Writers wait for each other in the trigger, and what each of
its statements reads was committed before.
"""

from django.db import migrations

TREES = """
create function customers_refuse_circle() returns trigger language plpgsql as $$
declare
    closed boolean;
begin
    perform pg_advisory_xact_lock(hashtextextended(tg_table_name || '.' || tg_argv[0], 0));
    execute format(
        'with recursive up(id) as (select %1$I from %2$I where id = $1'
        ' union select t.%1$I from %2$I t join up on t.id = up.id where t.%1$I is not null)'
        ' select exists (select from up where id = $1)', tg_argv[0], tg_table_name) into closed using new.id;
    if closed then
        raise exception 'this would lead round in a circle' using errcode = 'check_violation', constraint = tg_argv[1];
    end if;
    return null;
end $$;
create trigger account_tree after update of parent_id on customers_account
    for each row when (new.parent_id is not null and new.parent_id is distinct from old.parent_id)
    execute function customers_refuse_circle('parent_id', 'account_is_not_its_own_parent');
create trigger contact_lines after update of reports_to_id on customers_contact
    for each row when (new.reports_to_id is not null and new.reports_to_id is distinct from old.reports_to_id)
    execute function customers_refuse_circle('reports_to_id', 'contact_is_not_their_own_boss');
"""
DROP = """
drop trigger contact_lines on customers_contact;
drop trigger account_tree on customers_account;
drop function customers_refuse_circle();
"""
TYPES = (
    ("account", "竞争对手", "", "red"),
    ("account", "合作伙伴", "", "teal"),
    ("account", "代理商", "委托方", "blue"),
    ("account", "供应商", "采购方", "slate"),
    ("account", "投资方", "被投资企业", "purple"),
    ("account", "介绍方", "被介绍客户", "green"),
    ("contact", "介绍人", "被介绍人", "green"),
    ("contact", "助理", "上级", "blue"),
    ("contact", "前同事", "", "slate"),
    ("contact", "校友", "", "teal"),
    ("contact", "亲友", "", "pink"),
)


def load(apps, schema_editor):
    kind = apps.get_model("customers", "RelationType")
    for position, (between, name, back, colour) in enumerate(TYPES):
        given = {"reverse_name": back, "colour": colour, "position": position}
        kind.objects.get_or_create(between=between, name=name, defaults=given)


def grant(apps, schema_editor):
    """Who sees and keeps who works where, sees and keeps ties."""
    grants = apps.get_model("access", "Grant")
    for label in ("customers.accountrelation", "customers.contactrelation"):
        for row in grants.objects.filter(entity="customers.accountcontact"):
            given = {"scope": row.scope, "condition": row.condition}
            grants.objects.get_or_create(role=row.role, entity=label, action=row.action, defaults=given)


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_relations"), ("access", "0006_administrators_remove_for_good")]
    operations = [
        migrations.RunSQL(TREES, DROP),
        migrations.RunPython(load, migrations.RunPython.noop),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
