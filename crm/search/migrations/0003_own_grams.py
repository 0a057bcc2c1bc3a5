from zlib import crc32

from django.db import migrations

LABELS = ("activities.comment", "messaging.mailmessage", "files.storedfile")


def mark(apps, schema_editor):
    """Rows written before carry no gram of their entity; in a database that is filled again after 0002 this changes nothing."""
    for label in LABELS:
        gram = crc32(f"\ue000{label}".encode()) - (1 << 31)
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                "update search_searchrow set grams = grams || %s where entity = %s and not grams @> array[%s]::int[]",
                [gram, label, gram],
            )


class Migration(migrations.Migration):
    """Records that do not go by their owner are found among the many by a gram of their entity."""

    dependencies = [("search", "0002_grams_as_numbers")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
