"""Numbers that may have gaps come from sequences of the database, one beside each row that wants one."""

from django.db import migrations, models

SEQUENCES = """
create function reference_keep_sequence() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        execute format('drop sequence if exists reference_number_%s', old.id);
    elsif not new.gap_free then
        execute format('create sequence if not exists reference_number_%s start with %s', new.id, new.last + 1);
    end if;
    return null;
end $$;
create trigger numbersequence_keeps_its_sequence after insert or update of gap_free or delete on reference_numbersequence
    for each row execute function reference_keep_sequence();
"""
DROP = """
drop trigger numbersequence_keeps_its_sequence on reference_numbersequence;
drop function reference_keep_sequence();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reference", "0006_first_calendar"),
    ]

    operations = [
        migrations.AddField(
            model_name="numbersequence",
            name="gap_free",
            field=models.BooleanField(
                default=True,
                help_text="For contracts, orders, invoices and receipts. Others number faster and count on through the years.",
                verbose_name="without gaps",
            ),
        ),
        migrations.AlterField(
            model_name="numbersequence",
            name="period",
            field=models.CharField(
                blank=True,
                choices=[("", "Never"), ("%Y", "Each year"), ("%Y%m", "Each month"), ("%Y%m%d", "Each day")],
                default="%Y",
                help_text="The year, month or day stands behind the prefix.",
                max_length=10,
                verbose_name="starts again",
            ),
        ),
        migrations.RunSQL(SEQUENCES, DROP),
    ]
