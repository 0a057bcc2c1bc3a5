"""Notifications as their reader may know them now: the policy is asked once for a whole page of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm.entities.refs import Key, Ref, refs
from crm.notifications.models import Notification
from crm.notifications.registry import REASONS, kinds
from crm.records.kinds import kind_of


@dataclass(frozen=True)
class Shown:
    """One notification: a sentence, what is quoted, where it leads, why one got it. ``hidden``: its record is out of reach.
    ``again``: one may be reminded of it later once more."""

    notification: Notification
    sentence: str
    quote: str
    url: str
    icon: str
    why: str
    kind_label: str
    hidden: bool = False
    again: bool = False

    @property
    def mail_url(self) -> str:
        """Where a mail leads: some kinds bring a link of their own for whoever reads it there."""
        return self.notification.data.get("mail_url") or self.url


def present(rows: Sequence[Notification], user: Any) -> list[Shown]:
    """The notifications of ``user``, each as far as its record may be seen by them at this moment."""
    keys = {key for row in rows for key in (_record(row), _subject(row)) if key}
    found = refs(user, keys)
    return [_shown(row, found) for row in rows]


def _record(row: Notification) -> Key | None:
    return (row.entity, row.record_id) if row.record_id else None


def _subject(row: Notification) -> Key | None:
    return (row.subject_entity, row.subject_id) if row.subject_id else None


def _shown(row: Notification, found: dict[Key, Ref]) -> Shown:
    kind, key = kinds.get(row.kind), _record(row)
    record = found[key] if key else None
    label = str(kind.label) if kind else row.kind
    icon = kind.icon if kind else "bell"
    if record is not None and not record.seen:
        return Shown(row, _("This was about a record that you may not see any more."), "", "", "lock", "", "", True)
    said = _(row.text) if row.text else str(kind.said) if kind else label
    values = {"actor": str(row.actor) if row.actor else _("The system"), "record": record.name if record else ""}
    subject_key = _subject(row)
    subject = found[subject_key] if subject_key else None
    quote = subject.name if subject is not None and subject.seen and not subject.trashed else ""
    why = str(REASONS.get(row.why) or (kind.why if kind else ""))
    url = row.url or (record.url if record else "")
    if did := row.data.get("did"):
        values["did"] = kind_of(did).said(values["record"])
    again = kind is not None and kind.again and record is not None and not record.trashed
    return Shown(row, _filled(said, {**row.data, **values}), quote, url, icon, why, label, again=again)


def _filled(said: str, values: dict[str, Any]) -> str:
    """The sentence with its values; as it stands where it wants one that is not there (words of a person, an old kind)."""
    try:
        return said % values
    except (KeyError, ValueError, TypeError):
        return said
