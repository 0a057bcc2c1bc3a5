"""Drawing fields and finding the pages of records."""

from __future__ import annotations

from functools import cache
from typing import Any

from django import template
from django.db import models
from django.template import Context, Engine, Template
from django.template.base import VariableNode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.entities.entity import registry

register = template.Library()


# Kinds that look the same wherever their value is the same: drawn once a page and value, however many rows have it.
ALIKE = frozenset({"choice", "user", "record", "boolean", "date"})


@register.simple_tag(takes_context=True)
def cell(context: Context, field: Any, record: models.Model, compact: bool = False) -> str:
    """One value of a record as its kind is drawn; ``field`` is bound to the reader, so that masks hold."""
    return _drawn(context, field, record, compact)


def _drawn(context: Context, field: Any, record: models.Model, compact: bool) -> str:
    value, text = field.pair(record)
    if value is None or value == "":
        return ""
    drawn = field.template = field.template or Engine.get_default().get_template(field.cell)
    if _says_only_text(drawn):
        return text
    key = (value.pk if isinstance(value, models.Model) else value, compact) if field.kind in ALIKE else None
    if key is not None and key in field.drawn:
        return field.drawn[key]
    url = record_url(value) if field.kind == "record" else ""
    with context.push(value=value, text=text, field=field, record=record, compact=compact, url=url):
        found = drawn.render(context)
    if key is not None:
        field.drawn[key] = found
    return found


@register.simple_tag(takes_context=True)
def draw(context: Context, record: models.Model, fields: list[Any]) -> list[tuple[bool, str]]:
    """The compact cells of one row as (numeric, drawn): ``{% draw record columns as cells %}``."""
    return [(field.numeric, _drawn(context, field, record, True)) for field in fields]


@cache
def _says_only_text(drawn: Template) -> bool:
    """Whether a cell template is ``{{ text }}`` and nothing else: then it need not be rendered."""
    nodes = drawn.nodelist
    return len(nodes) == 1 and isinstance(nodes[0], VariableNode) and nodes[0].filter_expression.token == "text"


@register.simple_tag
def cell_text(field: Any, record: models.Model) -> str:
    """One value of a record as plain text, masked where the reader's mode masks it."""
    return field.text(record)


@register.simple_tag
def record_url(record: Any) -> str:
    """The page of a record; empty for what has no page."""
    entity = registry.get(record._meta.label_lower) if isinstance(record, models.Model) else None
    return entity.url("record", record.pk) if entity is not None else ""


@register.simple_tag
def entity_url(entity: Any, view: str, *args: Any) -> str:
    """A page of an entity, bound or not: ``{% entity_url entity "list" %}``."""
    return entity.url(view, *args)


@register.simple_tag(takes_context=True)
def show_panel(context: Context, panel: dict[str, Any]) -> SafeString:
    """What another room shows on a record page; its template sees the page's context and its own."""
    with context.push(**panel["context"]):
        return Engine.get_default().get_template(panel["template"]).render(context)


@register.inclusion_tag("entities/entry_sentence.html")
def entry_sentence(line: Any) -> dict[str, Any]:
    """“林晓 changed Stage”, “林晓 won Opportunity Pump station”: a line of a timeline as a sentence."""
    changes = line.changes
    if not line.own:
        subject = ""
    elif line.kind.name == "changed" and changes:
        count = ngettext("%(n)s field", "%(n)s fields", len(changes)) % {"n": len(changes)}
        subject = changes[0].label if len(changes) == 1 else count
    else:
        subject = _("this record") if "%(subject)s" in str(line.kind.label) else ""
    before, _mark, after = line.kind.said("\0").partition("\0")
    return {"line": line, "subject": subject, "before": before, "after": after}


@register.filter
def entity_icon(label: str) -> str:
    """The icon of the entity called ``sales.opportunity``."""
    found = registry.get(label)
    return found.icon if found is not None else "circle"
