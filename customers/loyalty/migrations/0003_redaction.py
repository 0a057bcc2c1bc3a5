"""The ledger stays append-only, but the reason of an entry is blanked where a person's values are erased."""

from django.db import migrations

REFUSE = """
create or replace function loyalty_pointsentry_refuse() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('crm.purge', true) = 'on' then return old; end if;
    {exception}
    raise exception 'the points ledger is append-only' using errcode = 'restrict_violation';
end $$;
"""
BLANK = """if tg_op = 'UPDATE' and current_setting('crm.redact', true) = 'on'
        and to_jsonb(new) - 'reason' = to_jsonb(old) - 'reason' then return new; end if;"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0002_name_of_invited")]
    operations = [migrations.RunSQL(REFUSE.format(exception=BLANK), REFUSE.format(exception=""))]
