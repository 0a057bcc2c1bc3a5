"""A stage belongs to the entity of its record; every process learns of a changed definition."""

from django.db import migrations

STAGE = """
alter table customentities_customrecord add constraint own_stage_is_of_its_entity
    foreign key (stage_id, definition_id) references customentities_entitystage (id, definition_id) deferrable initially deferred;
"""
DROP_STAGE = "alter table customentities_customrecord drop constraint own_stage_is_of_its_entity;"
RAISE = "".join(
    f"create trigger {table}_raises_registry after insert or update or delete or truncate on {table}"
    " for each statement execute function access_raise_registry();"
    for table in ("customentities_entitydefinition", "customentities_entitystage")
)
DROP_RAISE = "".join(
    f"drop trigger {table}_raises_registry on {table};"
    for table in ("customentities_entitydefinition", "customentities_entitystage")
)


class Migration(migrations.Migration):
    dependencies = [("customentities", "0001_initial"), ("access", "0004_registry_version")]
    operations = [migrations.RunSQL(STAGE, DROP_STAGE), migrations.RunSQL(RAISE, DROP_RAISE)]
