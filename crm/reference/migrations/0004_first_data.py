"""Regions and industries to start with."""

from django.db import migrations

from crm.reference.loading import load_industries, load_regions


def load(apps, schema_editor):
    load_regions(apps.get_model("reference", "Region"))
    load_industries(apps.get_model("reference", "Industry"))


class Migration(migrations.Migration):
    dependencies = [("reference", "0003_aliases"), ("reference", "0002_paths")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
