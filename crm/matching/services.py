"""Which records look like the same thing, told only as far as the reader may know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from crm.access import policy
from crm.lib.lookups import any_of
from crm.matching.keys import Key, keys_of
from crm.matching.models import MatchKey

# The order in which reasons count: an id that is meant to be unique says more than a name.
WEIGHT = {"tax_id": 8, "email": 4, "phone": 4, "company": 2, "person": 2}
MOST = 20


@dataclass(frozen=True)
class Match:
    """A record that shares ``reasons`` with another one. ``record`` is None when the reader may not see it."""

    record: Any
    reasons: tuple[Key, ...]

    @property
    def score(self) -> int:
        return sum(WEIGHT[kind] for kind in {key.kind for key in self.reasons})


@dataclass
class Matches:
    """The records found, best first, and how many more there are that the reader may not see."""

    found: list[Match] = field(default_factory=list)
    hidden: int = 0

    def __bool__(self) -> bool:
        return bool(self.found or self.hidden)


def candidates(record: Any, user: Any, *, model: type[models.Model] | None = None) -> Matches:
    """Records of ``model`` (default: that of ``record``) that share a key with ``record``, saved or not.

    What the user may not see is only counted.
    """
    return candidates_many([record], user, model=model)[0]


def warnings_of(record: Any, user: Any) -> list[Match]:
    """The matches of a record that is being entered; each one the user may not see comes without its record."""
    matches = candidates(record, user)
    return [*matches.found, *[Match(None, ())] * matches.hidden]


def candidates_many(rows: Sequence[Any], user: Any, *, model: type[models.Model] | None = None) -> list[Matches]:
    """The matches of each of ``rows``, in three queries however many there are."""
    if not rows:
        return []
    model = model or type(rows[0])
    keys = [keys_of(row) for row in rows]
    sharing = _sharing(model, {key for some in keys for key in some})
    own = model is type(rows[0])
    wanted = [_reasons(some, sharing, row.pk if own else None) for row, some in zip(rows, keys, strict=True)]
    ids = {pk for reasons in wanted for pk in reasons}
    seen = model._base_manager.in_bulk(policy.visible_ids(user, model, ids)) if ids else {}
    return [_matches(reasons, seen) for reasons in wanted]


def matching_ids(
    rows: Sequence[Any],
    *,
    model: type[models.Model],
    kinds: Iterable[str] = WEIGHT,
    keys: Sequence[Iterable[Key]] | None = None,
) -> list[list[int]]:
    """For each row the ids of records that share a key of ``kinds``, whoever may see them: for imports that match by rule.

    ``keys`` are those of the rows, where the caller has them already.
    """
    kinds = set(kinds)
    keys = [{key for key in some if key.kind in kinds} for some in (keys or map(keys_of, rows))]
    sharing = _sharing(model, {key for some in keys for key in some})
    return [sorted({pk for key in some for pk in sharing.get(key, ())}) for some in keys]


def _sharing(model: type[models.Model], keys: set[Key]) -> dict[Key, list[int]]:
    """The ids of living records by key."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        by_kind[key.kind].append(key.value)
    found: dict[Key, list[int]] = defaultdict(list)
    for kind, values in by_kind.items():
        rows = MatchKey.objects.filter(entity=model._meta.label_lower, kind=kind).filter(any_of("value", values))
        for value, pk in rows.values_list("value", "record_id").order_by("record_id"):
            found[Key(kind, value)].append(pk)
    return found


def _reasons(keys: Iterable[Key], sharing: dict[Key, list[int]], self_pk: int | None) -> dict[int, list[Key]]:
    reasons: dict[int, list[Key]] = defaultdict(list)
    for key in sorted(keys, key=lambda key: -WEIGHT[key.kind]):
        for pk in sharing.get(key, ()):
            if pk != self_pk:
                reasons[pk].append(key)
    return reasons


def _matches(reasons: dict[int, list[Key]], seen: dict[int, Any]) -> Matches:
    found = [Match(seen[pk], tuple(keys)) for pk, keys in reasons.items() if pk in seen]
    found.sort(key=lambda match: (-match.score, match.record.pk))
    return Matches(found[:MOST], hidden=sum(pk not in seen for pk in reasons))
