"""Formulas and roll-ups have pages of their own in the administration."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customfields", "0004_validation_rules")]
    operations = [
        migrations.CreateModel(
            name="Formula",
            fields=[],
            options={
                "verbose_name": "formula field",
                "verbose_name_plural": "formula fields",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("customfields.customfield",),
        ),
        migrations.CreateModel(
            name="RollUp",
            fields=[],
            options={
                "verbose_name": "roll-up field",
                "verbose_name_plural": "roll-up fields",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("customfields.customfield",),
        ),
    ]
