"""What follows what with joint business, and who may do what with it, with feedback and with documents to begin with."""

from django.db import migrations

STEPS = """
create function partners_coop_step() returns trigger language plpgsql as $$
begin
    if (tg_op = 'INSERT' and new.state = 'proposed')
        or (tg_op = 'UPDATE' and old.state = 'proposed' and new.state in ('agreed', 'ended'))
        or (tg_op = 'UPDATE' and old.state = 'agreed' and new.state in ('proposed', 'running', 'won', 'ended'))
        or (tg_op = 'UPDATE' and old.state = 'running' and new.state in ('agreed', 'won', 'ended'))
        or (tg_op = 'UPDATE' and old.state = 'ended' and new.state = 'proposed') then
        return new;
    end if;
    raise exception 'joint business goes step by step'
        using errcode = 'check_violation', constraint = 'coop_goes_step_by_step';
end $$;
create trigger coop_starts before insert on partners_coopopportunity
    for each row execute function partners_coop_step();
create trigger coop_goes before update of state on partners_coopopportunity
    for each row when (old.state is distinct from new.state) execute function partners_coop_step();
"""
DROP = """
drop trigger coop_goes on partners_coopopportunity;
drop trigger coop_starts on partners_coopopportunity;
drop function partners_coop_step();
"""
# Like whose grants those on the new records are.
LIKE = {
    "partners.dealregistration": ("partners.partnerfeedback", "partners.coopopportunity"),
    "partners.partner": ("partners.partnerdocument",),
}
NOT_MEANT = ("claim", "release", "forward", "decide")
DEPARTMENT = 3


def grant(apps, schema_editor):
    """As with registered deals. Documents are seen by whoever sees partners and kept by whoever leads a department at least."""
    grants = apps.get_model("access", "Grant")
    for source, labels in LIKE.items():
        for row in list(grants.objects.filter(entity=source).exclude(action__in=NOT_MEANT)):
            for label in labels:
                keeps = grants.objects.filter(role=row.role, entity=source, action="change", scope__gte=DEPARTMENT)
                if label == "partners.partnerdocument" and row.action != "view" and not keeps.exists():
                    continue
                if label == "partners.partnerfeedback" and row.action == "convert":
                    continue
                key = {"role": row.role, "entity": label, "action": row.action}
                grants.objects.get_or_create(**key, defaults={"scope": row.scope})


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0005_feedback_and_joint_business"),
        ("access", "0006_administrators_remove_for_good"),
    ]
    operations = [migrations.RunSQL(STEPS, DROP), migrations.RunPython(grant, migrations.RunPython.noop)]
