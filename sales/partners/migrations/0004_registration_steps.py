"""What follows what with a registered deal, and who may register and decide to begin with."""

from django.db import migrations

STEPS = """
create function partners_registration_step() returns trigger language plpgsql as $$
begin
    if (tg_op = 'INSERT' and new.state = 'submitted')
        or (tg_op = 'UPDATE' and old.state = 'submitted' and new.state in ('approved', 'rejected', 'withdrawn'))
        or (tg_op = 'UPDATE' and old.state = 'approved' and new.state in ('expired', 'withdrawn', 'won')) then
        return new;
    end if;
    raise exception 'a registration goes step by step'
        using errcode = 'check_violation', constraint = 'registration_goes_step_by_step';
end $$;
create trigger registration_starts before insert on partners_dealregistration
    for each row execute function partners_registration_step();
create trigger registration_goes before update of state on partners_dealregistration
    for each row when (old.state is distinct from new.state) execute function partners_registration_step();
"""
DROP = """
drop trigger registration_goes on partners_dealregistration;
drop trigger registration_starts on partners_dealregistration;
drop function partners_registration_step();
"""
LABEL, DEPARTMENT = "partners.dealregistration", 3


def grant(apps, schema_editor):
    """Like leads; who assigns the leads of a department decides on its registrations."""
    grants = apps.get_model("access", "Grant")
    for row in list(grants.objects.filter(entity="sales.lead").exclude(action__in=["claim", "release", "forward"])):
        key = {"role": row.role, "entity": LABEL, "action": row.action}
        grants.objects.get_or_create(**key, defaults={"scope": row.scope})
        if row.action == "assign" and row.scope >= DEPARTMENT:
            grants.objects.get_or_create(**key | {"action": "decide"}, defaults={"scope": row.scope})


class Migration(migrations.Migration):
    dependencies = [("partners", "0003_registrations"), ("access", "0006_administrators_remove_for_good")]
    operations = [migrations.RunSQL(STEPS, DROP), migrations.RunPython(grant, migrations.RunPython.noop)]
