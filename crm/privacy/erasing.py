"""Erasing a person: what will go, what stays and why, and doing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from crm.entities.entity import registry
from crm.files.sweeping import forget_contents
from crm.privacy import holds, people, suppression
from crm.privacy.known import know
from crm.privacy.models import ConsentRecord, PrivacyRequest
from crm.privacy.people import blanked, personal_fields, same_people
from crm.privacy.places import Subject, places
from crm.privacy.sweep import Swept, count, sweep, table_label
from crm.records.actor import Actor
from crm.records.errors import Protected
from crm.records.models import Record
from crm.records.redaction import anonymise
from crm.records.services import delete

# Tables whose rows of the person go in another way than by blanking.
OWN = ("search_searchrow", "matching_matchkey", "privacy_privacyrequest")


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
    stays: list[str] = field(default_factory=list)
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
            made.goes[str(place.label)] = number
    own: dict[str, list[int]] = {}
    for one in subject.persons:
        own.setdefault(one._meta.db_table, []).append(one.pk)
    found: Counter[str] = Counter()
    for table, number in count(subject.known.everywhere, own).items():
        if table not in OWN:
            found[table_label(table)] += number
    made.swept = dict(found.most_common())
    made.stays = _stays(subject)
    return made


def _stays(subject: Subject) -> list[str]:
    """What is kept although it has to do with the person."""
    found = [_("The record itself, without personal values: deals, orders and figures still need it.")]
    if subject.known.shared:
        text = _(
            "%(count)d values that others have too (a company's number, a common name): they go only beside this person."
        )
        found.append(text % {"count": len(subject.known.shared)})
    short = [
        text
        for text in subject.known.dull - subject.known.shared
        if text in {people.name_of(p) for p in subject.persons}
    ]
    if short:
        found.append(_("The name is short: in texts about others it may be another word, and stays there."))
    if ConsentRecord.objects.filter(person_id__in=[pk for _label, pk in subject.keys]).exists():
        found.append(_("What the person agreed to and withdrew, as proof, without addresses."))
    found.append(_("A keyed hash of numbers and addresses, so that the person is not taken in again."))
    found.append(_("Backups until they are replaced, and the copies that mail servers keep."))
    if not subject.files_elsewhere:
        found.append(_("Files of other records in which the person is named; PDF and pictures are not read."))
    return found


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
            done.goes[str(place.label)] = number
    for one in subject.persons:
        _empty(one, actor)
    swept = sweep(subject.known.everywhere, subject.known.beside, subject.keys)
    done.swept, done.failed = _named(swept), swept.failed
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


def _named(swept: Swept) -> dict[str, int]:
    found: Counter[str] = Counter()
    for table, number in swept.rows.items():
        found[table_label(table)] += number
    return dict(found.most_common())
