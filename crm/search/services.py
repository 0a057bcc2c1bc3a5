"""Finding records: what the index proposes within a person's reach, checked once more by the policy before it is shown.

Two ways to the same rows. A query that many rows match is answered by walking the newest rows within reach; a query that
few match, by the inverted index. The walk is tried first, on a bounded number of rows, because it also tells which it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Model, Q, QuerySet

from crm.access import policy
from crm.access.policy import Scope
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.search.grams import Term, terms
from crm.search.index import search_fields
from crm.search.models import SearchRow

WALK = 3000
CANDIDATES = 120


@dataclass(frozen=True)
class Hit:
    """A record that the user may see, with the entity it belongs to."""

    entity: BoundEntity
    record: Model


def search(user, query: str, *, limit: int = 20, labels: Sequence[str] = ()) -> list[Hit]:
    """At most ``limit`` records that contain every word of ``query``: exact and leading matches first, then the newest."""
    words = terms(query)
    reach = _reach(user, labels)
    if not words or not reach:
        return []
    match, within = _match(words), Q()
    for label, rows in reach.items():
        within |= rows & _known(bind(registry[label], user), words)
    ids = _walk(within, match, limit)
    if ids is None:
        ids = _look_up(within & match)
    rows = SearchRow.objects.filter(id__in=ids).order_by("-at", "-id")
    return _records(user, _ranked(list(rows), words), limit)


def matching_ids(user, label: str, query: str) -> QuerySet:
    """Ids of records of one entity that contain every word of ``query``: a subquery for lists, still to be restricted."""
    bound = bind(registry[label], user)
    words = terms(query)
    rows = SearchRow.objects.filter(entity=label)
    return (
        rows.filter(_match(words) & _known(bound, words)).values("record_id")
        if words
        else rows.none().values("record_id")
    )


def _reach(user, labels: Sequence[str]) -> dict[str, Q]:
    """For each entity the user may view and search: the rows that their scope can hold."""
    access, found = policy.access_of(user), {}
    for label, entity in registry.items():
        if (labels and label not in labels) or not search_fields(entity) or not policy.can(user, label, "view"):
            continue
        mine = Q(entity=label)
        scope = access.scope(label, "view")
        if isinstance(entity.model.access, policy.Owned) and scope != Scope.ALL:
            own = Q(owner_id__in=access.team_ids) if scope >= Scope.TEAM else Q(owner_id=user.pk)
            if scope == Scope.DEPARTMENT and access.department_ids:
                own |= Q(department_id__in=access.department_ids)
            shared = access.shared_ids(label, "view")
            mine &= own | Q(record_id__in=shared) if shared else own
        found[label] = mine
    return found


def _match(words: list[Term]) -> Q:
    """Rows that contain every word, in the form that the indexes answer."""
    match = Q()
    for word in words:
        match &= (
            Q(grams__contains=list(word.grams), haystack__contains=word.text)
            if word.grams
            else Q(haystack__contains=word.text)
        )
    return match


def _known(bound: BoundEntity, words: list[Term]) -> Q:
    """Where a rule guards a searched field, each word must stand in a field whose true value the user may know."""
    names = [name for _kind, name in search_fields(bound.entity)]
    readable = bound.readable(names)
    if len(readable) == len(set(names)):
        return Q()
    known = Q(pk__in=[]) if not readable else Q()
    for word in words:
        known &= reduce(or_, (Q(**{f"parts__{name}__icontains": word.text}) for name in readable), Q())
    return known


def _walk(within: Q, match: Q, limit: int) -> list[int] | None:
    """Ids among the newest rows within reach, or None when so few of them match that the inverted index answers faster."""
    newest, args = SearchRow.objects.filter(within).order_by("-at", "-id").values("id")[:WALK].query.sql_with_params()
    hits, more = SearchRow.objects.filter(match).values("id").query.sql_with_params()
    table = connection.ops.quote_name(SearchRow._meta.db_table)
    newest = newest.replace(f'SELECT {table}."id" AS "id"', f"SELECT {table}.*", 1)
    hits = hits.replace(f"FROM {table}", f"FROM newest AS {table}", 1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH newest AS MATERIALIZED ({newest}) SELECT id, 0 FROM ({hits} LIMIT {limit * 3}) AS hits"
            " UNION ALL SELECT NULL, count(*) FROM newest",
            [*args, *more],
        )
        *found, (_none, walked) = cursor.fetchall()
    return [pk for pk, _walked in found] if walked < WALK or len(found) >= limit * 3 else None


def _look_up(where: Q) -> list[int]:
    """Ids by the inverted index, kept apart from the order so that the planner can't walk the table instead."""
    inner, params = SearchRow.objects.filter(where).values("id", "at").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH found AS MATERIALIZED ({inner}) SELECT id FROM found ORDER BY at DESC, id DESC LIMIT {CANDIDATES}",
            params,
        )
        return [pk for (pk,) in cursor.fetchall()]


def _ranked(rows: list[SearchRow], words: list[Term]) -> list[SearchRow]:
    first = words[0].text

    def nearness(row: SearchRow) -> int:
        lines = row.haystack.split("\n")
        return 0 if first in lines else 1 if any(line.startswith(first) for line in lines) else 2

    return sorted(rows, key=nearness)


def _records(user, rows: list[SearchRow], limit: int) -> list[Hit]:
    """The records of the first rows that the policy lets through, one query an entity."""
    rows, ids = rows[: limit * 2], {}
    for row in rows:
        ids.setdefault(row.entity, []).append(row.record_id)
    found = {}
    for label, pks in ids.items():
        bound = bind(registry[label], user)
        relations = [f.relation for f in bound.visible(bound.entity.subtitle) if f.relation]
        records = bound.records().select_related(*relations) if relations else bound.records()
        found |= {(label, record.pk): Hit(bound, record) for record in records.filter(pk__in=pks)}
    hits = [found[row.entity, row.record_id] for row in rows if (row.entity, row.record_id) in found]
    return hits[:limit]
