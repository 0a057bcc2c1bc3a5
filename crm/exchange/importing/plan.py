"""A mapping made ready: what to do with each cell of a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from crm.customfields.models import TAGS
from crm.entities.tagging import may_make
from crm.exchange.importing.cleaning import Cleaner
from crm.exchange.importing.links import Finder
from crm.exchange.importing.makers import can_make, container_of
from crm.exchange.importing.rows import Row
from crm.exchange.importing.targets import Target, TargetField
from crm.exchange.models import Import
from crm.exchange.reading.vcard import join_name
from crm.lib.text import clean_line, fold

# What a cell's text may become instead of itself, and what happens when it names nothing.
EMPTY, REJECT, CREATE = "empty", "reject", "create"


@dataclass(frozen=True)
class Column:
    """One entry of ``Import.mapping``. ``to`` is "field:<name>", "extra" or "ignore"; ``values`` maps folded texts."""

    index: int
    heading: str
    to: str = "extra"
    order: str | None = None
    missing: str = EMPTY
    within: int | None = None
    values: dict[str, str] | None = None

    @property
    def field(self) -> str:
        return self.to.removeprefix("field:") if self.to.startswith("field:") else ""


# How address books call the parts of a name.
GIVEN = frozenset({"firstname", "givenname", "forename", "名", "名字"})
FAMILY = frozenset({"lastname", "familyname", "surname", "姓", "姓氏"})


def name_parts(headings: Sequence[str]) -> tuple[int | None, int | None] | None:
    """The columns of given and family name, where a file has both (or at least the given one) instead of whole names."""
    plain = ["".join(fold(heading).replace("-", " ").replace("_", " ").split()) for heading in headings]
    given = next((index for index, heading in enumerate(plain) if heading in GIVEN), None)
    family = next((index for index, heading in enumerate(plain) if heading in FAMILY), None)
    return (given, family) if given is not None and family is not None else None


class Plan:
    """Reads rows of one import for its target."""

    def __init__(self, run: Import, target: Target) -> None:
        self.run, self.target, self.user = run, target, target.user
        self.columns = [Column(**entry) for entry in run.mapping]
        options = run.options
        self.mode: str = options.get("mode", Import.Mode.CREATE)
        self.duplicates: str = options.get("duplicates", Import.Duplicates.CREATE)
        self.keys: list[str] = [key for key in options.get("keys", []) if key in self.filled]
        self.blank_clears: bool = options.get("blank") == "clear"
        self.fill: dict[str, list[int]] = {
            name: columns for name, columns in options.get("fill", {}).items() if name in target.fields
        }
        self.name_parts = name_parts(run.headings) if "name" in target.fields and "name" not in self.filled else None
        self.tags: list[tuple[int, str, Cleaner]] = []
        self.readers = [(c.index, c.heading, self._reader(c)) for c in self.columns if c.to != "ignore"]
        self.links = {
            c.field: Link(c, target) for c in self.columns if c.field in target.fields and target.fields[c.field].link
        }

    @property
    def filled(self) -> set[str]:
        """The fields that some column fills."""
        return {c.field for c in self.columns if c.field in self.target.fields}

    def read(self, row: Row) -> None:
        """Clean every cell of the row into its values, wanted links and extras."""
        cells = row.cells
        count = len(cells)
        for index, heading, reader in self.readers:
            text = cells[index].strip() if index < count else ""
            if text or self.blank_clears:
                reader(row, heading, text)
        if self.name_parts:
            given, family = (cells[i].strip() if i is not None and i < count else "" for i in self.name_parts)
            if whole := join_name(given, family):
                self._take(row, "name", self._cleaners["name"], whole)
        for name, indexes in self.fill.items():
            parts = [cells[i].strip() for i in indexes if i < count and cells[i].strip()]
            if parts and name not in row.values:
                self._take(row, name, self._cleaners[name], " · ".join(dict.fromkeys(parts)))

    def _reader(self, column: Column) -> Callable[[Row, str, str], None]:
        field = self.target.fields.get(column.field)
        if field is None:
            return _keep
        return _link_reader(column, field) if field.link else self._value_reader(column, field)

    def _value_reader(self, column: Column, field: TargetField) -> Callable[[Row, str, str], None]:
        of = replace(field.field) if makes_tags(field.field, self.target) else field.field
        cleaner = Cleaner(of, order=column.order, serials=bool(self.run.reading.get("workbook")))
        if of is not field.field:
            self.tags.append((column.index, column.field, cleaner))
        name, chosen, choice = field.name, column.values or {}, field.kind == "choice"

        def read(row: Row, heading: str, text: str) -> None:
            if not text:
                row.values[name] = None if field.field.source.null else field.field.source.get_default()
                return
            if choice:
                pick = chosen.get(fold(text)) if chosen else None
                if pick == EMPTY:
                    return
                if pick and pick != REJECT:
                    text = pick
                elif pick is None and column.missing == EMPTY and cleaner.read.find(text) is None:
                    row.notes.append(
                        _("%(field)s: “%(text)s” is unknown and was left out.")
                        % {"field": field.label, "text": text[:50]}
                    )
                    return
            self._take(row, name, cleaner, text)

        return read

    @cached_property
    def _cleaners(self) -> dict[str, Cleaner]:
        return {
            name: Cleaner(self.target.fields[name].field)
            for name in (*self.fill, *(["name"] if self.name_parts else []))
        }

    def _take(self, row: Row, name: str, cleaner: Cleaner, text: str) -> None:
        try:
            row.values[name] = cleaner(text)
        except ValidationError as error:
            label = self.target.fields[name].label
            row.reject(_("%(field)s: %(reason)s") % {"field": label, "reason": " ".join(error.messages)})


def makes_tags(field: Any, target: Target) -> bool:
    """Whether new tags in the cells of the field are made: the importer has the right to."""
    return not field.built_in and field.definition.kind == TAGS and may_make(target.user, target.entity.label)


def _keep(row: Row, heading: str, text: str) -> None:
    """Keep the cell under its heading; what no database text can hold is refused like in a field."""
    if not text:
        return
    try:
        row.extras[heading] = clean_line(text)[:10_000]
    except ValueError as error:
        row.reject(_("%(field)s: %(reason)s") % {"field": heading, "reason": error})


def _link_reader(column: Column, field: TargetField) -> Callable[[Row, str, str], None]:
    name = field.name

    def read(row: Row, heading: str, text: str) -> None:
        if not text:
            if field.field.source.null:
                row.values[name] = None
            return
        try:
            row.wanted[name] = clean_line(text)[:300]
        except ValueError as error:
            row.reject(_("%(field)s: %(reason)s") % {"field": field.label, "reason": error})

    return read


class Link:
    """A link column: how its texts are found, and what happens to those that are not."""

    def __init__(self, column: Column, target: Target) -> None:
        self.column, self.field = column, target.fields[column.field]
        self.model = self.field.link
        self.container = container_of(self.model)
        self.within = column.within
        if self.container is not None and self.within is None:
            first = self.container.related_model._default_manager.first()
            self.within = first.pk if first else None
        self.finder = Finder(self.model, target.user, within=self.within, fitting=partial(target.fitting, column.field))
        self.can_make = can_make(target.user, self.model)
        self.makes = column.missing == CREATE and self.can_make
        self.values = column.values or {}

    def place(self) -> Any:
        """The container in which new ones are made."""
        return self.container.related_model._default_manager.get(pk=self.within) if self.container else None

    def chosen(self, texts: Sequence[str]) -> dict[str, Any]:
        """What the person decided for some texts: a record, EMPTY, REJECT or CREATE."""
        picked = {text: self.values[key] for text in texts if (key := fold(text)) in self.values}
        ids = {int(pick) for pick in picked.values() if pick.isdigit()}
        known = {r.pk: r for r in self.finder.rows.filter(pk__in=ids)} if ids else {}
        allowed = {EMPTY, REJECT, *([CREATE] if self.can_make else [])}
        decided = {text: known.get(int(pick)) if pick.isdigit() else pick for text, pick in picked.items()}
        return {text: pick for text, pick in decided.items() if isinstance(pick, models.Model) or pick in allowed}
