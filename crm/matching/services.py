"""Which records look like the same thing, told only as far as the reader may know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm.access import policy
from crm.lib.lookups import any_of
from crm.lib.uscc import is_mistyped_code
from crm.matching import rules
from crm.matching.claims import claims_of
from crm.matching.holders import told_of
from crm.matching.keys import WEAK, Key, compared_with, is_matched, keys_of, matched, tax_key
from crm.matching.models import MatchKey, MatchRule, Registration
from crm.matching.scoring import Reason, Verdict, compare, facts_of

STRONG = ("tax_id", "email", "phone", "company", "person")
MOST = 20
# So many records that share one key are compared; a key that more share says nothing.
BLOCK = 200


_askers: list[Callable[[Any, Any], str]] = []


def set_asker(fn: Callable[[Any, Any], str]) -> None:
    """``fn(record, user)`` is the address where one asks about what stands in the way of a record."""
    _askers[:] = [fn]


@dataclass(frozen=True)
class Match:
    """A record that looks like another one. ``record`` is None when the reader may not see it: then ``told`` says what the house
    tells of it. ``blocked``: the house refuses to have both. ``owned``: there is somebody whom one can ask; what lies in a pool has
    nobody. ``entity`` and ``pk`` are not for showing."""

    record: Any
    reasons: tuple[Reason, ...] = ()
    points: int = 0
    told: str = ""
    blocked: bool = False
    entity: str = ""
    pk: int = 0
    ask_url: str = ""
    owned: bool = True


@dataclass
class Matches:
    """The records found, best first, and those that the reader may not see."""

    found: list[Match] = field(default_factory=list)
    unseen: list[Match] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        return len(self.unseen)

    def __bool__(self) -> bool:
        return bool(self.found or self.unseen)


def candidates(record: Any, user: Any, *, model: type[models.Model] | None = None) -> Matches:
    """Records of ``model`` (default: that of ``record``) that look like ``record``, saved or not.

    Of what the user may not see only what the house tells is said.
    """
    return candidates_many([record], user, model=model)[0]


def warnings_of(record: Any, user: Any) -> list[Match]:
    """The matches of a record that is being entered, among all entities it is compared with."""
    label = record._meta.label_lower
    across = rules.current().policy(label).across
    labels = compared_with(label) if across else [label]
    found = _matches_of([record], user, labels)[0]
    askable = any(match.owned for match in found.unseen)
    url = next((asker(record, user) for asker in _askers), "") if askable else ""
    unseen = [replace(match, ask_url=url) if match.owned else match for match in found.unseen]
    return [*notes_on(record), *found.found, *unseen]


@dataclass(frozen=True)
class Note:
    """Something that looks wrong in a record that is being entered; whoever enters it may mean it all the same."""

    note: str


def notes_on(record: Any) -> list[Note]:
    """A credit code whose check character does not fit, where it was entered just now: its field is named."""
    code = getattr(record, "tax_id", "") or ""
    if not is_mistyped_code(code):
        return []
    label, key = record._meta.label_lower, tax_key(code)
    stood = (
        record.pk and key and MatchKey.objects.filter(entity=label, record_id=record.pk, kind=key.kind, value=key.value)
    )
    if stood and stood.exists():
        return []
    said = _(
        "%(field)s: this is no valid unified social credit code. The check character does not fit; look for a slip."
    )
    return [Note(said % {"field": capfirst(str(record._meta.get_field("tax_id").verbose_name))})]


def candidates_many(rows: Sequence[Any], user: Any, *, model: type[models.Model] | None = None) -> list[Matches]:
    """The matches of each of ``rows``, in a few queries however many there are."""
    if not rows:
        return []
    return _matches_of(rows, user, [(model or type(rows[0]))._meta.label_lower])


def matching_ids(
    rows: Sequence[Any],
    *,
    model: type[models.Model],
    kinds: Iterable[str] = STRONG,
    keys: Sequence[Iterable[Key]] | None = None,
) -> list[list[int]]:
    """For each row the ids of records that share a key of ``kinds``, whoever may see them: for imports that match by rule.

    ``keys`` are those of the rows, where the caller has them already.
    """
    kinds = set(kinds) - WEAK
    keys = [{key for key in some if key.kind in kinds} for some in (keys or map(keys_of, rows))]
    sharing: dict[Key, list[int]] = defaultdict(list)
    by_kind: dict[str, list[str]] = defaultdict(list)
    for key in {key for some in keys for key in some}:
        by_kind[key.kind].append(key.value)
    for kind, values in by_kind.items():
        found = MatchKey.objects.filter(entity=model._meta.label_lower, kind=kind).filter(any_of("value", values))
        for value, pk in found.values_list("value", "record_id").order_by("record_id"):
            sharing[Key(kind, value)].append(pk)
    return [sorted({pk for key in some for pk in sharing.get(key, ())}) for some in keys]


def _matches_of(rows: Sequence[Any], user: Any, labels: Sequence[str]) -> list[Matches]:
    """One query for what shares a key, then two for each entity that has any of it."""
    label = rows[0]._meta.label_lower
    ours = rules.current()
    ignored = ours.ignored(label)
    facts = [facts_of(row) for row in rows]
    sharing = _sharing(labels, {key for some in facts for key in some.keys if key.kind not in ignored})
    wanted = [_near(some.keys, sharing, row, label) for some, row in zip(facts, rows, strict=True)]
    loaded = _load({place for near in wanted for place in near})
    least = ours.policy(label).warn_from
    verdicts: list[list[tuple[Any, Verdict, bool]]] = []
    for row, some, near in zip(rows, facts, wanted, strict=True):
        kin = set(matched(label).kin(row))
        judged = []
        for place in near:
            other = loaded.get(place)
            if (
                other is None
                or _is_own_registration(other, row, user)
                or place in kin
                or (label, row.pk) in set(matched(place[0]).kin(other))
            ):
                continue
            them = facts_of(other)
            verdict = compare(some, them, ignored)
            blocked = _blocks(row, other, ours, {key for key in some.keys if (label, row.pk) in sharing.get(key, ())})
            if verdict.points >= least or blocked:
                judged.append((other, verdict, blocked))
        verdicts.append(judged)
    return _told(verdicts, user)


def _blocks(row: Any, other: Any, ours: rules.Rules, known: set[Key]) -> bool:
    """Whether a rule refuses the two to stand beside each other; what the row carries already was there before the rule."""
    if isinstance(other, Registration):
        return other.is_active and any(k.kind in MatchRule.BLOCKING for k in (keys_of(row) & keys_of(other)) - known)
    wanted, held = (ours.blocking.get(record._meta.label_lower) for record in (row, other))
    if not wanted or not held:
        return False
    fresh = {claim for claim, key in claims_of(row, wanted).items() if key not in known}
    return bool(fresh and fresh & claims_of(other, held).keys())


def _is_own_registration(other: Any, row: Any, user: Any) -> bool:
    """What the reader registered themself, or what nobody is kept out of any more, stands in nobody's way."""
    if not isinstance(other, Registration):
        return False
    return not other.is_active or other.owner_id == (row.owner_id or user.pk)


