"""Templates of contracts: clauses with variables that contracts begin with."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0004_signed_accounts_are_customers"),
        ("users", "0005_department_head"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="contract",
            name="clauses",
            field=models.TextField(
                blank=True,
                help_text="A line that begins with # is the heading of a clause. Variables: {{ contract.number }}, {{ customer.name }}, {{ contract.total | capitals }}, {{ contract.starts_on }}.",
                verbose_name="clauses",
            ),
        ),
        migrations.CreateModel(
            name="ContractTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="changed"),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                ("deleted_at", models.DateTimeField(editable=False, null=True, verbose_name="deleted")),
                ("extras", models.JSONField(blank=True, default=dict, editable=False, verbose_name="imported extras")),
                ("custom", models.JSONField(blank=True, default=dict, editable=False, verbose_name="custom values")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sale", "Sale"),
                            ("service", "Service"),
                            ("framework", "Framework agreement"),
                            ("renewal", "Renewal"),
                        ],
                        default="sale",
                        max_length=20,
                        verbose_name="for contracts of kind",
                    ),
                ),
                (
                    "clauses",
                    models.TextField(
                        help_text="A line that begins with # is the heading of a clause. Variables: {{ contract.number }}, {{ customer.name }}, {{ contract.total | capitals }}, {{ contract.starts_on }}.",
                        verbose_name="clauses",
                    ),
                ),
                (
                    "payment_terms",
                    models.TextField(
                        blank=True,
                        help_text="Like: 30% 签约后 7 天, 60% 验收, 10% 质保 12 个月",
                        verbose_name="payment terms",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=10, help_text="The first one counts by itself.", verbose_name="order"
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="users.department",
                        verbose_name="owner's department",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="changed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "contract template",
                "verbose_name_plural": "contract templates",
            },
        ),
        migrations.AddField(
            model_name="contract",
            name="template",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="contracts.contracttemplate",
                verbose_name="contract template",
            ),
        ),
        migrations.AddIndex(
            model_name="contracttemplate",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["created_at", "id"],
                name="contracttemplate_created_all",
            ),
        ),
        migrations.AddIndex(
            model_name="contracttemplate",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "created_at", "id"],
                name="contracttemplate_created_owner",
            ),
        ),
        migrations.AddIndex(
            model_name="contracttemplate",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["department", "created_at", "id"],
                name="contracttemplate_created_dept",
            ),
        ),
        migrations.AddIndex(
            model_name="contracttemplate",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), _negated=True),
                fields=["deleted_at", "id"],
                name="contracttemplate_trash",
            ),
        ),
        migrations.AddConstraint(
            model_name="contracttemplate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=("name",),
                name="contract_template_name_is_unique",
                violation_error_message="There is a template of that name already.",
            ),
        ),
    ]
