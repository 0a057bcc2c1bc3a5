"""Drawing values. Python says what there is to show of a value, ``templates/cells/<kind>.html`` how it looks.

A cell's template sees only texts, which are empty or not, so that it is drawn once for each shape (crm.entities.moulds).
Kinds without a function here are drawn by their template each time, with the value itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import models
from django.template import Context, Engine
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime

from crm.entities.bound import BoundField
from crm.entities.entity import registry
from crm.entities.moulds import fill, mark, mould
from crm.lib.looks import bare_url, hue, initial, relative_time, safe_url, tel
from crm.lib.money import format_money

Texts = dict[str, str]
SHORT, HOVER, LINK = 60, 400, 40
# Kinds that look the same wherever their value is the same: drawn once a column and value, however many rows have it.
_ALIKE = frozenset({"choice", "user", "record", "boolean", "date"})
_OF_ROW = ("pk", "url", "name", "title", "hue", "letter")


def record_url(record: Any) -> str:
    """The page of a record; empty for what has no page."""
    entity = registry.get(record._meta.label_lower) if isinstance(record, models.Model) else None
    return entity.url("record", record.pk) if entity is not None else ""


class Painter:
    """Draws one field of many records in the active language; what they have in common is worked out once."""

    def __init__(self, field: BoundField, compact: bool = False) -> None:
        kind = "text" if field.masked else field.kind
        self.field, self.compact = field, compact
        self._describe = (_COMPACT if compact else _FULL).get(kind)
        self._forms: dict[tuple[str, ...], str] = {}
        self._kept: dict[Any, str] | None = {} if kind in _ALIKE else None

    def draw(self, record: models.Model) -> str:
        """The value of ``record`` as its kind is drawn; empty where there is none."""
        value = self.field.field.value(record)
        if value is None or value == "":
            return ""
        if self._kept is None:
            return self._drawn(value, record)
        key = value.pk if isinstance(value, models.Model) else value
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._drawn(value, record)
        return found

    def _drawn(self, value: Any, record: models.Model) -> str:
        field, text = self.field, self.field.mask(self.field.field.show(value))
        value = text if field.masked else value
        if self._describe is None:
            context = {"value": value, "text": text, "field": field, "record": record, "compact": self.compact}
            return Engine.get_default().get_template(field.cell).render(Context(context))
        texts = self._describe(value, text, field, record)
        there = tuple([name for name, said in texts.items() if said])
        form = self._forms.get(there)
        if form is None:
            form = self._forms[there] = mould(field.cell, there, ("compact", self.compact))
        return fill(form, texts)


def draw_rows(rows: Iterable[dict[str, Any]], fields: Sequence[BoundField], face: str) -> SafeString:
    """The rows of a list: ``entities/list_row.html`` with the compact cells of each record."""
    cells = tuple([(field.numeric, mark(f"cell{i}")) for i, field in enumerate(fields)])
    forms = [
        mould("entities/list_row.html", _OF_ROW, ("editable", editable), ("face", face), ("cells", cells))
        for editable in (False, True)
    ]
    painters = [(f"cell{i}", Painter(field, compact=True)) for i, field in enumerate(fields)]
    return SafeString("".join([fill(forms[row["editable"]], _row(row, painters)) for row in rows]))


def _row(row: dict[str, Any], painters: list[tuple[str, Painter]]) -> Texts:
    record, name = row["record"], row["name"]
    texts = {"pk": row["pk"], "url": row["url"], "name": name, "title": row["title"]}
    texts |= {"hue": str(hue(name)), "letter": initial(name)}
    return texts | {place: painter.draw(record) for place, painter in painters}


def _text(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    return {"text": text}


def _boolean(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    return {"text": text, "yes": "1" if value else ""}


def _choice(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    """A choice may have colours: ``colours = {value: name}`` on its column."""
    return {"text": text, "colour": getattr(field.source, "colours", {}).get(value, "")}


def _moment(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    return {"text": text, "iso": localtime(value).isoformat()}


def _short_moment(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    return {"text": text, "iso": localtime(value).isoformat(), "relative": relative_time(value)}


def _short_text(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    return {"text": Truncator(text).chars(SHORT), "all": Truncator(text).chars(HOVER)}


def _money(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    """An amount in the currency that the record carries beside it."""
    return {"text": format_money(value, getattr(record, "currency", "") or "CNY")}


def _phone(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    return {"text": text, "number": tel(value)}


def _record(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    return {"text": text, "colour": getattr(value, "colour", ""), "url": record_url(value)}


def _url(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    href = safe_url(value)
    return {"text": Truncator(bare_url(text)).chars(LINK) if href else text, "href": href}


def _person(value: Any, text: str, field: BoundField, record: models.Model) -> Texts:
    return {"text": text, "letter": initial(text), "hue": str(hue(text))}


_FULL: dict[str, Callable[[Any, str, BoundField, models.Model], Texts]] = {
    **dict.fromkeys(("text", "integer", "number", "percent", "date", "email"), _text),
    "boolean": _boolean,
    "choice": _choice,
    "datetime": _moment,
    "money": _money,
    "phone": _phone,
    "record": _record,
    "url": _url,
    "user": _person,
}
_COMPACT = _FULL | {"datetime": _short_moment, "longtext": _short_text, "user": _text}
