"""Custom values as Fields: the same protocol as a column, the value in ``Record.custom``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import Q, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.customfields import definitions, expressions, stored
from crm.customfields.kinds import DEFAULT, SORT, common, places, read_default
from crm.customfields.models import CustomField
from crm.fields.field import resolvers
from crm.fields.reached import Reached

ROOM = "custom"
# Where a line of rich text ends.
LINE_ENDS = re.compile(r"<(?:/p|br|/li)>")

# Functions (entity, code) → (entity, field) of everything that a computed field is made of. Filled by who computes.
made_of: list[Callable[[str, str], list[tuple[str, str]]]] = []

# Set by the room that knows who may see which record: (field, user) → the field as the user may read it.
_link_reader: list[Callable[[CustomValue, Any], Any]] = []


def read_links_with(reader: Callable[[CustomValue, Any], Any]) -> None:
    """Let ``reader(field, user)`` decide which names of linked records are shown."""
    _link_reader[:] = [reader]


@dataclass(frozen=True)
class CustomValue(Reached):
    """One custom field of the record, or of the one that ``links`` lead to."""

    definition: CustomField

    @cached_property
    def source(self) -> models.Field:
        made_by = self.definition.made_by
        found = made_by.source(self.definition, common(self.definition))
        found.model = self.holder
        found.name = found.attname = f"{ROOM}.{self.definition.code}"
        found.column = ROOM
        found.editable = not made_by.computed
        if DEFAULT in made_by.settings and self.definition.default:
            try:
                found.default = read_default(self.definition, found)
            except ValidationError:  # an option that is no more: there is no default then
                found.default = models.NOT_PROVIDED
        return found

    @property
    def steps(self) -> list[tuple[str, str]]:
        found = super().steps
        if self.definition.made_by.computed:  # as strict as the strictest value that it is made of
            found += [step for steps in made_of for step in steps(found[-1][0], self.definition.code)]
        return found

    @property
    def own_label(self) -> str:
        return self.definition.label

    @property
    def choices(self) -> list[tuple[Any, str]]:
        """The options in use."""
        return [(option.value, option.label) for option in self.definition.chosen_from if option.active]

    def raw(self, record: models.Model) -> Any:
        holding = self.holding(record)
        return None if holding is None else self.unpack(holding.custom)

    def value(self, record: models.Model) -> Any:
        found = self.raw(record)
        if found is None or not self.source.is_relation:
            return found
        return self.source.related_model._base_manager.filter(pk=found).first()

    @property
    def stored(self) -> str:
        return f"{self.links}__{ROOM}" if self.links else ROOM

    def unpack(self, fetched: Any) -> Any:
        return None if fetched is None else self.definition.made_by.load(fetched.get(self.definition.code))

    def from_json(self, raw: Any) -> Any:
        return self.definition.made_by.load(raw)

    def put(self, record: models.Model, value: Any) -> None:
        rest = {code: kept for code, kept in (record.custom or {}).items() if code != self.definition.code}
        raw = self.dumped(value)
        record.custom = rest if raw is None else {**rest, self.definition.code: raw}

    def dumped(self, value: Any) -> Any:
        """What is stored for a value; None for none."""
        if value in (None, "", []):
            return None
        if isinstance(value, Decimal | int) and not isinstance(value, bool) and not self.source.is_relation:
            value = Decimal(value).quantize(Decimal(1).scaleb(-places(self.definition)))
        raw = self.definition.made_by.dump(value)
        return None if raw in (None, "", [], {}) else raw

    def filled(self, record: models.Model) -> bool:
        return self.raw(record) not in (None, "", [])

    def check(self, value: Any) -> None:
        if value is not None and value != "":
            self.source.run_validators(value)
        empty = value in (None, "", []) or (value is False and self.definition.kind == "boolean")
        if empty and self.definition.required:
            raise ValidationError(_("This field is required."), code="required")

    def clean(self, raw: Any) -> Any:
        if self.kind not in {"multichoice", "address", "richtext"}:
            return super().clean(raw)
        if isinstance(raw, str) and "\x00" in raw:
            raise ValidationError(_("Null characters are not allowed."))
        if self.kind != "multichoice" or isinstance(raw, list):
            return self.source.to_python(raw)
        if not isinstance(raw, str) or raw not in dict(self.source.flatchoices):
            raise ValidationError(_("“%(value)s” is not a value of this field.") % {"value": str(raw)[:50]})
        return raw

    def show(self, value: Any) -> str:
        if value in (None, "", []):
            return ""
        match self.kind:
            case "multichoice":
                labels = dict(self.source.flatchoices)
                return pgettext("between values", ", ").join(str(labels.get(one, one)) for one in value)
            case "richtext":
                return strip_tags(LINE_ENDS.sub("\n", value)).strip()
        return super().show(value)

    def seen_by(self, user: Any) -> Any:
        return _link_reader[0](self, user) if self.source.is_relation else self

    def preload(self, records: Iterable[models.Model]) -> None:
        """What showing the value of many records needs; nothing."""

    @property
    def summed(self) -> bool:
        """Whether lists add it up."""
        return self.kind in {"number", "integer", "money"}

    def words(self, record: models.Model) -> str:
        """The text by which a search finds it: of choices the labels in both languages."""
        value = self.raw(record)
        if value is None:
            return ""
        if self.kind in {"choice", "multichoice"}:
            held = {o.value: o for o in self.definition.chosen_from}
            chosen = [held[one] for one in (value if isinstance(value, list) else [value]) if one in held]
            return " ".join(f"{option.label_zh} {option.label_en}".strip() for option in chosen)
        return self.show(value)

    # Conditions

    def expression(self) -> Any:
        return self.definition.made_by.sql(self.links, self.definition)

    def total(self) -> Any:
        return Sum(self.expression(), filter=self.guard)

    def q(self, lookup: str, value: Any) -> Q:
        if self.kind == "multichoice":
            return self._several(lookup, value)
        if self.kind == "sealed":
            lookup, value = "in", stored.sealed_forms(value)
        needle = self.definition.made_by.needle
        value = [needle(one) for one in value] if lookup == "in" else needle(value)
        expression = self.expression()
        return Q(expression.output_field.get_lookup(lookup)(expression, value))

    def _several(self, lookup: str, value: Any) -> Q:
        expression = expressions.json(self.links, self.definition.code)
        if lookup == "all":
            return Q(expression.output_field.get_lookup("contains")(expression, list(value)))
        wanted = list(value) if lookup == "in" else [value]
        return Q(expression.output_field.get_lookup("has_any_keys")(expression, wanted))

    def differs(self, lookup: str, value: Any) -> Q:
        return ~self.q(lookup, value) | self.empty()

    def empty(self) -> Q:
        expression = self.expression()
        return Q(expression.output_field.get_lookup("isnull")(expression, True))

    # Order

    @property
    def sortable(self) -> bool:
        """Whether an admin lets lists be sorted by it."""
        return self.definition.sortable and SORT in self.definition.made_by.settings and not self.links

    def sorted(self, rows: models.QuerySet) -> tuple[models.QuerySet, str]:
        """The rows as an order by it needs them, and the id that breaks ties."""
        return rows, "pk"

    def sort_key(self) -> Any:
        """What rows are sorted by: never null."""
        if self.kind == "choice":
            options = [option.value for option in self.definition.chosen_from]
            return Coalesce(expressions.rank(self.links, self.definition.code, options), Value(0))
        expression = self.expression()
        lowest = Value(self.definition.made_by.lowest, output_field=expression.output_field)
        if self.definition.pinyin:
            # By characters only where the job that gives the keys has not come by yet.
            key = expressions.text(self.links, stored.key_code(self.definition.code))
            return Coalesce(key, expression, lowest)
        return Coalesce(expression, lowest)


def resolve_custom(model: type[models.Model], code: str, links: str = "") -> CustomValue:
    """The custom field ``code`` of what the links lead to; FieldDoesNotExist when there is none."""
    known = definitions.current()
    key = model, links, code
    found = known.made.get(key)
    if found is None:
        name = f"{links}__{ROOM}.{code}" if links else f"{ROOM}.{code}"
        probe = CustomValue(model, name, links, CustomField(kind="text"))
        definition = known.of(probe.holder._meta.label_lower).get(code)
        if definition is None:
            raise FieldDoesNotExist(name)
        found = known.made[key] = CustomValue(model, name, links, definition)
    return found


def custom_fields(model: type[models.Model]) -> list[CustomValue]:
    """The custom fields in use of a model's records, in their order."""
    label = model._meta.label_lower
    return [resolve_custom(model, field.code) for field in definitions.current().active(label)]


def set_defaults(record: models.Model) -> None:
    """Give a new record the defaults of its custom fields, where it holds nothing yet."""
    for field in custom_fields(type(record)):
        if field.source.has_default() and field.definition.code not in record.custom:
            field.put(record, field.source.default)


def install() -> None:
    """Make ``custom.<code>`` a name of a field."""
    resolvers[ROOM] = resolve_custom
