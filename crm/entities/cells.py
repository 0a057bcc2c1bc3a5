"""Drawing values. Python says what there is to show of a value, ``templates/cells/<kind>.html`` how it looks.

A cell's template sees only texts, which are empty or not, so that it is drawn once for each shape (crm.entities.moulds).
Kinds without a function here are drawn by their template each time, with the value itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from functools import cached_property
from typing import Any

from django.db import models
from django.template import Context, Engine
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language

from crm.entities.bound import BoundField
from crm.entities.entity import registry
from crm.entities.moulds import fill, mark, mould
from crm.entities.refs import Ref
from crm.lib.looks import bare_url, exact, hue, initial, relative, safe_url, tel
from crm.lib.money import format_money
from crm.lib.phone import format_phone, normalise_phone, split_extension

Texts = dict[str, str]
SHORT, HOVER, LINK = 60, 400, 40
# Kinds that look the same wherever their value is the same: drawn once a column and value, however many rows have it.
_ALIKE = frozenset({"choice", "multichoice", "user", "record", "boolean", "date"})
_OF_ROW = ("pk", "url", "name", "title", "hue", "letter")


def record_url(record: Any) -> str:
    """The page of a record; empty for what has no page."""
    entity = registry.get(record._meta.label_lower) if isinstance(record, models.Model) else None
    return entity.url("record", record.pk) if entity is not None else ""


class Painter:
    """Draws one field of many records in the active language and time zone; what they have in common is worked out once."""

    def __init__(self, field: BoundField, compact: bool = False) -> None:
        kind = "text" if field.masked else field.kind
        self.field, self.compact = field, compact
        self._describe = (_COMPACT if compact else _FULL).get(kind)
        self._forms: dict[tuple[str, ...], str] = {}
        self._kept: dict[Any, str] | None = {} if kind in _ALIKE else None

    def draw(self, record: models.Model) -> str:
        """The value of ``record`` as its kind is drawn; empty where there is none, unless its column says what that means."""
        if self.field.closures and self.field.closed(record):
            return SafeString(mould("cells/closed.html", ()))
        value = self.field.field.value(record)
        if value is None or value == "":
            return self._unsaid
        if self._kept is None:
            return self._drawn(value, record)
        key = value.pk if isinstance(value, models.Model) else tuple(value) if isinstance(value, list) else value
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._drawn(value, record)
        return found

    @cached_property
    def _unsaid(self) -> str:
        text = getattr(self.field.source, "unsaid", "")
        return fill(mould("cells/unsaid.html", ("text",)), {"text": str(text)}) if text else ""

    def _drawn(self, value: Any, record: models.Model) -> str:
        if self._describe is None:
            return self._by_template(value, record)
        texts = self._describe(self, value, record)
        there = tuple([name for name, said in texts.items() if said])
        form = self._forms.get(there)
        if form is None:
            form = self._forms[there] = mould(self.field.cell, there, ("compact", self.compact))
        return fill(form, texts)

    def _by_template(self, value: Any, record: models.Model) -> str:
        context = {"text": self.text(value), "field": self.field, "record": record, "compact": self.compact}
        context["value"] = context["text"] if self.field.masked else value
        if self.field.kind == "multichoice" and not self.field.masked:
            labels, colours = dict(self.field.source.flatchoices), getattr(self.field.source, "colours", {})
            context["parts"] = [{"text": labels.get(one, one), "colour": colours.get(one, "")} for one in value]
        return Engine.get_default().get_template(self.field.cell).render(Context(context))

    def text(self, value: Any) -> str:
        """The value as the reader may read it."""
        return self.field.mask(self.field.field.show(value))

    @cached_property
    def today(self) -> date:
        return datetime.now(self.zone).date()

    @cached_property
    def zone(self) -> tzinfo:
        return get_current_timezone()

    @cached_property
    def language(self) -> str | None:
        return get_language()


def draw_rows(rows: Iterable[dict[str, Any]], fields: Sequence[BoundField], face: str) -> SafeString:
    """The rows of a list: ``entities/list_row.html`` with the compact cells of each record."""
    cells = tuple([(field.numeric, mark(f"cell{i}")) for i, field in enumerate(fields)])
    forms: dict[tuple[bool, bool, bool], str] = {}
    painters = [(f"cell{i}", Painter(field, compact=True)) for i, field in enumerate(fields)]
    found = []
    for row in rows:
        shape = row["editable"], row.get("starred", False), bool(row.get("star_url"))
        if shape not in forms:
            forms[shape] = _row_form(*shape, face, cells)
        found.append(fill(forms[shape], _row(row, painters)))
    return SafeString("".join(found))


def _row_form(editable: bool, starred: bool, stars: bool, face: str, cells: tuple[tuple[bool, str], ...]) -> str:
    values = (*_OF_ROW, "star_url") if stars else _OF_ROW
    given = (("editable", editable), ("starred", starred), ("face", face), ("cells", cells))
    return mould("entities/list_row.html", values, *given)


def draw_facts(record: models.Model, fields: Iterable[BoundField], urls: Mapping[str, str]) -> SafeString:
    """Fields of one record with their labels, as ``entities/fact.html``; ``urls`` says where some of them are changed."""
    found = []
    for field in fields:
        texts = {"label": str(field.label), "cell": Painter(field).draw(record), "url": urls.get(field.name, "")}
        there = tuple([name for name, said in texts.items() if said])
        found.append(fill(mould("entities/fact.html", there), texts))
    return SafeString("".join(found))


def _row(row: dict[str, Any], painters: list[tuple[str, Painter]]) -> Texts:
    record, name = row["record"], row["name"]
    texts = {"pk": row["pk"], "url": row["url"], "name": name, "title": row["title"]}
    texts["star_url"] = row.get("star_url", "")
    texts |= {"hue": str(hue(name)), "letter": initial(name)}
    return texts | {place: painter.draw(record) for place, painter in painters}


def _text(painter: Painter, value: Any, record: models.Model) -> Texts:
    return {"text": painter.text(value)}


def _boolean(painter: Painter, value: Any, record: models.Model) -> Texts:
    return {"text": painter.text(value), "yes": "1" if value else ""}


def _choice(painter: Painter, value: Any, record: models.Model) -> Texts:
    """A choice may have colours: ``colours = {value: name}`` on its column."""
    return {"text": painter.text(value), "colour": getattr(painter.field.source, "colours", {}).get(value, "")}


def _moment(painter: Painter, value: datetime, record: models.Model) -> Texts:
    local = value.astimezone(painter.zone)
    return {"text": exact(local), "iso": local.isoformat()}


def _short_moment(painter: Painter, value: datetime, record: models.Model) -> Texts:
    local = value.astimezone(painter.zone)
    said = relative(local, painter.today, painter.language)
    return {"text": exact(local), "iso": local.isoformat(), "relative": said}


def _short_text(painter: Painter, value: Any, record: models.Model) -> Texts:
    text = painter.text(value)
    return {"text": Truncator(text).chars(SHORT), "all": Truncator(text).chars(HOVER)}


def _money(painter: Painter, value: Any, record: models.Model) -> Texts:
    """An amount in the currency that the record carries beside it."""
    return {"text": format_money(value, getattr(record, "currency", "") or "CNY")}


def _phone(painter: Painter, value: Any, record: models.Model) -> Texts:
    """However it was typed it reads alike, and dials as E.164."""
    text = painter.text(value)
    kept = normalise_phone(text)
    return {"text": format_phone(kept or text), "number": split_extension(kept)[0] if kept else tel(value)}


def _record(painter: Painter, value: Any, record: models.Model) -> Texts:
    url = value.url if isinstance(value, Ref) else record_url(value)
    return {"text": painter.text(value), "colour": getattr(value, "colour", ""), "url": url}


def _url(painter: Painter, value: Any, record: models.Model) -> Texts:
    text, href = painter.text(value), safe_url(value)
    return {"text": Truncator(bare_url(text)).chars(LINK) if href else text, "href": href}


def _person(painter: Painter, value: Any, record: models.Model) -> Texts:
    text = painter.text(value)
    return {"text": text, "letter": initial(text), "hue": str(hue(text))}


_FULL: dict[str, Callable[[Painter, Any, models.Model], Texts]] = {
    **dict.fromkeys(("text", "sealed", "integer", "number", "percent", "date", "email", "address"), _text),
    "boolean": _boolean,
    "file": _record,
    "choice": _choice,
    "datetime": _moment,
    "money": _money,
    "phone": _phone,
    "record": _record,
    "url": _url,
    "user": _person,
}
_COMPACT = _FULL | {"datetime": _short_moment, "longtext": _short_text, "richtext": _short_text, "user": _text}
