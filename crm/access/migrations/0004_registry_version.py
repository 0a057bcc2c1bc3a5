"""A second version beside that of the policy: rooms whose tables hold definitions raise it by ``access_raise_registry()``."""

from django.db import migrations, models

CREATE = """
create function access_raise_registry() returns trigger language plpgsql as $$
begin
    insert into access_policyversion (id, version, registry)
    values (1, 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
    on conflict (id) do update set registry = greatest(excluded.registry, access_policyversion.registry + 1);
    return null;
end $$;
create or replace function access_raise_version() returns trigger language plpgsql as $$
begin
    insert into access_policyversion (id, version, registry)
    values (1, (extract(epoch from clock_timestamp()) * 1000000)::bigint, 1)
    on conflict (id) do update set version = greatest(excluded.version, access_policyversion.version + 1);
    return null;
end $$;
"""
DROP = """
drop function access_raise_registry();
create or replace function access_raise_version() returns trigger language plpgsql as $$
begin
    insert into access_policyversion (id, version) values (1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
    on conflict (id) do update set version = greatest(excluded.version, access_policyversion.version + 1);
    return null;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0003_policy_version")]
    operations = [
        migrations.AddField("policyversion", "registry", models.BigIntegerField(default=1)),
        migrations.RunSQL(CREATE, DROP),
    ]