def _sharing(labels: Sequence[str], keys: set[Key]) -> dict[Key, list[tuple[str, int]]]:
    """The living records by key, up to ``BLOCK`` for each weak one; one query."""
    found: dict[Key, list[tuple[str, int]]] = defaultdict(list)
    if not keys:
        return found
    given = sorted(keys)
    with connection.cursor() as cursor:
        cursor.execute(
            "select k.kind, k.value, m.entity, m.record_id from unnest(%s::text[], %s::text[]) k(kind, value),"
            " lateral (select entity, record_id from matching_matchkey"
            "  where kind = k.kind and value = k.value and entity = any(%s) limit %s) m order by m.record_id",
            [[key.kind for key in given], [key.value for key in given], list(labels), BLOCK],
        )
        for kind, value, entity, pk in cursor.fetchall():
            found[Key(kind, value)].append((entity, pk))
    return {key: places for key, places in found.items() if key.kind not in WEAK or len(places) < BLOCK}


def _near(
    keys: Iterable[Key], sharing: dict[Key, list[tuple[str, int]]], row: Any, label: str
) -> list[tuple[str, int]]:
    """The places of records that share a key with a row, itself left out."""
    places = dict.fromkeys(place for key in sorted(keys) for place in sharing.get(key, ()))
    places.pop((label, row.pk), None)
    return list(places)


def _load(places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Any]:
    """The records themselves, whoever may see them: they are compared before anybody is told of them."""
    by_label: dict[str, list[int]] = defaultdict(list)
    for label, pk in places:
        if is_matched(label):
            by_label[label].append(pk)
    found = {}
    for label, ids in by_label.items():
        records = apps.get_model(label)._base_manager.filter(deleted_at__isnull=True).in_bulk(ids)
        found |= {(label, pk): record for pk, record in records.items()}
    return found


def _told(verdicts: list[list[tuple[Any, Verdict, bool]]], user: Any) -> list[Matches]:
    """What the reader hears: records that they see, and of the others what the house tells of them."""
    by_model: dict[type[models.Model], set[int]] = defaultdict(set)
    for judged in verdicts:
        for other, _verdict, _blocked in judged:
            by_model[type(other)].add(other.pk)
    seen = {(model, pk) for model, ids in by_model.items() for pk in policy.visible_ids(user, model, ids)}
    hidden = [other for judged in verdicts for other, _v, _b in judged if (type(other), other.pk) not in seen]
    said = told_of(hidden, rules.current()) if hidden else {}
    result = []
    for judged in verdicts:
        judged = sorted(judged, key=lambda one: (not one[2], -one[1].points, one[0].pk))
        matches = Matches()
        for other, verdict, blocked in judged:
            place = other._meta.label_lower, other.pk
            if (type(other), other.pk) in seen:
                matches.found.append(Match(other, verdict.reasons, verdict.points, "", blocked, *place))
            else:
                owned = other.owner_id is not None
                told = said.get(place, "")
                matches.unseen.append(Match(None, (), verdict.points, told, blocked, *place, owned=owned))
        matches.found = matches.found[:MOST]
        result.append(matches)
    return result
