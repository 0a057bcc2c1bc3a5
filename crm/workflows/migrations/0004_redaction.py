"""What a rule says may name a person: it can be blanked when personal data is, and processes read it anew then."""

from django.db import migrations

CREATE = """
create or replace function workflows_refuse_change() returns trigger language plpgsql as $$
begin
    if current_setting('crm.redact', true) = 'on'
        and to_jsonb(new) - array['trigger', 'condition', 'steps', 'note']
            = to_jsonb(old) - array['trigger', 'condition', 'steps', 'note'] then return new; end if;
    raise exception 'A version of a rule never changes' using errcode = 'restrict_violation';
end $$;
create trigger rule_version_raises_version after update on workflows_ruleversion
    for each statement execute function workflows_raise_version();
"""

DROP = """
drop trigger rule_version_raises_version on workflows_ruleversion;
create or replace function workflows_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'A version of a rule never changes' using errcode = 'restrict_violation';
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0003_webhooks")]

    operations = [migrations.RunSQL(CREATE, DROP)]
