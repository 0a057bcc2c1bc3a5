"""Looking for pairs of records that look alike: all of an entity in a few statements, or those that were written lately.

Which pairs are worth comparing is worked out in SQL from shared keys; only those are scored. A key that very many records share
says nothing and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from crm.matching import rules
from crm.matching.handlers import KEY
from crm.matching.keys import VERSION, WEAK, Key, keys_of, matched
from crm.matching.models import DuplicateCandidate, KeyState, MatchKey
from crm.matching.scoring import NAME_COUNTS, Facts, alike, compare
from crm.records.copying import copy_in

# So many records that share one key are compared with each other: of weak keys fewer.
LARGEST, LARGEST_WEAK, LARGEST_PART = 100, 30, 12
SOUND = [str(MatchKey.Kind.SOUND)]
BATCH = 20_000
Progress = Callable[[int], None]
Row = tuple[int, int, int, list[list[Any]]]


def scan(label: str, told: Progress = lambda done: None) -> int:
    """Score every pair of living records of the entity that share a key; returns how many look alike.

    Pairs that no longer do are closed; what stewards judged stays judged. One transaction, safe to run again.
    """
    began = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        cursor.execute("set local work_mem = '256MB'")
        newest = _newest()
        rows = list(_scored(label, None, told))
        _keep(label, rows)
        seen = DuplicateCandidate.objects.filter(entity=label, state=DuplicateCandidate.State.OPEN)
        _close_unseen(label, rows)
        KeyState.objects.update_or_create(
            entity=label, defaults={"scanned_at": began, "newest_key": newest, "before_key": newest}
        )
    return seen.count()


def freshen(label: str) -> int:
    """Score the pairs of records whose keys were written since the last but one time; returns how many look alike.

    Each key is looked at twice, so that what commits late is not missed.
    """
    with transaction.atomic():
        state = KeyState.objects.select_for_update(skip_locked=True).filter(entity=label).first()
        if state is None or state.scanned_at is None:
            return 0
        newest = _newest()
        if newest == state.before_key:
            return 0
        written = MatchKey.objects.filter(entity=label, pk__gt=state.before_key)
        ids = list(written.order_by("record_id").values_list("record_id", flat=True).distinct()[:BATCH])
        rows = list(_scored(label, ids)) if ids else []
        _keep(label, rows)
        _close_unseen(label, rows, ids)
        state.before_key, state.newest_key = state.newest_key, newest
        state.save(update_fields=["before_key", "newest_key"])
    return len(rows)


def _newest() -> int:
    return MatchKey.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _scored(label: str, ids: Sequence[int] | None, told: Progress = lambda done: None) -> Iterator[Row]:
    """The pairs that look alike: (first, second, points, reasons)."""
    ours = rules.current()
    least, ignored = ours.policy(label).warn_from, ours.ignored(label)
    names, done = _Names(label), 0
    for batch in _pairs(label, ids, ignored):
        names.load({pk for first, second, _kinds in batch for pk in (first, second)})
        for first, second, kinds in batch:
            if kinds == SOUND and names.differ(first, second, least):
                continue
            one, other = names.of(first, kinds), names.of(second, kinds)
            if one is None or other is None:
                continue
            verdict = compare(one, other, ignored)
            if verdict.points >= least:
                yield first, second, verdict.points, [list(reason) for reason in verdict.reasons]
        done += len(batch)
        told(done)


class _Names:
    """What is compared of the records of one batch of pairs, read at once."""

    def __init__(self, label: str) -> None:
        self.label, self.model, self.how = label, apps.get_model(label), matched(label)
        self.rows: dict[int, tuple[str, bool, list[str]]] = {}

    def load(self, ids: Iterable[int]) -> None:
        """Read the records; what was read for an earlier batch is kept while it is not much."""
        if len(self.rows) > 5 * BATCH:
            self.rows.clear()
        missing = [pk for pk in ids if pk not in self.rows]
        if not missing:
            return
        person = "is_person" in {field.name for field in self.model._meta.concrete_fields}
        columns = ["pk", self.how.name, *(["is_person"] if person else [])]
        records = self.model._base_manager.filter(pk__in=missing, deleted_at__isnull=True).values_list(*columns)
        always = self.how.person(self.model()) if not person else False
        for pk, name, *rest in records:
            self.rows[pk] = (name or "", rest[0] if rest else always, [])
        codes = MatchKey.objects.filter(entity=self.label, kind=MatchKey.Kind.TAX_ID, record_id__in=missing)
        for pk, value in codes.values_list("record_id", "value"):
            if pk in self.rows:
                self.rows[pk][2].append(value)

    def differ(self, first: int, second: int, least: int) -> bool:
        """Whether two records that only sound alike are surely too unlike; most pairs are, so that this must be quick."""
        one, other = self.rows.get(first), self.rows.get(second)
        if one is None or other is None or one[1] or other[1]:
            return True
        return round(alike(one[0], other[0]) * NAME_COUNTS) < least

    def of(self, pk: int, kinds: Iterable[str]) -> Facts | None:
        """The facts of a record of a pair that shares keys of ``kinds``; which they are does not matter any more."""
        row = self.rows.get(pk)
        if row is None:
            return None
        shared = [Key(kind, "shared") for kind in kinds if kind != MatchKey.Kind.TAX_ID]
        return Facts(self.label, row[0], row[1], frozenset([*shared, *(Key("tax_id", code) for code in row[2])]))


def _pairs(label: str, ids: Sequence[int] | None, ignored: Iterable[str]) -> Iterator[list[tuple[int, int, list[str]]]]:
    """Pairs of ids with the kinds of keys they share, those of one key after the other, so that names are read once."""
    among = "" if ids is None else "and (a.record_id = any(%(ids)s) or b.record_id = any(%(ids)s))"
    touched = "" if ids is None else (
        "and (kind, value) in (select kind, value from matching_matchkey where entity = %(label)s and record_id = any(%(ids)s))"
    )  # fmt: skip
    sql = f"""
        with shared as materialized (
            select kind, value, array_agg(record_id order by record_id) ids from matching_matchkey
            where entity = %(label)s and kind <> all(%(ignored)s) {touched} group by kind, value
            having count(*) between 2 and case when kind <> all(%(weak)s) then %(many)s
                when value like '-%%' or value like '%%-' then %(least)s else %(few)s end
        )
        select a.record_id, b.record_id, array_agg(distinct s.kind::text), min(s.value) near
        from shared s, unnest(s.ids) a(record_id), unnest(s.ids) b(record_id)
        where a.record_id < b.record_id {among} group by 1, 2 order by near"""
    params = {
        "label": label,
        "ignored": list(ignored),
        "weak": sorted(WEAK),
        "few": LARGEST_WEAK,
        "many": LARGEST,
        "least": LARGEST_PART,
        "ids": list(ids or ()),
    }
    with connection.cursor().connection.cursor(name="matching_pairs") as cursor:
        cursor.itersize = BATCH
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(BATCH):
            yield [(first, second, kinds) for first, second, kinds, _near in rows]


def _keep(label: str, rows: Sequence[Row]) -> None:
    """Write what was found; what stewards judged keeps its verdict."""
    with connection.cursor() as cursor:
        cursor.execute(
            "create temp table if not exists matching_found"
            " (first_id bigint, second_id bigint, score int, reasons jsonb) on commit drop"
        )
        cursor.execute("truncate matching_found")
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            cursor.execute(
                "insert into matching_found select * from unnest(%s::bigint[], %s::bigint[], %s::int[], %s::jsonb[])",
                [[r[0] for r in part], [r[1] for r in part], [r[2] for r in part], [_json(r[3]) for r in part]],
            )
        cursor.execute(
            "insert into matching_duplicatecandidate (entity, first_id, second_id, score, reasons, state, found_at)"
            " select %s, first_id, second_id, score, reasons, 'open', now() from matching_found"
            " on conflict (entity, first_id, second_id) do update set score = excluded.score, reasons = excluded.reasons,"
            " state = 'open' where matching_duplicatecandidate.state in ('open', 'gone', 'merged')"
            " and (matching_duplicatecandidate.state <> 'open' or matching_duplicatecandidate.score <> excluded.score"
            "  or matching_duplicatecandidate.reasons <> excluded.reasons)",
            [label],
        )


def _json(reasons: list[list[Any]]) -> str:
    return (
        "[" + ",".join(f'["{kind}",{"null" if percent is None else int(percent)}]' for kind, percent in reasons) + "]"
    )


def _close_unseen(label: str, rows: Sequence[Row], ids: Sequence[int] | None = None) -> None:
    """Open pairs that do not look alike any more; of these records alone where ``ids`` are given."""
    among = "" if ids is None else "and (first_id = any(%(ids)s) or second_id = any(%(ids)s))"
    with connection.cursor() as cursor:
        cursor.execute(
            "update matching_duplicatecandidate c set state = 'gone' where entity = %(label)s and state = 'open'"
            # What people are known by besides (accounts, cards) is no key: only stewards close such a pair.
            f" {among} and not reasons @> '[[\"identity\"]]' and not exists (select 1 from matching_found f"
            "  where f.first_id = c.first_id and f.second_id = c.second_id)",
            {"label": label, "ids": list(ids or ())},
        )


def refresh_keys(label: str, after: int, batch: int = 5000) -> tuple[int, int]:
    """Work out the keys of the next records anew; returns (the last id seen or 0 at the end, how many records)."""
    model = apps.get_model(label)
    rows = list(model._base_manager.filter(pk__gt=after, deleted_at__isnull=True).order_by("pk")[:batch])
    if not rows:
        KeyState.objects.update_or_create(entity=label, defaults={"version": VERSION})
        return 0, 0
    wanted = {(row.pk, *key) for row in rows for key in keys_of(row)}
    found = MatchKey.objects.filter(entity=label, record_id__gt=after, record_id__lte=rows[-1].pk)
    present = {(pk, kind, value): key for key, pk, kind, value in found.values_list("pk", "record_id", "kind", "value")}
    MatchKey.objects.filter(pk__in=[key for place, key in present.items() if place not in wanted]).delete()
    copy_in(MatchKey, KEY, [(label, *place) for place in wanted - present.keys()])
    return rows[-1].pk, len(rows)
