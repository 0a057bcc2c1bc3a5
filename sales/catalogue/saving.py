"""Writing what the editor holds: all lines and the terms of the whole together, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity
from crm.entities.constraints import refusal
from crm.entities.forms import EntityForm, entity_form
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.errors import Conflict
from sales.catalogue.models import PricedDocument, PricedLine
from sales.catalogue.rows import TYPED, Row

STEP = 10
TERMS = ("price_book", "currency", "tax_included", "discount_percent", "discount_amount", "payment_terms")


class Refused(Exception):
    """It could not be written; the rows and the form of the whole hold the reasons, ``text`` one that is about none of them."""

    def __init__(self, text: str = "", *, conflict: bool = False) -> None:
        super().__init__(text)
        self.text, self.conflict = text, conflict


def terms_form(bound: BoundEntity, document: PricedDocument, data: Any = None) -> EntityForm:
    """What holds for the whole document."""
    names = [name for name in TERMS if name in bound.form_names]
    return entity_form(bound, data, instance=document, names=names)


def save_rows(
    bound: BoundEntity,
    lines: BoundEntity,
    document: PricedDocument,
    rows: Sequence[Row],
    gone: Mapping[int, int],
    terms: EntityForm,
    *,
    actor: Actor,
) -> None:
    """Write rows in their order, take out those ``gone``, write the terms. Raises Refused, with nothing written."""
    if (any(not row.pk for row in rows) and not lines.can("add")) or (gone and not lines.can("delete")):
        raise Refused(_("You may not add or remove lines."))
    stored = {line.pk: line for line in document.lines.filter(deleted_at__isnull=True).select_related("product")}
    fits = terms.is_valid()
    wanted: list[PricedLine] = []
    overtaken = False
    for place, row in enumerate(rows, 1):
        line = stored.get(row.pk or 0)
        if row.pk and (line is None or line.version != row.version):
            row.theirs, overtaken = line, True
            # Saving again writes what was typed here over what the other one wrote, or makes the line anew.
            row.pk, row.version = (line.pk, line.version) if line is not None else (None, None)
            continue
        made = _judge(lines, document, row, line, place * STEP, actor)
        fits = fits and not row.errors
        if made is not None:
            wanted.append(made)
    if overtaken:
        raise Refused(
            _("Somebody changed lines meanwhile. Nothing of yours is lost: look at the marked lines and save again."),
            conflict=True,
        )
    if not fits:
        raise Refused(_("Some lines are not right yet."))
    taken = [line for pk, line in stored.items() if pk in gone]
    if any(line.version != gone[line.pk] for line in taken):
        raise Refused(_("A line that you removed was changed by somebody else meanwhile."), conflict=True)
    _write(document, wanted, taken, terms, actor)


def _judge(
    lines: BoundEntity, document: PricedDocument, row: Row, line: PricedLine | None, position: int, actor: Actor
) -> PricedLine | None:
    """The line as it is to be written; None where it stays or is not right."""
    fresh = line is None
    record = lines.model(document=document, owner=document.owner) if line is None else line
    names = [name for name in ("product", *TYPED, "optional") if name in lines.form_names]
    form = entity_form(lines, row.posted(options="optional" in names), instance=record, names=names)
    if not form.is_valid():
        row.errors = {name: [str(one) for one in errors] for name, errors in form.errors.items()}
        return None
    changed = fresh or form.has_changed() or record.position != position
    record.position = position
    if row.found is not None and (fresh or form.has_changed()):
        record.list_price = row.found.list_price
        if hasattr(record, "price_reason"):
            record.price_reason = _reason(row, record)
    return record if changed else None


def _reason(row: Row, record: PricedLine) -> list[dict[str, Any]]:
    """How the price came about, worked out here: nothing that the browser says counts."""
    assert row.found is not None
    steps = list(row.found.steps)
    if row.found.price is not None and row.found.price != record.unit_price:
        steps.append({"step": "typed", "price": str(row.found.price), "currency": row.found.currency})
    return steps


def _write(
    document: PricedDocument, wanted: list[PricedLine], taken: list[PricedLine], terms: EntityForm, actor: Actor
) -> None:
    if not wanted and not taken and not terms.has_changed():
        return
    try:
        with transaction.atomic():
            title = str(document)
            changes = records.change_set("lines", actor=actor, entity=document.entity_label(), title=title)
            if terms.has_changed() and not terms.write(actor=actor, changes=changes):
                raise Refused(_("Some lines are not right yet."))
            if taken:
                records.delete_many(taken, actor=actor, changes=changes)
            records.save_many(wanted, actor=actor, changes=changes)
    except Conflict:
        raise Refused(
            _("Somebody changed the document meanwhile. Nothing of yours is lost: save again."), conflict=True
        ) from None
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None
    except (IntegrityError, DataError) as error:
        raise Refused(" ".join(refusal(type(document), error).messages)) from None
