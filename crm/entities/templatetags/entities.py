"""Drawing fields and finding the pages of records."""

from __future__ import annotations

from typing import Any

from django import template
from django.db import models
from django.template import Context, Engine
from django.utils.safestring import SafeString

from crm.customfields.sources import clean_html
from crm.entities.cells import Painter, draw_facts, draw_rows, record_url
from crm.entities.entity import registry
from crm.entities.lines import entry_sentence, entry_told
from crm.entities.moulds import fill, mould

register = template.Library()


register.simple_tag(record_url)
register.simple_tag(entry_sentence)
register.simple_tag(entry_told)


@register.simple_tag
def cell(field: Any, record: models.Model, compact: bool = False) -> str:
    """One value of a record as its kind is drawn; ``field`` is bound to the reader, so that masks hold."""
    return Painter(field, compact).draw(record)


@register.simple_tag
def list_rows(rows: list[dict[str, Any]], fields: list[Any], face: str) -> SafeString:
    """The rows of a list with the cells of ``fields``."""
    return draw_rows(rows, fields, face)


@register.simple_tag
def fact_rows(entity: Any, record: models.Model, fields: list[Any], inline: set[str]) -> SafeString:
    """The facts of a section of the page of ``record``; those named in ``inline`` are changed where they stand."""
    return draw_facts(record, fields, {name: entity.url("cell", record.pk, name) for name in inline})


@register.simple_tag
def drawn(template_name: str, **given: Any) -> SafeString:
    """A template that shows nothing but what it is given, which must be hashable: drawn once for it, then kept."""
    return fill(mould(template_name, (), *given.items()), {})


@register.simple_tag
def cell_text(field: Any, record: models.Model) -> str:
    """One value of a record as plain text, masked where the reader's mode masks it."""
    return field.text(record)


@register.simple_tag
def entity_url(entity: Any, view: str, *args: Any) -> str:
    """A page of an entity, bound or not: ``{% entity_url entity "list" %}``."""
    return entity.url(view, *args)


@register.simple_tag(takes_context=True)
def show_panel(context: Context, panel: dict[str, Any]) -> SafeString:
    """What another room shows on a record page; its template sees the page's context and its own."""
    with context.push(**panel["context"]):
        return Engine.get_default().get_template(panel["template"]).render(context)


@register.filter
def rich(html: str) -> SafeString:
    """Rich text, cleaned once more on its way out."""
    return SafeString(clean_html(html))


@register.filter
def entity_icon(label: str) -> str:
    """The icon of the entity called ``sales.opportunity``."""
    found = registry.get(label)
    return found.icon if found is not None else "circle"
