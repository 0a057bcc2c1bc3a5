"""Whatever decides access raises the policy version, whoever writes it: services, admin, SQL.

The version is the clock in microseconds: no two transactions share one, not even when the first was rolled back.
"""

from django.db import migrations

TABLES = [
    "access_role",
    "access_role_users",
    "access_grant",
    "access_fieldrule",
    "access_recordshare",
    "users_department",
    "users_team",
    "users_membership",
]
COLUMNS = "department_id, is_active, is_superuser"

CREATE = """
create function access_raise_version() returns trigger language plpgsql as $$
begin
    insert into access_policyversion (id, version) values (1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
    on conflict (id) do update set version = greatest(excluded.version, access_policyversion.version + 1);
    return null;
end $$;
insert into access_policyversion (id, version) values (1, 1);
"""


def triggers() -> str:
    made = [
        f"create trigger {table}_raises_version after insert or update or delete on {table} for each statement execute function access_raise_version();"
        for table in TABLES
    ]
    made.append(
        f"create trigger user_raises_version after update of {COLUMNS} on users_user for each statement execute function access_raise_version();"
    )
    return "\n".join(made)


def drop_triggers() -> str:
    names = [f"drop trigger {table}_raises_version on {table};" for table in TABLES]
    return "\n".join(
        [
            *names,
            "drop trigger user_raises_version on users_user;",
            "drop function access_raise_version();",
            "delete from access_policyversion;",
        ]
    )


class Migration(migrations.Migration):
    dependencies = [("access", "0002_initial"), ("users", "0002_department_path")]
    operations = [migrations.RunSQL([CREATE, triggers()], drop_triggers())]
