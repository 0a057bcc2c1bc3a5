"""Scoring: all rules of an entity over any rows in one statement; who got hot is told of once.

A fading rule gives points × 0.5 ^ (days since the date / half-life); a date ahead counts in full.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models, transaction
from django.db.models import Case, FloatField, Func, Value, When
from django.utils import timezone

from crm.customfields.definitions import kept
from crm.entities.ruling import ruled_q
from crm.fields.field import resolve
from crm.notifications.services import notify
from marketing.scoring.models import AccountFit, FitScore, LeadFit, Of, ScoreModel, ScoreRule
from marketing.scoring.notices import HOT

TABLES: dict[str, type[FitScore]] = {Of.LEAD: LeadFit, Of.ACCOUNT: AccountFit}
BATCH = 20_000
_FADE = "power(0.5, greatest(0, extract(epoch from (%(expressions)s)) / 86400.0 / {days}))"


class _Faded(Func):
    """What is left of one after the time since a date."""

    arg_joiner = " - "
    output_field = FloatField()

    def __init__(self, now: datetime, field: Any, days: int) -> None:
        super().__init__(Value(now, output_field=models.DateTimeField()), field, template=_FADE.format(days=int(days)))


def rules_of(label: str) -> list[ScoreRule]:
    """The rules in use, as this process keeps them: no query while nothing changes."""
    return kept(("scoring", label), lambda: list(ScoreRule.objects.filter(of=label, active=True)))


def hot_from(label: str) -> ScoreModel | None:
    """From when on a record is hot; None: never."""
    return kept(("scoring hot", label), lambda: ScoreModel.objects.filter(of=label).first())


def points_of(rule: ScoreRule, model: type[models.Model], now: datetime) -> Any:
    """The points of a rule in SQL; none where its condition or its date is not understood any more."""
    worth: Any = Value(float(rule.points))
    if rule.half_life and rule.dated_by:
        try:
            field = resolve(model, rule.dated_by)
        except (FieldDoesNotExist, LookupError):
            return Value(0.0)
        date = Func(field.expression(), template="(%(expressions)s)::timestamptz", output_field=models.DateTimeField())
        worth = Case(
            When(field.empty(), then=Value(0.0)),
            default=Value(float(rule.points)) * _Faded(now, date, rule.half_life),
            output_field=FloatField(),
        )
    return Case(When(ruled_q(model, rule.condition, now), then=worth), default=Value(0.0), output_field=FloatField())


def score(label: str, ids: Collection[int] | None = None, *, now: datetime | None = None, tell: bool = True) -> int:
    """Score the records with ``ids``, or all; how many scores moved."""
    model, now = apps.get_model(label), now or timezone.now()
    rules = rules_of(label)
    if ids is not None:
        return _scored(label, model, rules, model._base_manager.filter(pk__in=list(ids)), now, tell)
    count, after = 0, 0
    while True:
        rows = model._base_manager.filter(pk__gt=after).order_by("pk")
        last = list(rows.values_list("pk", flat=True)[BATCH - 1 : BATCH])
        part = model._base_manager.filter(pk__gt=after, **({"pk__lte": last[0]} if last else {}))
        count += _scored(label, model, rules, part, now, tell)
        if not last:
            return count
        after = last[0]


@transaction.atomic
def _scored(label: str, model: Any, rules: list[ScoreRule], rows: Any, now: datetime, tell: bool) -> int:
    marks = {f"rule_{rule.pk}": points_of(rule, model, now) for rule in rules}
    inner, params = rows.order_by().annotate(**marks).values_list("pk", *marks).query.sql_with_params()
    names = [f"r{rule.pk}" for rule in rules]
    total = " + ".join(names) or "0"
    pairs = ", ".join(
        f"'{rule.pk}', nullif(round({name}::numeric, 1), 0)" for rule, name in zip(rules, names, strict=True)
    )
    hot = hot_from(label)
    table = TABLES[label]._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""with found as (
                  select id, round(({total})::numeric)::int as score, jsonb_strip_nulls(jsonb_build_object({pairs})) as reasons
                  from ({inner}) as t ({", ".join(["id", *names])})),
                before as materialized (
                  select s.record_id, s.hot_at, f.score, f.reasons from {table} s join found f on f.id = s.record_id
                  where (s.score, s.reasons) is distinct from (f.score, f.reasons)
                     or (s.hot_at is null) = (f.score >= %s) order by s.record_id for update of s)
                update {table} s set score = b.score, reasons = b.reasons,
                  hot_at = case when b.score >= %s then coalesce(s.hot_at, %s) end
                from before b where b.record_id = s.record_id
                returning s.record_id, b.hot_at is null and s.hot_at is not null""",
            [*params, hot.hot_from if hot else 2**31 - 1, hot.hot_from if hot else 2**31 - 1, now],
        )
        moved = cursor.fetchall()
    if tell and hot and hot.tell:
        tell_owners(model, [pk for pk, became in moved if became], now)
    return len(moved)


def tell_owners(model: Any, ids: list[int], now: datetime) -> None:
    """Tell whose records got hot; the same crossing is told once."""
    for record in model._base_manager.filter(pk__in=ids, deleted_at__isnull=True).select_related("owner"):
        key = f"hot:{record.entity_label()}:{record.pk}:{now.isoformat()}"
        if record.owner is not None:
            notify([record.owner], HOT, record=record, key=key)


def reasons_of(record: Any) -> list[tuple[ScoreRule, float]]:
    """The rules that gave points, the weightiest first."""
    fit = getattr(record, "fit", None)
    held = fit.reasons if fit is not None else {}
    found = [(rule, float(held[str(rule.pk)])) for rule in rules_of(record.entity_label()) if str(rule.pk) in held]
    return sorted(found, key=lambda pair: -abs(pair[1]))
