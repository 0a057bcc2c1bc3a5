"""Duplicate rules are kept by processes under the version of what admins define: a change of one raises it."""

from django.db import migrations

TABLES = ("matching_matchrule", "matching_matchpolicy")
CREATE = [
    f"create trigger {table}_raises_registry after insert or update or delete or truncate on {table}"
    " for each statement execute function access_raise_registry();"
    for table in TABLES
]
DROP = [f"drop trigger {table}_raises_registry on {table};" for table in TABLES]


class Migration(migrations.Migration):
    dependencies = [("matching", "0002_rules_and_pairs"), ("access", "0004_registry_version")]
    operations = [migrations.RunSQL(CREATE, DROP)]
