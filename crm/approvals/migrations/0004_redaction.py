"""What was written beside a decision can be blanked when personal data is; nothing else of a step ever changes."""

from django.db import migrations

CREATE = """
create or replace function approvals_refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('crm.purge', true) = 'on' then return old; end if;
    if tg_op = 'UPDATE' and tg_table_name = 'approvals_approvalstep' and current_setting('crm.redact', true) = 'on'
        and to_jsonb(new) - 'comment' = to_jsonb(old) - 'comment' then return new; end if;
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
"""

DROP = """
create or replace function approvals_refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('crm.purge', true) = 'on' then return old; end if;
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0003_processes_raise_registry")]

    operations = [migrations.RunSQL(CREATE, DROP)]
