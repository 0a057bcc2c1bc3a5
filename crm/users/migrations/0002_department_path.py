"""The path of a department is kept by the database, so that no write can leave it stale."""

from django.db import migrations

PATH = """
create function users_department_set_path() returns trigger language plpgsql as $$
declare
    above text := '/';
begin
    if new.parent_id is not null then
        select path into above from users_department where id = new.parent_id;
        if above like '%/' || new.id || '/%' then
            raise exception 'a department cannot lie below itself' using errcode = 'check_violation', constraint = 'department_is_a_tree';
        end if;
    end if;
    new.path := above || new.id || '/';
    return new;
end $$;
create trigger department_path before insert or update on users_department
    for each row execute function users_department_set_path();

create function users_department_move_children() returns trigger language plpgsql as $$
begin
    update users_department set parent_id = parent_id where parent_id = new.id;
    return null;
end $$;
create trigger department_children after update of parent_id, path on users_department
    for each row when (old.path is distinct from new.path) execute function users_department_move_children();
"""
DROP = """
drop trigger department_children on users_department;
drop trigger department_path on users_department;
drop function users_department_move_children();
drop function users_department_set_path();
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]
    operations = [migrations.RunSQL(PATH, DROP)]
