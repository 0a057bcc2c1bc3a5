"""Whoever had signed a contract before contracts made customers is one, too; the life cycle that somebody keeps by hand stays."""

from django.db import migrations

SQL = """
UPDATE customers_account AS account
   SET kind = 'customer',
       lifecycle = CASE WHEN EXISTS (SELECT 1 FROM levels_levelhold AS hold
                                      WHERE hold.account_id = account.id AND (hold.level OR hold.lifecycle))
                        THEN account.lifecycle ELSE 'active' END
 WHERE account.kind = 'prospect'
   AND account.deleted_at IS NULL
   AND EXISTS (SELECT 1 FROM contracts_contract AS contract
                WHERE contract.account_id = account.id AND contract.deleted_at IS NULL
                  AND contract.state IN ('signed', 'active'))
"""


class Migration(migrations.Migration):
    dependencies = [("contracts", "0003_changes_and_acceptance"), ("levels", "0001_levels")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
