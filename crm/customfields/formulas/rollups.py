"""Roll-ups: count, sum, smallest, largest, average over the living rows that link to a record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Avg, Count, F, Max, Min, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.customfields import definitions
from crm.customfields.formulas.paths import Path, fields_of
from crm.customfields.values import ROOM, CustomValue
from crm.fields.conditions import Group, Reader, parse
from crm.fields.field import AnyField, Field, resolve
from crm.records.models import Record

FUNCTIONS = {
    "count": gettext_lazy("Number of rows"),
    "sum": gettext_lazy("Sum"),
    "min": gettext_lazy("Smallest"),
    "max": gettext_lazy("Largest"),
    "avg": gettext_lazy("Average"),
}
_SQL: dict[str, Callable[..., Any]] = {"sum": Sum, "min": Min, "max": Max, "avg": Avg}
NUMERIC = ("number", "integer", "money", "percent")
ADDED = ("number", "integer", "money")
PERSONAL = frozenset({"me", "my_team"})
CLOCKED = frozenset(
    {
        "today",
        "this_week",
        "this_month",
        "this_quarter",
        "this_year",
        "last_days",
        "next_days",
        "older_days",
        "full_days",
    }
)
# The name of the link of what hangs on records of any entity.
ATTACHED = "on"


class FieldLink:
    """The rows link by a field of theirs, a column or one that admins defined."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.names = frozenset({field.name})

    def parent(self, row: Any) -> int | None:
        """The id of the record that a row links to."""
        found: int | None = self.field.raw(row)
        return found

    def q(self, ids: Collection[int]) -> Q:
        """The rows that link to one of the records."""
        return self.field.q("in", list(ids))

    def expression(self) -> Any:
        """What groups the rows: the id of the record, a text where it lies in JSON."""
        return self.field.expression()


class AttachedLink:
    """The rows hang on a record of any entity."""

    names = frozenset({"on_entity", "on_id"})

    def __init__(self, label: str) -> None:
        self.label = label

    def parent(self, row: Any) -> int | None:
        return row.on_id if row.on_entity == self.label else None

    def q(self, ids: Collection[int]) -> Q:
        return Q(on_entity=self.label, on_id__in=list(ids))

    def expression(self) -> Any:
        return F("on_id")


@dataclass(frozen=True)
class RollUp:
    """``function`` of ``value`` over the rows of ``child`` that ``link`` to the record and fulfil ``where``."""

    child: type[Record]
    link: FieldLink | AttachedLink
    function: str
    value: Path | None
    where: Group

    @property
    def watched(self) -> frozenset[str]:
        """The columns of a row that say whether and where it counts."""
        return self.link.names | {"deleted_at"}

    @property
    def by_the_clock(self) -> bool:
        return any(test.op in CLOCKED for test in self.where.tests())

    @property
    def nothing(self) -> Any:
        """The value over no rows."""
        return 0 if self.function in {"count", "sum"} else None

    def aggregate(self) -> Any:
        """The value in SQL, over the rows of each record."""
        condition = self.where.q(Reader(0, (), timezone.now())) if self.where.nodes else None
        if self.function == "count" or self.value is None:
            return Count("pk", filter=condition)
        return _SQL[self.function](self.value.field.expression(), filter=condition)

    def load(self, found: Any) -> Any:
        """What the database gave as a value; days and moments in JSON come as texts."""
        if found is None or self.function == "count" or self.value is None:
            return self.nothing if found is None else found
        field = self.value.field
        return (
            field.definition.made_by.load(found) if isinstance(field, CustomValue) and isinstance(found, str) else found
        )


