"""What follows what with a forwarded lead, who may do what to begin with, and three levels."""

from django.db import migrations

STEPS = """
create function partners_forward_step() returns trigger language plpgsql as $$
begin
    if (tg_op = 'INSERT' and new.state = 'sent')
        or (tg_op = 'UPDATE' and old.state = 'sent' and new.state in ('accepted', 'declined', 'expired', 'withdrawn'))
        or (tg_op = 'UPDATE' and old.state = 'accepted' and new.state in ('withdrawn', 'won', 'lost')) then
        return new;
    end if;
    raise exception 'a forwarded lead goes step by step'
        using errcode = 'check_violation', constraint = 'forward_goes_step_by_step';
end $$;
create trigger forward_starts before insert on partners_leadforward
    for each row execute function partners_forward_step();
create trigger forward_goes before update of state on partners_leadforward
    for each row when (old.state is distinct from new.state) execute function partners_forward_step();
"""
DROP = """
drop trigger forward_goes on partners_leadforward;
drop trigger forward_starts on partners_leadforward;
drop function partners_forward_step();
"""
LEVELS = (("金牌伙伴", 30, 5, 180), ("银牌伙伴", 20, 3, 90), ("注册伙伴", 10, 2, 60))
ALL = 4
# Like whose grants those on the new records are.
LIKE = {
    "customers.account": ("partners.partner", "partners.partnerperson"),
    "sales.lead": ("partners.leadforward", "partners.forwardreport"),
}


def fill(apps, schema_editor):
    level = apps.get_model("partners", "PartnerLevel")
    for name, rank, answer, protection in LEVELS:
        given = {"rank": rank, "answer_days": answer, "protection_days": protection}
        level.objects.get_or_create(name=name, defaults=given)


def grant(apps, schema_editor):
    """Who keeps accounts keeps partners, and everybody who sees accounts sees all partners: leads go to any of them."""
    grants = apps.get_model("access", "Grant")
    for source, labels in LIKE.items():
        for row in list(grants.objects.filter(entity=source).exclude(action__in=["claim", "release"])):
            for label in labels:
                scope = ALL if label == "partners.partner" and row.action == "view" and row.scope else row.scope
                key = {"role": row.role, "entity": label, "action": row.action}
                grants.objects.get_or_create(**key, defaults={"scope": scope})
    for source, action in (("sales.lead", "convert"), ("sales.opportunity", "change")):
        for row in list(grants.objects.filter(entity=source, action=action)):
            key = {"role": row.role, "entity": source, "action": "forward"}
            grants.objects.get_or_create(**key, defaults={"scope": row.scope})


class Migration(migrations.Migration):
    dependencies = [("partners", "0001_partners"), ("access", "0006_administrators_remove_for_good")]
    operations = [
        migrations.RunSQL(STEPS, DROP),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
