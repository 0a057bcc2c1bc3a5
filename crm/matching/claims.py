"""Who holds a value that only one record may have: taken and given up in the transaction that writes the record.

The database keeps ``UniqueKey`` unique, so that of many who write the same at the same moment one gets it and the others hear
who that was. Where a rule is made over duplicates that exist, the oldest record holds the key; the others stay as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm.access import policy
from crm.lib.company_names import read_company
from crm.lib.lookups import any_of
from crm.matching import rules
from crm.matching.holders import told_of
from crm.matching.keys import Key, keys_of, matched
from crm.matching.models import MatchKey, MatchRule, Registration, UniqueKey
from crm.records.hooks import WriteBatch
from crm.records.models import Entry

# Sets of changes that move values between records: what is in the way is moved in a moment, and then passed on.
MOVING = frozenset({"merge", "unmerge"})
Claim = tuple[int, str]
"""A rule and the value that it lets one record have."""


class Collision(ValidationError):
    """A value that only one record may have is held by another one; ``holders`` are (entity, id), not for showing."""

    def __init__(self, texts: Sequence[str], holders: Sequence[tuple[str, int]]) -> None:
        super().__init__(list(texts), code="collision")
        self.holders = list(holders)


def claims_of(record: Any, blocking: Iterable[MatchRule]) -> dict[Claim, Key]:
    """What a living record claims under the rules that refuse, with the key it comes from."""
    how = matched(record._meta.label_lower)
    if record.deleted_at is not None or not how.holds(record):
        return {}
    kinds = defaultdict(list)
    for rule in blocking:
        kinds[rule.kind].append(rule.pk)
    place = read_company(str(getattr(record, how.name) or "")).place if "company" in kinds else ""
    claims = {}
    for key in keys_of(record) if kinds else ():
        value = f"{key.value}|{place}" if key.kind == MatchKey.Kind.COMPANY else key.value
        claims |= {(pk, value[:320]): key for pk in kinds.get(key.kind, ())}
    return claims


def keep_claims(batch: WriteBatch) -> None:
    """Give up what the records no longer claim, and take what they claim now. Collision where somebody else holds it."""
    label = batch.model._meta.label_lower
    blocking = rules.current().blocking.get(label)
    if not blocking:
        return
    given: dict[int, set[Claim]] = {}
    wanted: dict[Claim, tuple[Any, Key]] = {}
    for before, after in zip(batch.before, batch.after, strict=True):
        old = claims_of(before, blocking) if before is not None else {}
        new = claims_of(after, blocking)
        if gone := old.keys() - new.keys():
            given[after.pk] = set(gone)
        # What was claimed before is asked for again only where the record did not hold it: after a change it may be free.
        for claim in new.keys() - old.keys():
            first = wanted.setdefault(claim, (after, new[claim]))
            if first[0].pk != after.pk and not _moving(batch):
                raise refuse([(first[0], new[claim])], batch.actor.user)
    if given:
        _give_up(label, given)
    if wanted:
        _take(label, wanted, batch)


def _take(label: str, wanted: dict[Claim, tuple[Any, Key]], batch: WriteBatch) -> None:
    """Take what is free; in one order for everybody, so that two who want the same never wait for each other."""
    order = sorted(wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into matching_uniquekey (rule_id, value, entity, record_id)"
            " select * from unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[])"
            " on conflict (rule_id, value) do nothing returning rule_id, value",
            [
                [rule for rule, _value in order],
                [value for _rule, value in order],
                [label] * len(order),
                [wanted[claim][0].pk for claim in order],
            ],
        )
        taken = set(cursor.fetchall())
    if len(taken) < len(order) and not _moving(batch):
        _refuse({claim: wanted[claim] for claim in order if claim not in taken}, label, batch)


def _refuse(missed: dict[Claim, tuple[Any, Key]], label: str, batch: WriteBatch) -> None:
    """Say who holds what could not be taken, unless that is the record itself, its kin, or what is just being undone."""
    found = UniqueKey.objects.filter(
        rule__in={rule for rule, _value in missed}, value__in={value for _r, value in missed}
    )
    holders = {(key.rule_id, key.value): (key.entity, key.record_id) for key in found}
    loaded = _load(set(holders.values()))
    against = []
    for claim, (record, key) in missed.items():
        holder = holders.get(claim)
        if holder in loaded and _own_registration(loaded[holder], record):
            UniqueKey.objects.filter(rule=claim[0], value=claim[1]).update(entity=label, record_id=record.pk)
            continue
        if holder is None or holder not in loaded or holder in {(label, record.pk), *matched(label).kin(record)}:
            continue
        if (label, record.pk) in set(matched(holder[0]).kin(loaded[holder])):
            continue
        if batch.undoing and _part_of_it(holder, batch):
            continue
        against.append((loaded[holder], key))
    if against:
        raise refuse(against, batch.actor.user)


def _own_registration(holder: Any, record: Any) -> bool:
    """Whether the value was registered by the very person whose record claims it now: it becomes what it was registered for."""
    return (
        isinstance(holder, Registration) and holder.owner_id == record.owner_id and not isinstance(record, Registration)
    )


def _moving(batch: WriteBatch) -> bool:
    return batch.changes is not None and batch.changes.kind in MOVING


def _part_of_it(holder: tuple[str, int], batch: WriteBatch) -> bool:
    """Whether the holder's last change is the very set that is being undone: its turn comes, and then it gives the value up."""
    entity, pk = holder
    last = Entry.objects.filter(entity=entity, record_id=pk, change_set__isnull=False).order_by("-at", "-id").first()
    return last is not None and last.change_set.title == batch.changes.title and last.change_set.undone_at is None


