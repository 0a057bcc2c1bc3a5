"""Stage history stays append-only, but goes with an opportunity that is removed for good."""

from django.db import migrations

REFUSE = """
create or replace function sales_stagehistory_refuse() returns trigger language plpgsql as $$
begin
    {exception}
    raise exception 'stage history is append-only' using errcode = 'restrict_violation';
end $$;
"""
PURGE = "if tg_op = 'DELETE' and current_setting('crm.purge', true) = 'on' then return old; end if;"


class Migration(migrations.Migration):
    dependencies = [("sales", "0011_custom_values")]
    operations = [migrations.RunSQL(REFUSE.format(exception=PURGE), REFUSE.format(exception=""))]
