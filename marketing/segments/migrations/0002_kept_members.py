"""Members of segments by conditions are kept; processes learn when that begins."""

from django.db import migrations, models

_TRIGGER = """drop trigger segments_segment_changes_registry on segments_segment;
create trigger segments_segment_changes_registry after update of name, "of", kind, condition, without, deleted_at{more}
    on segments_segment for each statement execute function access_raise_registry();"""


class Migration(migrations.Migration):
    dependencies = [("segments", "0001_segments")]

    operations = [
        migrations.AddField(
            model_name="segment",
            name="based_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="members known since"),
        ),
        migrations.RunSQL(_TRIGGER.format(more=", based_at"), _TRIGGER.format(more="")),
    ]
