"""What follows in marketing from writing and removing records."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Model

from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, before_diff, on_purge, on_redact
from crm.records.redaction import BLANK
from customers.tracing import Touch
from marketing.models import FormSubmission, WebForm


@before_diff
def new_consent(batch: WriteBatch) -> bool:
    """Other words are another consent: those who agreed to the old ones did not agree to the new ones."""
    if batch.model is not WebForm:
        return False
    for before, after in zip(batch.before, batch.after, strict=True):
        if before and (before.consent_zh, before.consent_en) != (after.consent_zh, after.consent_en):
            after.consent_version = before.consent_version + 1
    return False


@on_purge
def forget_traces(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What came in about a record that is removed for good goes with it; that something came stays counted."""
    on = {"on_entity": model._meta.label_lower, "on_id__in": ids}
    Touch.objects.filter(**on).delete()
    FormSubmission.objects.filter(**on).update(values={}, email="", address=None, agent="", trail={}, on_id=None)


@on_redact
def blank_submissions(record: Any, fields: Collection[str]) -> int:
    """What a person typed is blanked with the values of their record."""
    touched = 0
    for row in FormSubmission.objects.filter(on_entity=record.entity_label(), on_id=record.pk):
        if named := set(fields) & row.values.keys():
            row.values = row.values | {name: [BLANK] for name in named}
            row.email = "" if "email" in named else row.email
            row.save(update_fields=["values", "email"])
            touched += 1
    return touched
