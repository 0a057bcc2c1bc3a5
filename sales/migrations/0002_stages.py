"""What Django can't say: a stage belongs to the pipeline of its opportunity, and stage history is append-only."""

from django.db import migrations

STAGE = """
alter table sales_opportunity add constraint opportunity_stage_is_of_its_pipeline
    foreign key (stage_id, pipeline_id) references sales_stage (id, pipeline_id) deferrable initially deferred;
"""
APPEND_ONLY = """
create function sales_stagehistory_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'stage history is append-only' using errcode = 'restrict_violation';
end $$;
create trigger stagehistory_is_append_only before update or delete on sales_stagehistory
    for each row execute function sales_stagehistory_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0001_initial")]
    operations = [
        migrations.RunSQL(STAGE, "alter table sales_opportunity drop constraint opportunity_stage_is_of_its_pipeline;"),
        migrations.RunSQL(
            APPEND_ONLY,
            "drop trigger stagehistory_is_append_only on sales_stagehistory; drop function sales_stagehistory_refuse();",
        ),
    ]