def _load(places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Any]:
    by_label = defaultdict(list)
    for label, pk in places:
        by_label[label].append(pk)
    return {
        (label, record.pk): record
        for label, ids in by_label.items()
        for record in apps.get_model(label)._base_manager.filter(pk__in=ids)
    }


def refuse(against: Sequence[tuple[Any, Key]], user: Any) -> Collision:
    """The refusal that the writer hears: the record itself where they see it, otherwise what the house tells of it."""
    texts, places = [], []
    for record, key in dict.fromkeys(against):
        place = (record._meta.label_lower, record.pk)
        places.append(place)
        kind = capfirst(str(MatchKey.Kind(key.kind).label))
        if record.pk is not None and user is not None and policy.can_record(user, record, "view"):
            texts.append(_("%(kind)s: “%(name)s” has it already.") % {"kind": kind, "name": record})
        else:
            told = told_of([record], rules.current())[place]
            texts.append(_("%(kind)s: %(told)s.") % {"kind": kind, "told": told})
    return Collision(list(dict.fromkeys(texts)), places)


def _give_up(label: str, given: dict[int, set[Claim]]) -> None:
    """Free what the records held, and let the oldest other living record that carries it hold it from now on."""
    held = UniqueKey.objects.filter(entity=label, record_id__in=given)
    freed = [key for key in held if (key.rule_id, key.value) in given[key.record_id]]
    if not freed:
        return
    UniqueKey.objects.filter(pk__in=[key.pk for key in freed]).delete()
    for key in freed:
        rule = next((r for r in rules.current().blocking[label] if r.pk == key.rule_id), None)
        if rule is not None:
            _pass_on(rule, key.value, {(label, pk) for pk in given})


def _pass_on(rule: MatchRule, value: str, but: set[tuple[str, int]]) -> None:
    """Another record that carries a freed value holds it from now on; rare, since a rule lets no second one in."""
    plain = value.rpartition("|")[0] if rule.kind == MatchKey.Kind.COMPANY else value
    keys = MatchKey.objects.filter(kind=rule.kind, value=plain, entity__in=rule.entities).order_by("record_id")
    places = [place for place in keys.values_list("entity", "record_id")[:50] if place not in but]
    loaded = _load(places) if places else {}
    for place in places:
        record = loaded.get(place)
        if record is not None and (rule.pk, value) in claims_of(record, [rule]):
            row = UniqueKey(rule=rule, value=value, entity=place[0], record_id=place[1])
            UniqueKey.objects.bulk_create([row], ignore_conflicts=True)
            return


def release(record: Any) -> None:
    """Let go of what a record holds within the caller's transaction: what it becomes takes it over (a lead that is converted)."""
    UniqueKey.objects.filter(entity=record._meta.label_lower, record_id=record.pk).delete()


def refusals(records: Sequence[Any], user: Any) -> list[str]:
    """Why each of some new records of one entity can't be written beside what is there, or beside an earlier one of them;
    "" where nothing stands against it. One query for what is held, whoever writes meanwhile is met by the database."""
    label = records[0]._meta.label_lower if records else ""
    blocking = rules.current().blocking.get(label)
    if not blocking:
        return [""] * len(records)
    claims = [claims_of(record, blocking) for record in records]
    values = {value for some in claims for _rule, value in some}
    held = UniqueKey.objects.filter(rule__in=[rule.pk for rule in blocking]).filter(any_of("value", values))
    holders = {(key.rule_id, key.value): (key.entity, key.record_id) for key in held}
    loaded = _load(set(holders.values()))
    said, earlier = [], set()
    for record, some in zip(records, claims, strict=True):
        kin = set(matched(label).kin(record))
        held_by = {c: holders[c] for c in some if c in holders and holders[c] not in kin}
        against = [(loaded[h], some[c]) for c, h in held_by.items() if not _own_registration(loaded[h], record)]
        if against:
            said.append(" ".join(refuse(against, user).messages))
        else:
            said.append(_("It looks like an earlier row.") if earlier & some.keys() else "")
            earlier |= some.keys()
    return said


Progress = Callable[[int], None]


def fill(rule: MatchRule, told: Progress = lambda done: None) -> int:
    """Let the oldest living record of each value hold it under a rule; returns how many records stand beside a holder.

    Safe to run again: those who hold a value keep it.
    """
    beside = 0
    UniqueKey.objects.filter(rule=rule).exclude(entity__in=rule.entities).delete()
    if rule.level != MatchRule.Level.BLOCK or not rule.active:
        UniqueKey.objects.filter(rule=rule).delete()
        return 0
    for label in rule.entities:
        model, last, done = apps.get_model(label), 0, 0
        while rows := list(model._base_manager.filter(pk__gt=last, deleted_at__isnull=True).order_by("pk")[:2000]):
            last = rows[-1].pk
            wanted = [(claim, row.pk) for row in rows for claim in claims_of(row, [rule])]
            made = [UniqueKey(rule_id=r, value=v, entity=label, record_id=pk) for (r, v), pk in wanted]
            UniqueKey.objects.bulk_create(made, ignore_conflicts=True)
            holders = UniqueKey.objects.filter(rule=rule, value__in={v for (_r, v), _pk in wanted})
            own = set(holders.values_list("value", "entity", "record_id"))
            beside += sum((v, label, pk) not in own for (_r, v), pk in wanted)
            done += len(rows)
            told(done)
    return beside
