"""One default title an account, held by an index that forms know nothing of: a new default takes the place of the one before."""

from django.db import migrations

INDEX = """
create unique index account_has_one_default_title on invoicing_invoicetitle (account_id)
where deleted_at is null and is_default
"""


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0002_within_what_was_agreed")]
    operations = [
        migrations.RemoveConstraint(model_name="invoicetitle", name="account_has_one_default_title"),
        migrations.RunSQL(INDEX, "drop index account_has_one_default_title"),
    ]
