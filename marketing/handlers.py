"""What follows in marketing from writing and removing records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from crm.exchange.models import Import
from crm.inbound.models import ExternalId
from crm.matching.merging.models import MergeOperation
from crm.privacy.own_places import add_tied_place, plain_row, tied
from crm.privacy.places import Place, Subject, add_place
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, before_diff, on, on_purge, on_redact, on_written
from crm.records.models import Entry
from crm.records.redaction import BLANK
from customers.tracing import Channel, Touch, Traced, add_touches, refresh_traces
from marketing import carrying  # noqa: F401 - what goes with a conversion
from marketing.events.behaviour import forget_events, refresh_behaviour
from marketing.models import BehaviourEvent, Carried, FormSubmission, IdentityLink, WebForm
from sales.models import Lead


@before_diff
def new_consent(batch: WriteBatch) -> bool:
    """Other words are another consent: those who agreed to the old ones did not agree to the new ones."""
    if batch.model is not WebForm:
        return False
    for before, after in zip(batch.before, batch.after, strict=True):
        if before and (before.consent_zh, before.consent_en) != (after.consent_zh, after.consent_en):
            after.consent_version = before.consent_version + 1
    return False


@on("matching.merged", "matching.unmerged", name="marketing.traces")
def follow_merge(entry: Entry) -> None:
    """First and last touch, visits and purchases are those of all that is one record now."""
    ids = [entry.record_id, *(pk for pk in entry.data.get("records", ()) if isinstance(pk, int))]
    operation = MergeOperation.objects.filter(pk=entry.data.get("merge")).first()
    ids += list(operation.merged.values_list("record_id", flat=True)) if operation else []
    refresh_traces(entry.entity, set(ids))
    refresh_behaviour({(entry.entity, pk) for pk in ids})


@on_purge
def forget_traces(model: type[Model], ids: list[int], actor: Actor) -> None:
    """What came in about a record that is removed for good goes with it; that something came stays counted."""
    on = {"on_entity": model._meta.label_lower, "on_id__in": ids}
    Touch.objects.filter(**on).delete()
    ExternalId.objects.filter(**on).delete()
    IdentityLink.objects.filter(**on).delete()
    Carried.objects.filter(**on).delete()
    if model is Lead:
        Carried.objects.filter(lead__in=ids).delete()
    forget_events(on)
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


@on_written
def touch_imported(batch: WriteBatch) -> None:
    """New people of a file that was labelled with a source came by it."""
    cause, _colon, number = batch.actor.cause.partition(":")
    if cause != "import" or not issubclass(batch.model, Traced) or not number.isdigit():
        return
    new = [after for before, after in zip(batch.before, batch.after, strict=True) if before is None]
    run = Import.objects.filter(pk=int(number)).only("options").first() if new else None
    if run is None or not (label := run.options.get("label")):
        return
    by_source: dict[int | None, list[Any]] = defaultdict(list)
    for record in new:
        by_source[record.source_id].append(record)
    for source_id, some in by_source.items():
        add_touches(some, kind=Touch.Kind.FILE, name=label, channel=Channel.OTHER, source_id=source_id)


def _empty_submissions(subject: Subject, actor: Actor) -> int:
    """All that was typed goes; that something came stays counted."""
    return tied(FormSubmission, subject.keys).update(values={}, email="", address=None, agent="", trail={})


add_place(
    Place(
        "marketing.submissions",
        _("Web forms that the person sent"),
        lambda subject: tied(FormSubmission, subject.keys).count(),
        _empty_submissions,
        lambda subject: (plain_row(row, "key") for row in tied(FormSubmission, subject.keys)),
    )
)
add_place(
    Place(
        "marketing.events",
        _("What the person did on our pages and in our shops"),
        lambda subject: tied(BehaviourEvent, subject.keys).count(),
        lambda subject, actor: sum(forget_events({"on_entity": label, "on_id": pk}) for label, pk in subject.keys),
        lambda subject: (plain_row(row, "key") for row in tied(BehaviourEvent, subject.keys)),
    )
)
add_tied_place("marketing.identities", _("Devices and accounts of the person"), IdentityLink)
add_tied_place("marketing.external", _("Ids in other programs"), ExternalId)
