"""Finding records: what the index proposes within a person's reach, checked once more by the policy before it is shown.

Two ways to the same rows. What many rows match is found by walking the newest rows within reach until enough are found; what
few match, by the inverted index; what some thousands match, by the inverted index among the latest. A sample of the rows says
which is cheaper, and a way that leads to too few gives up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import inf
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Model, Q, QuerySet, Value
from django.db.models.functions import Coalesce, StrIndex
from django.db.models.lookups import GreaterThan

from crm.access.policy import Owned
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.search.grams import Term, terms
from crm.search.models import SearchRow
from crm.search.reach import Reach, allowed_rows, joined_rows, known, of_entities, reaches, within
from crm.search.sample import NEWEST, Share, sample

CANDIDATES = 3  # rows looked at for each one wanted: the policy may refuse some
FEW = 3000  # so many ids a statement takes well
BRANCHES = 60
FAR = 60_000
_ORDER = "order by at desc, id desc"
_NEAR = "case when strpos(haystack, %s) > 0 then 0 when strpos(haystack, %s) > 0 then 1 else 2 end"


@dataclass(frozen=True)
class Hit:
    """A record that the user may see, with the entity it belongs to."""

    entity: BoundEntity
    record: Model


class Found(NamedTuple):
    """A row of the index: 0 is the word itself, 1 begins with it, 2 contains it."""

    near: int
    at: datetime
    id: int
    entity: str
    record_id: int


Key = tuple[str, int]
Where = tuple[str, tuple]


def search(user, query: str, *, limit: int = 20, labels: Sequence[str] = ()) -> list[Hit]:
    """At most ``limit`` records that contain every word of ``query``: exact and leading matches first, then the newest."""
    words = terms(query)
    if not words:
        return []
    found = _candidates(user, words, labels, limit * CANDIDATES)
    found.sort(key=lambda row: (row.near, -row.at.timestamp(), -row.id))
    return _records(user, list(dict.fromkeys((row.entity, row.record_id) for row in found)), limit)


class Part(NamedTuple):
    """A condition on rows of the index and how many are wanted. ``instead``: what to ask once it is known how many there are."""

    where: Where
    most: int
    instead: Callable[[int], list[Part]] = lambda count: []


def _candidates(user, words: Sequence[Term], labels: Sequence[str], most: int) -> list[Found]:
    """The nearest rows: within reach by owner and department, to be judged, and of records in which the user takes part.

    Entities that the user sees whole are asked for apart from those of which some owners' rows are in reach: each has its way.
    """
    reach, judged, joined = reaches(user, labels)
    parts = [*_to_be_judged(user, words, judged, most), *_taking_part(user, words, joined, most)]
    found: list[Found] = []
    for alike in ([each for each in reach if each.everything], [each for each in reach if not each.everything]):
        where = _sql(within(alike, user, words) & _match(words)) if alike else None
        if where is None:
            continue
        share = sample.share(words, alike)
        walk = _way(alike, share, most)
        if walk and (met := _walk(walk, where, words, most)):
            found += met
        else:
            parts.append(_by_index(share, where, most))
    return found + _asked(parts, words)


def _to_be_judged(user, words: Sequence[Term], labels: Sequence[str], most: int) -> Iterator[Part]:
    """Rows of entities where owner and department do not tell what is within reach.

    Few are handed on as they are, since the policy judges every record before it is shown. Of many, those out of reach could
    use up the places: then the policy judges in the statement, which takes longer.
    """
    for some in _by_own_gram(labels):
        condition = of_entities(some, user, words) & _match(words)
        if where := _sql(condition):
            yield Part(where, most + 1, partial(_judged, user, condition, some, most))


def _judged(user, condition: Q, labels: Sequence[str], most: int, count: int) -> list[Part]:
    if count <= most:
        return []
    wheres = [_sql(condition & Q(entity=label) & allowed_rows(label, user)) for label in labels]
    return [Part(where, most) for where in wheres if where]


def _taking_part(user, words: Sequence[Term], labels: Sequence[str], most: int) -> Iterator[Part]:
    """Rows of records that reach the user because they take part in them."""
    for label in labels:
        if where := _sql(of_entities([label], user, words) & joined_rows(label, user) & _match(words)):
            yield Part(where, most)


def _asked(parts: Sequence[Part], words: Sequence[Term]) -> list[Found]:
    """What the parts find, in one statement where the numbers are as expected."""
    found: list[Found] = []
    for part, rows in zip(parts, _look_up(parts, words) if parts else (), strict=True):
        instead = part.instead(len(rows))
        found += _asked(instead, words) if instead else rows
    return found


def _by_own_gram(labels: Sequence[str]) -> list[list[str]]:
    """The entities whose rows the index tells apart, in one statement; each of the others in its own."""
    owned = [label for label in labels if isinstance(registry[label].model.access, Owned)]
    rest = [label for label in labels if label not in owned]
    return [*([rest] if rest else []), *([label] for label in owned)]


def matching_ids(user, label: str, query: str) -> QuerySet | list[int]:
    """Ids of records of one entity that contain every word of ``query``, still to be restricted: for the search in a list.

    Few are named, so that the list fetches just them; of many, each row of the list asks, so that it stops at a full page.
    """
    words = terms(query)
    if not words:
        return []
    condition = _match(words) & known(registry[label], user, words)
    share = sample.share(words, [Reach((label,), everything=True)])
    if share is None or share.both < 1.5 * FEW:
        # Behind coalesce() the entity is a filter only, so that its own index is not read from end to end.
        few = SearchRow.objects.alias(of=Coalesce("entity", Value(""))).filter(condition, of=label)
        ids = list(few.values_list("record_id", flat=True)[: FEW + 1])
        if len(ids) <= FEW:
            return ids
    return SearchRow.objects.filter(condition, entity=label).values_list("record_id", flat=True)


def _match(words: Iterable[Term]) -> Q:
    """Rows that contain every word, in the form that the inverted index answers; what a walk compares first stands first."""
    match = Q()
    for word in words:
        match &= Q(GreaterThan(StrIndex("haystack", Value(word.text)), 0))
    for word in words:
        if word.ends:
            match &= Q(grams__overlap=list(word.ends))
    grams = sorted({gram for word in words for gram in word.grams})
    return match & Q(grams__contains=grams) if grams else match


@dataclass(frozen=True)
class Walk:
    """Walking the newest rows, at most ``steps`` of them: all, or those that some owners and departments have, merged."""

    steps: int
    owners: tuple[int, ...] = ()
    departments: tuple[int, ...] = ()
    each: int = 0

    def sql(self) -> tuple[str, list]:
        """The rows it meets, newest first."""
        table = connection.ops.quote_name(SearchRow._meta.db_table)
        branches: list[tuple[str, list]] = [("department_id = %s", [pk]) for pk in self.departments]
        if self.departments:
            apart = "owner_id = %s and (department_id is null or department_id <> all(%s))"
            branches += [(apart, [pk, list(self.departments)]) for pk in self.owners]
        else:
            branches = [("owner_id = %s", [pk]) for pk in self.owners]
        if not branches:
            return f"select * from {table} {_ORDER} limit %s", [self.steps]
        # With a limit of its own each branch walks its index; without one the planner would fetch and sort all of it.
        merged = " union all ".join(
            f"(select * from {table} where {condition} {_ORDER} limit %s)" for condition, _args in branches
        )
        return f"select * from ({merged}) merged {_ORDER} limit %s", [
            *(arg for _condition, args in branches for arg in (*args, self.each)),
            self.steps,
        ]


def _way(reach: Sequence[Reach], share: Share | None, most: int) -> Walk | None:
    """The walk to try, or None when the inverted index answers sooner. Costs are in microseconds, as measured."""
    if share is None:
        return None
    both = max(share.both, share.matching * share.reached / share.rows)
    owners, departments = _branches(reach)
    narrow = share.reached < share.rows / 2 and 0 < len(owners) + len(departments) <= BRANCHES
    steps = most * (share.reached if narrow else share.rows) / max(both, 1)
    if not narrow:  # the newest rows tell best how far; where none of them does both, the way begins behind them
        behind = 2 * (NEWEST + steps)
        steps = min(most / share.newest, behind) if share.newest else behind
    fetch = min(1.2 * share.matching, 0.15 * (share.reached + share.matching) + 1.2 * both)
    if steps > fetch:
        return None
    if narrow:
        # Of more than about half of a branch the planner would rather fetch and sort all.
        half, branches = share.reached / 2, len(owners) + len(departments)
        each = min(300 + 2 * steps / branches, half / branches)
        return Walk(int(min(2 * steps + 500, half)), owners, departments, int(each) + 1)
    # It may go on for as long as the inverted index would have taken.
    return Walk(int(max(2 * steps + 500, fetch)))


def _branches(reach: Sequence[Reach]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The owners and departments whose rows are all that is in reach, where it is so."""
    if any(each.everything or each.shared for each in reach):
        return (), ()
    owners = sorted({pk for each in reach for pk in each.owners})
    return tuple(owners), tuple(sorted({pk for each in reach for pk in each.departments}))


