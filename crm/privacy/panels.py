"""Privacy on the pages of people and of requests."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.panels import panel, record_tab
from crm.entities.refs import refs
from crm.privacy import consent, requests
from crm.privacy.erasing import told
from crm.privacy.holds import in_force
from crm.privacy.masking import masked_fields
from crm.privacy.models import ConsentRecord, PrivacyRequest, SuppressionHit
from crm.privacy.people import is_person
from crm.records.models import Record

SHOWN = 30


@record_tab(
    "*",
    "privacy",
    _("Privacy"),
    icon="shield-lock",
    template="privacy/tab.html",
    when=lambda record, user: is_person(record),
)
def tab(record: Record, user: Any) -> dict[str, Any]:
    """What the person agreed to; for who holds the right also holds and requests."""
    label = record.entity_label()
    rows = ConsentRecord.objects.filter(person_entity=label, person_id=record.pk)
    may = policy.can_record(user, record, "change") and record.deleted_at is None
    right = policy.can(user, label, requests.RIGHT)
    return {
        "label": label,
        "states": consent.states(record),
        "ledger": list(rows.select_related("purpose", "text", "actor")[:SHOWN]),
        "may_change": may,
        "link": consent.preference_link(record) if may else "",
        "right": right,
        "holds": list(in_force().filter(person_entity=label, person_id=record.pk)) if right else [],
        "requests": _requests(record, user),
        "came_back": SuppressionHit.objects.filter(entity=label, record_id=record.pk).first(),
    }


def _requests(record: Record, user: Any) -> list[PrivacyRequest]:
    bound = bind(registry["privacy.privacyrequest"], user)
    if not bound.can("view"):
        return []
    return list(
        bound.records().filter(person_entity=record.entity_label(), person_id=record.pk).order_by("-pk")[:SHOWN]
    )


@panel("privacy.privacyrequest", slot="top", template="privacy/request.html")
def about(record: PrivacyRequest, user: Any) -> dict[str, Any]:
    """Whom it is about, what erasing would do, and what was done."""
    key = (record.person_entity, record.person_id or 0)
    person = refs(user, [key])[key] if record.person_id else None
    return {
        "person": person,
        "plan": told(record.plan) if record.plan else None,
        "outcome": told(record.outcome) if record.outcome else None,
        "jobs": requests.jobs_of(record, user),
        "late": record.late,
    }


@panel("*", slot="menu", template="privacy/menu.html")
def unmask_link(record: Record, user: Any) -> dict[str, Any] | None:
    """An item of the record's menu where something is masked for who may unmask it."""
    label = record.entity_label()
    if label not in registry or not policy.can(user, label, "unmask"):
        return None
    return {"unmask_label": label} if masked_fields(record, user) else None
