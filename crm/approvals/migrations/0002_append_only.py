"""Versions of processes never change; what happened to a request stays, unless its record is removed for good."""

from django.db import migrations

CREATE = """
create function approvals_refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('crm.purge', true) = 'on' then return old; end if;
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger process_version_is_immutable before update on approvals_processversion
    for each row execute function approvals_refuse_change();
create trigger approval_step_is_append_only before update or delete on approvals_approvalstep
    for each row execute function approvals_refuse_change();
"""

DROP = """
drop trigger approval_step_is_append_only on approvals_approvalstep;
drop trigger process_version_is_immutable on approvals_processversion;
drop function approvals_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_approvals")]

    operations = [migrations.RunSQL(CREATE, DROP)]
