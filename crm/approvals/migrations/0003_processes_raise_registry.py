"""Which entities have approval processes is kept by processes under the version of what admins define."""

from django.db import migrations

CREATE = (
    "create trigger approvals_approvalprocess_raises_registry"
    " after insert or update or delete or truncate on approvals_approvalprocess"
    " for each statement execute function access_raise_registry();"
)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0002_append_only"), ("access", "0004_registry_version")]
    operations = [
        migrations.RunSQL(CREATE, "drop trigger approvals_approvalprocess_raises_registry on approvals_approvalprocess")
    ]
