"""What a process says may name a person: it can be blanked when personal data is, and nothing else of it ever changes."""

from django.db import migrations

REFUSE = """
create or replace function approvals_refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('crm.purge', true) = 'on' then return old; end if;
    if tg_op = 'UPDATE' and tg_table_name = 'approvals_approvalstep' and current_setting('crm.redact', true) = 'on'
        and to_jsonb(new) - 'comment' = to_jsonb(old) - 'comment' then return new; end if;%s
    raise exception '%% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
"""
BLANK = """
    if tg_op = 'UPDATE' and tg_table_name = 'approvals_processversion' and current_setting('crm.redact', true) = 'on'
        and to_jsonb(new) - array['condition', 'nodes', 'approved', 'rejected', 'note']
            = to_jsonb(old) - array['condition', 'nodes', 'approved', 'rejected', 'note'] then return new; end if;"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0004_redaction")]

    operations = [migrations.RunSQL(REFUSE % BLANK, REFUSE % "")]
