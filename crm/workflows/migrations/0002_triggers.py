"""Versions of rules never change; whatever decides what rules do raises the version under which processes keep them.

The version is the clock in microseconds: no two transactions share one, not even when the first was rolled back.
"""

from django.db import migrations

COLUMNS = "entity, active, active_since, position, principal_id, quiet_from, quiet_to, current_id"

CREATE = f"""
create function workflows_raise_version() returns trigger language plpgsql as $$
begin
    insert into workflows_rulesversion (id, version) values (1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
    on conflict (id) do update set version = greatest(excluded.version, workflows_rulesversion.version + 1);
    return null;
end $$;
insert into workflows_rulesversion (id, version) values (1, 1);
create trigger rule_raises_version after insert or delete or update of {COLUMNS} on workflows_rule
    for each statement execute function workflows_raise_version();

create function workflows_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'A version of a rule never changes' using errcode = 'restrict_violation';
end $$;
create trigger rule_version_is_immutable before update on workflows_ruleversion
    for each row execute function workflows_refuse_change();
"""

DROP = """
drop trigger rule_version_is_immutable on workflows_ruleversion;
drop function workflows_refuse_change();
drop trigger rule_raises_version on workflows_rule;
drop function workflows_raise_version();
delete from workflows_rulesversion;
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_rules")]

    operations = [migrations.RunSQL(CREATE, DROP)]
