"""Rules that a record must keep; a change of one raises the version that processes watch."""

from django.db import migrations, models

TABLE = "customfields_validationrule"
TRIGGER = (
    f"create trigger {TABLE}_raises_registry after insert or update or delete on {TABLE}"
    " for each statement execute function access_raise_registry();"
)


class Migration(migrations.Migration):
    dependencies = [("customfields", "0003_layouts_and_logic")]
    operations = [
        migrations.CreateModel(
            name="ValidationRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entity", models.CharField(max_length=100, verbose_name="entity")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                (
                    "expression",
                    models.TextField(blank=True, max_length=4000, verbose_name="refuse while this is true"),
                ),
                ("where", models.JSONField(blank=True, default=dict, verbose_name="refuse while these hold")),
                ("message_zh", models.CharField(blank=True, max_length=300, verbose_name="message (Chinese)")),
                ("message_en", models.CharField(blank=True, max_length=300, verbose_name="message (English)")),
                ("field", models.CharField(blank=True, max_length=150, verbose_name="beside the field")),
                ("on_create", models.BooleanField(default=True, verbose_name="when a record is made")),
                ("on_change", models.BooleanField(default=True, verbose_name="when a record is changed")),
                (
                    "always",
                    models.BooleanField(
                        default=False,
                        help_text="Else records that break the rule already can still be changed elsewhere.",
                        verbose_name="also when nothing that it looks at changed",
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("active", models.BooleanField(default=True, verbose_name="in use")),
            ],
            options={
                "verbose_name": "validation rule",
                "verbose_name_plural": "validation rules",
                "ordering": ["entity", "position", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=~(models.Q(message_zh="") & models.Q(message_en="")),
                        name="validation_rule_has_a_message",
                        violation_error_message="Enter a message in at least one language.",
                    )
                ],
            },
        ),
        migrations.RunSQL(TRIGGER, f"drop trigger {TABLE}_raises_registry on {TABLE}"),
    ]
