"""Stages and gates are kept by processes under the version of what admins define: a change of one raises it."""

from django.db import migrations

TABLES = ("sales_pipeline", "sales_stage", "sales_stagegate")
CREATE = [
    f"create trigger {table}_raises_registry after insert or update or delete or truncate on {table}"
    " for each statement execute function access_raise_registry();"
    for table in TABLES
]
DROP = [f"drop trigger {table}_raises_registry on {table};" for table in TABLES]


class Migration(migrations.Migration):
    dependencies = [("sales", "0015_lean_indexes"), ("access", "0004_registry_version")]
    operations = [migrations.RunSQL(CREATE, DROP)]