def read_rollup(model: type[models.Model], said: dict[str, Any]) -> RollUp:
    """A roll-up as it was defined; ValidationError names the setting that can't be."""
    links = dict(link_choices(model))
    chosen = str(said.get("link") or "")
    if chosen not in links:
        raise ValidationError({"link": _("Choose which rows are counted.")})
    label, _colon, name = chosen.partition(":")
    child = apps.get_model(label)
    link = AttachedLink(model._meta.label_lower) if name == ATTACHED else FieldLink(resolve(child, name))
    function = str(said.get("function") or "")
    if function not in FUNCTIONS:
        raise ValidationError({"function": _("Choose what is worked out.")})
    value = None
    if function != "count":
        field = fields_of(child).get(str(said.get("field") or ""))
        if field is None or field.kind not in kinds_for(function):
            raise ValidationError({"field": _("Choose a field whose values fit.")})
        value = Path((), field)
    return RollUp(child, link, function, value, _where(child, said.get("where")))


def _where(child: type[Record], stored: Any) -> Group:
    if not stored:
        return Group(())
    try:
        found = parse(stored, AnyField(child))
    except ValidationError as error:
        raise ValidationError({"where": error.messages}) from error
    if any(test.op in PERSONAL for test in found.tests()):
        raise ValidationError(
            {"where": _("The same value is for everybody: “me” and “my team” are not possible here.")}
        )
    return found


def kinds_for(function: str) -> tuple[str, ...]:
    """The kinds of fields that a function takes."""
    return {"sum": ADDED, "avg": NUMERIC}.get(function, (*NUMERIC, "date", "datetime"))


def link_choices(model: type[models.Model]) -> list[tuple[str, str]]:
    """("sales.opportunity:account", "Opportunities · Account") of every way in which rows link to records of ``model``."""
    found = []
    for relation in model._meta.related_objects:
        child = relation.related_model
        if (
            issubclass(child, Record)
            and not child._meta.proxy
            and not relation.many_to_many
            and relation.field.name not in _BOOKKEEPING
        ):
            found.append((child, relation.field.name, str(relation.field.verbose_name)))
    label = model._meta.label_lower
    every = (definition for fields in definitions.current().by_entity.values() for definition in fields.values())
    found += [
        (apps.get_model(d.entity), f"{ROOM}.{d.code}", d.label)
        for d in every
        if d.kind == "link" and d.target == label and d.active
    ]
    hanging = (
        m for m in apps.get_models() if issubclass(m, Record) and hasattr(m, "on_entity") and hasattr(m, "on_id")
    )
    found += [(child, ATTACHED, _("hang on it")) for child in hanging]
    return [
        (f"{child._meta.label_lower}:{name}", f"{_said(child)} · {said}")
        for child, name, said in sorted(found, key=lambda one: (str(one[0]._meta.verbose_name_plural), one[1]))
    ]


_BOOKKEEPING = frozenset({"owner", "created_by", "updated_by", "department"})


def _said(model: type[models.Model]) -> str:
    name = str(model._meta.verbose_name_plural)
    return name[:1].upper() + name[1:]


def totals(rollups: Sequence[tuple[str, RollUp]], ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """id → code → value of roll-ups over the same rows and link, for the records ``ids``: one query for all."""
    ids = list(ids)
    first = rollups[0][1]
    rows = first.child._base_manager.filter(first.link.q(ids), deleted_at__isnull=True).order_by()
    named = {f"r{number}": rollup.aggregate() for number, (_code, rollup) in enumerate(rollups)}
    found = {pk: {code: rollup.nothing for code, rollup in rollups} for pk in ids}
    for row in rows.annotate(of_record=first.link.expression()).values("of_record").annotate(**named):
        values = found.get(int(row["of_record"]))
        if values is not None:
            for number, (code, rollup) in enumerate(rollups):
                values[code] = rollup.load(row[f"r{number}"])
    return found


def alike(rollups: Iterable[tuple[str, RollUp]]) -> list[list[tuple[str, RollUp]]]:
    """Roll-ups by their rows and link, so that each group takes one query."""
    groups: dict[Any, list[tuple[str, RollUp]]] = {}
    for code, rollup in rollups:
        groups.setdefault((rollup.child, tuple(sorted(rollup.link.names))), []).append((code, rollup))
    return list(groups.values())