def _walk(walk: Walk, where: Where, words: Sequence[Term], most: int) -> list[Found] | None:
    """The nearest of the newest matches; None when the walk did not meet enough of them."""
    table = connection.ops.quote_name(SearchRow._meta.db_table)
    rows, args = walk.sql()
    condition, params = where
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {_NEAR}, at, id, entity, record_id from ({rows}) {table} where {condition} limit %s",
            [*_near(words), *args, *params, most],
        )
        found = [Found(*row) for row in cursor.fetchall()]
    return found if len(found) == most else None


def _by_index(share: Share | None, where: Where, most: int) -> Part:
    """By the inverted index. Of thousands of matches first only the latest, where reading so far back by time is cheaper than
    reading every match: two indexes tell which these are before any row is read."""
    whole, (condition, params) = Part(where, most), where
    if share is None or share.depth == inf or share.reached < share.rows / 2:
        return whole
    # A row that is only told apart by time costs a twentieth of one that is read: so far back it pays in any case.
    since = sample.since(min(max(share.depth, 6 * share.both), 10 * share.both, FAR))
    if since is None:
        return whole
    latest = (f"({condition}) and at >= %s", (*params, since))
    return Part(latest, most, lambda count: [] if count >= most else [whole])


def _look_up(parts: Sequence[Part], words: Sequence[Term]) -> list[list[Found]]:
    """The nearest matches of each part; ordered by an expression, so that the planner can't walk instead."""
    table = connection.ops.quote_name(SearchRow._meta.db_table)
    statements, args = [], []
    for number, part in enumerate(parts):
        condition, params = part.where
        statements.append(
            f"(select {_NEAR} near, at, id, entity, record_id, {number} from {table} where {condition}"
            " order by near, at desc, id desc limit %s)"
        )
        args += [*_near(words), *params, part.most]
    found: list[list[Found]] = [[] for _part in parts]
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(statements), args)
        for *row, number in cursor.fetchall():
            found[number].append(Found(*row))
    return found


