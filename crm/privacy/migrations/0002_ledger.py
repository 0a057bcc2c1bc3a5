"""The ledger of consents and what people were asked are append-only; what admins say about fields raises the registry."""

from datetime import UTC, datetime

from django.db import migrations

TABLES = ("privacy_personalfield", "privacy_suppression")
CREATE = [
    "create trigger consent_is_append_only before update or delete on privacy_consentrecord"
    " for each row execute function records_refuse_change();",
    # Writing what stands there already is no change: loading a copy of the migrations' rows does that.
    "create trigger consent_text_is_append_only before update on privacy_consenttext"
    " for each row when (old.* is distinct from new.*) execute function records_refuse_change();",
    "create trigger consent_text_stays before delete on privacy_consenttext"
    " for each row execute function records_refuse_change();",
    *(
        f"create trigger {table}_raises_registry after insert or update or delete or truncate on {table}"
        " for each statement execute function access_raise_registry();"
        for table in TABLES
    ),
]
DROP = [
    "drop trigger consent_is_append_only on privacy_consentrecord;",
    "drop trigger consent_text_is_append_only on privacy_consenttext;",
    "drop trigger consent_text_stays on privacy_consenttext;",
    *(f"drop trigger {table}_raises_registry on {table};" for table in TABLES),
]
SINCE = datetime(2026, 11, 22, tzinfo=UTC)  # to the second, so that a copy of the row is the row
FIRST = (
    ("marketing", "营销信息", "News and offers", "consent", True, 0),
    ("service", "服务通知", "Service messages", "contract", False, 1),
)
TEXTS = {
    "marketing": (
        "我同意贵公司通过所选方式向我发送产品资讯、活动邀请与优惠信息。我可以随时撤回同意。",
        "I agree to receive news, invitations and offers by the channels I choose. I may withdraw at any time.",
    ),
    "service": (
        "为履行合同，我们会就订单、合同与服务与您联系。您可以随时选择不接收。",
        "To fulfil our contracts we contact you about orders, contracts and service. You may object at any time.",
    ),
}


def first_purposes(apps, schema_editor):
    """Two purposes to begin with, as every house has them."""
    purpose_model, text_model = apps.get_model("privacy", "ConsentPurpose"), apps.get_model("privacy", "ConsentText")
    for code, zh, en, basis, marketing, position in FIRST:
        purpose, made = purpose_model.objects.get_or_create(
            code=code,
            defaults={"name_zh": zh, "name_en": en, "basis": basis, "marketing": marketing, "position": position},
        )
        if made:
            text_zh, text_en = TEXTS[code]
            text_model.objects.create(purpose=purpose, version=1, text_zh=text_zh, text_en=text_en, made_at=SINCE)


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0001_privacy"),
        ("records", "0002_partitioned_logs"),
        ("access", "0004_registry_version"),
    ]
    operations = [migrations.RunPython(first_purposes, migrations.RunPython.noop), migrations.RunSQL(CREATE, DROP)]
