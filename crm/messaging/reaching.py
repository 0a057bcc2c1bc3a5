"""By which addresses and numbers a record is reached, as far as somebody may know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.lib.looks import tel
from crm.lib.phone import normalise_phone
from crm.messaging.access import holders
from crm.messaging.models import MailAccount
from crm.records.models import Record
from crm.search.services import search

SHOWN = 12


@dataclass(frozen=True)
class Reached:
    """One address or number, and the field it stands in."""

    value: str
    label: str

    @property
    def tel(self) -> str:
        """The number as a tel: link wants it."""
        return tel(self.value)


def emails_of(record: Record, user: Any) -> list[Reached]:
    """The e-mail addresses of a record."""
    return _values(record, user, "email")


def phones_of(record: Record, user: Any) -> list[Reached]:
    """The telephone numbers of a record."""
    return [found for found in _values(record, user, "phone") if normalise_phone(found.value)]


def _values(record: Record, user: Any, kind: str) -> list[Reached]:
    bound = bind(registry[record.entity_label()], user)
    names = [name for name in bound.entity.field_names if "__" not in name and bound.entity.field(name).kind == kind]
    found: dict[str, Reached] = {}
    for name, field in bound.readable(names).items():
        value = str(getattr(record, name, "") or "").strip()
        if value:
            found.setdefault(value, Reached(value, str(field.label)))
    return list(found.values())


def people_like(user: Any, words: str) -> list[dict[str, str]]:
    """Whom somebody may mean: contacts, customers and leads with an address, by name, pinyin or address; then colleagues."""
    labels = [model._meta.label_lower for model in holders() if model._meta.label_lower in registry]
    found: dict[str, dict[str, str]] = {}
    for hit in search(user, words, limit=SHOWN * 2, labels=labels):
        for reached in emails_of(hit.record, user):
            found.setdefault(
                reached.value.lower(),
                {"name": str(hit.record), "address": reached.value.lower(), "hint": hit.entity.name},
            )
    for account in MailAccount.objects.filter(active=True, name__icontains=words)[:5]:
        found.setdefault(account.address, {"name": account.name, "address": account.address, "hint": ""})
    return list(found.values())[:SHOWN]
