from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    """One inverted index of numbered grams instead of two. Rows are derived: they are made anew after the migrations."""

    dependencies = [("search", "0001_initial")]

    operations = [
        migrations.RunSQL("TRUNCATE search_searchrow", migrations.RunSQL.noop, elidable=True),
        migrations.RemoveIndex("searchrow", "search_grams"),
        migrations.RemoveIndex("searchrow", "search_haystack"),
        migrations.RemoveIndex("searchrow", "search_entity_recent"),
        migrations.RemoveField("searchrow", "parts"),
        migrations.RemoveField("searchrow", "grams"),
        migrations.AddField("searchrow", "grams", ArrayField(models.IntegerField(), default=list), preserve_default=False),
        migrations.AddIndex("searchrow", GinIndex(fields=["grams"], name="search_grams")),
        migrations.AddIndex(
            "searchrow", models.Index(fields=["department_id", "-at", "-id"], name="search_department_recent")
        ),
    ]
