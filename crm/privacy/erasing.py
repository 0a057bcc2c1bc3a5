"""Erasing a person: what will go, what stays and why, and doing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import registry
from crm.files.sweeping import forget_contents
from crm.privacy import holds, people, suppression
from crm.privacy.known import know
from crm.privacy.models import ConsentRecord, PrivacyRequest
from crm.privacy.people import blanked, personal_fields, same_people
from crm.privacy.places import Subject, places
from crm.privacy.sweep import count, sweep, table_label
from crm.records.actor import Actor
from crm.records.errors import Protected
from crm.records.models import Record
from crm.records.redaction import anonymise
from crm.records.services import delete

# Tables whose rows of the person go in another way than by blanking.
OWN = ("search_searchrow", "matching_matchkey", "privacy_privacyrequest")
STAYS = {
    "record": _("The record itself, without personal values: deals, orders and figures still need it."),
    "shared": _(
        "Values that others have too, such as a company's number (%(count)d): they go only beside this person."
    ),
    "short": _("The name is short: in texts about others it may be another word, and stays there."),
    "consents": _("What the person agreed to and withdrew (%(count)d), as proof, without addresses."),
    "hash": _("Keyed hashes of numbers and addresses (%(count)d), so that the person is not taken in again."),
    "backups": _("Backups until they are replaced, and the copies that mail servers keep."),
    "files": _("Files of other records in which the person is named; PDF and pictures are never read."),
}


class Held(Exception):
    """A legal hold stands against it; ``names`` says which."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass
class Plan:
    """What an erasure would do. ``goes`` and ``swept`` map a name to how many; ``stays`` says what is kept, and why."""

    records: list[tuple[str, int]] = field(default_factory=list)
    goes: dict[str, int] = field(default_factory=dict)
    swept: dict[str, int] = field(default_factory=dict)
    stays: list[tuple[str, int]] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def subject_of(record: Record, *, files_elsewhere: bool = False) -> Subject:
    """The person with all their records and values."""
    persons = same_people(record)
    return Subject(persons, know(persons), files_elsewhere)


def plan(record: Record, *, files_elsewhere: bool = False) -> Plan:
    """What erasing would do, without doing anything."""
    subject = subject_of(record, files_elsewhere=files_elsewhere)
    made = Plan(records=subject.keys, holds=holds.names(subject.keys))
    for place in places():
        if number := place.count(subject):
            made.goes[place.name] = number
    own: dict[str, list[int]] = {}
    for one in subject.persons:
        own.setdefault(one._meta.db_table, []).append(one.pk)
    found = count(subject.known, own)
    made.swept = {table: number for table, number in found.items() if table not in OWN}
    made.stays = _stays(subject)
    return made


def _stays(subject: Subject) -> list[tuple[str, int]]:
    """(what is kept although it has to do with the person, how many)."""
    known, names = subject.known, {people.name_of(person) for person in subject.persons}
    proofs = sum(ConsentRecord.objects.filter(person_entity=label, person_id=pk).count() for label, pk in subject.keys)
    found = [
        ("record", len(subject.persons)),
        ("shared", len(known.shared)),
        ("short", len(names & (known.dull - known.shared))),
        ("consents", proofs),
        ("hash", len(known.identifiers)),
        ("backups", 1),
        ("files", 0 if subject.files_elsewhere else 1),
    ]
    return [(code, number) for code, number in found if number]


def told(made: dict[str, Any]) -> dict[str, Any]:
    """A plan or an outcome in the reader's language: what goes, what is blanked, what stays, what refused."""
    labels = {place.name: str(place.label) for place in places()}
    swept: Counter[str] = Counter()
    for table, number in made.get("swept", {}).items():
        swept[table_label(table)] += number
    return {
        "records": len(made.get("records", ())),
        "goes": [(labels.get(name, name), number) for name, number in made.get("goes", {}).items()],
        "swept": swept.most_common(),
        "stays": [str(STAYS[code]) % {"count": number} for code, number in made.get("stays", ()) if code in STAYS],
        "failed": [(table_label(table), error) for table, error in made.get("failed", {}).items()],
        "holds": made.get("holds", []),
    }


@dataclass
class Erased:
    """What an erasure did: how many went by place, how many were blanked by table, what refused."""

    goes: dict[str, int] = field(default_factory=dict)
    swept: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    contents: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@transaction.atomic
def erase(
    record: Record, *, actor: Actor, request: PrivacyRequest | None = None, files_elsewhere: bool = False
) -> Erased:
    """Erase the person everywhere. Raises Held. Files are unlinked by ``unlink`` once this is committed."""
    subject = subject_of(record, files_elsewhere=files_elsewhere)
    if names := holds.names(subject.keys):
        raise Held(names)
    done = Erased()
    suppression.suppress(subject.known.identifiers, request)
    for place in places():
        if number := place.erase(subject, actor):
            done.goes[place.name] = number
    for one in subject.persons:
        _empty(one, actor)
    swept = sweep(subject.known, subject.keys)
    done.swept, done.failed = swept.rows, swept.failed
    for one in subject.persons:
        _trash(one, actor)
    done.contents, done.paths = sorted(subject.contents), sorted(subject.paths)
    return done


@transaction.atomic
def anonymise_person(record: Record, *, actor: Actor) -> None:
    """Empty the personal fields of one record and blank its history; what hangs on it stays. Raises Held."""
    if names := holds.names([(record.entity_label(), record.pk)]):
        raise Held(names)
    _empty(record, actor)


def alias_of(record: Record) -> str:
    """What somebody without a name is called: the same in each language, as it is data."""
    return f"#{record.pk}"


def is_erased(record: Record) -> bool:
    """Whether the person was erased."""
    return people.is_person(record) and people.name_of(record) == alias_of(record)


def unlink(done: Erased) -> int:
    """Delete the files that nothing names any more; safe to call again."""
    return forget_contents(done.contents, done.paths)


def _empty(record: Record, actor: Actor) -> None:
    label = record.entity_label()
    assert personal_fields(label)
    anonymise(record, blanked(label, record, alias_of(record)), actor=actor)


def _trash(record: Record, actor: Actor) -> None:
    """To the trash, unless others need it."""
    fresh = registry[record.entity_label()].model._base_manager.get(pk=record.pk)
    if fresh.deleted_at is None:
        try:
            with transaction.atomic():
                delete(fresh, actor=actor)
        except Protected:
            return
