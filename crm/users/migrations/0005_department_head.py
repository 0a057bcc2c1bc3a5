"""Departments may have a head: approvals ask them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0004_preferences")]

    operations = [
        migrations.AddField(
            "department",
            "head",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="head",
            ),
        ),
    ]
