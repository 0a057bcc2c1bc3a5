"""Whether one can dial and send text messages is kept by processes under the version of what admins define."""

from django.db import migrations

TABLES = ("messaging_telephony", "messaging_extension", "messaging_smsprovider")
CREATE = [
    f"create trigger {table}_raises_registry after insert or update or delete or truncate on {table}"
    " for each statement execute function access_raise_registry();"
    for table in TABLES
]
DROP = [f"drop trigger {table}_raises_registry on {table};" for table in TABLES]


class Migration(migrations.Migration):
    dependencies = [("messaging", "0004_lean_indexes"), ("access", "0004_registry_version")]
    operations = [migrations.RunSQL(CREATE, DROP)]
