"""The path of a region or industry is kept by the database, so that no write can leave it stale."""

from django.db import migrations

PATH = """
create function {table}_set_path() returns trigger language plpgsql as $$
declare
    above text := '/';
begin
    if new.parent_id is not null then
        select path into above from {table} where id = new.parent_id;
        if above like '%/' || new.id || '/%' then
            raise exception 'a node cannot lie below itself' using errcode = 'check_violation', constraint = '{table}_is_a_tree';
        end if;
    end if;
    new.path := above || new.id || '/';
    return new;
end $$;
create trigger {table}_path before insert or update on {table} for each row execute function {table}_set_path();

create function {table}_move_children() returns trigger language plpgsql as $$
begin
    update {table} set parent_id = parent_id where parent_id = new.id;
    return null;
end $$;
create trigger {table}_children after update of parent_id, path on {table}
    for each row when (old.path is distinct from new.path) execute function {table}_move_children();
"""
DROP = """
drop trigger {table}_children on {table};
drop trigger {table}_path on {table};
drop function {table}_move_children();
drop function {table}_set_path();
"""


class Migration(migrations.Migration):
    dependencies = [("reference", "0001_initial")]
    operations = [
        migrations.RunSQL(PATH.replace("{table}", table), DROP.replace("{table}", table))
        for table in ("reference_region", "reference_industry")
    ]