def _near(words: Sequence[Term]) -> list[str]:
    """What stands in the text of a row that is the first word, and in one that begins with it."""
    return [f"\n{words[0].text}\n", f"\n{words[0].text}"]


def _sql(condition: Q) -> Where | None:
    """A condition as it stands in a statement over the rows of the index; None when nothing can fulfil it."""
    try:
        sql, params = SearchRow.objects.filter(condition).values(one=F("id")).query.sql_with_params()
    except EmptyResultSet:
        return None
    return sql.partition(" WHERE ")[2], params


def _records(user, keys: Sequence[Key], limit: int) -> list[Hit]:
    """The first records that the policy lets through, one query an entity; more are asked for only where some are refused."""
    hits: list[Hit] = []
    for start in range(0, len(keys), limit):
        part = keys[start : start + limit]
        found = _allowed(user, part)
        hits += [found[key] for key in part if key in found]
        if len(hits) >= limit:
            break
    return hits[:limit]


def _allowed(user, keys: Sequence[Key]) -> dict[Key, Hit]:
    ids: dict[str, list[int]] = {}
    for label, pk in keys:
        ids.setdefault(label, []).append(pk)
    found = {}
    for label, pks in ids.items():
        bound = bind(registry[label], user)
        relations = [f.relation for f in bound.visible(bound.entity.subtitle) if f.relation]
        records = bound.among(pks).select_related(*relations) if relations else bound.among(pks)
        found |= {(label, record.pk): Hit(bound, record) for record in records}
    return found
