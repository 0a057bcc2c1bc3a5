"""Numbers in JSON read safely and so that an index can hold them; definitions raise the version that processes watch."""

from django.db import migrations

FUNCTION = """
create function crm_number(value text) returns numeric language sql immutable parallel safe as $$
    select case when value ~ '^-?[0-9]{1,40}(\\.[0-9]{1,20})?$' then value::numeric end
$$;
"""
TABLES = ("customfields_customfield", "customfields_customoption")
TRIGGERS = "\n".join(
    f"create trigger {table}_raises_registry after insert or update or delete on {table}"
    " for each statement execute function access_raise_registry();"
    for table in TABLES
)
DROP = "\n".join(f"drop trigger {table}_raises_registry on {table};" for table in TABLES) + "drop function crm_number;"


class Migration(migrations.Migration):
    dependencies = [("customfields", "0001_initial"), ("access", "0004_registry_version")]
    operations = [migrations.RunSQL([FUNCTION, TRIGGERS], DROP)]
