"""When an administrator changes what a stage means, the opportunities in it follow."""

from django.db import migrations

FOLLOW = """
create function sales_stage_tell_meaning() returns trigger language plpgsql as $$
begin
    update sales_opportunity set
        state = case when new.is_won then 'won' when new.is_lost then 'lost' else 'open' end,
        closed_at = case when new.is_won or new.is_lost then coalesce(closed_at, close_date::timestamptz, now()) end
    where stage_id = new.id;
    return null;
end $$;
create trigger stage_meaning after update of is_won, is_lost on sales_stage
    for each row when (old.is_won is distinct from new.is_won or old.is_lost is distinct from new.is_lost)
    execute function sales_stage_tell_meaning();
"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0007_board_covering")]
    operations = [
        migrations.RunSQL(FOLLOW, "drop trigger stage_meaning on sales_stage; drop function sales_stage_tell_meaning();")
    ]
