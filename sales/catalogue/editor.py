"""The line editor of any document with priced lines: one page, a plain form that works without scripts.

Any entity whose model extends ``PricedDocument`` has it at ``/<area>/<slug>/<id>/lines/``; ``lines_page`` is for its verb.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import Entity, entity_of, registry
from crm.entities.forms import EntityForm
from crm.entities.views.base import EntityView
from sales.catalogue import filling
from sales.catalogue.models import PricedDocument
from sales.catalogue.rows import MOST, NUMBERS, Row, gone_rows, new_row, read_rows, row_of, with_products
from sales.catalogue.saving import Refused, save_rows, terms_form
from sales.catalogue.totals import added_up


def lines_page(entity: Entity, ids: Sequence[int]) -> str:
    """The address of the editor, as an ``Action`` wants its ``page``."""
    return reverse("catalogue:lines", args=[entity.area, entity.slug, ids[0]])


class LinesView(EntityView):
    """GET shows the lines; POST keeps what was typed and does one thing with it: save, add, paste, reckon."""

    action = "change"
    opens = False
    lines: BoundEntity

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        document = self._document(pk)
        saved = self._saved(document)
        if len(saved) > MOST:
            messages.info(
                request, _("More than %(most)s lines: edit them in their list, or by import.") % {"most": MOST}
            )
            return HttpResponseRedirect(self.bound.url("record", pk))
        rows = [row_of(line) for line in saved]
        filling.price_rows(document, rows, request.user)
        return self._show(document, rows, terms_form(self.bound, document))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        document = self._document(pk)
        rows = read_rows(request.POST)
        with_products(rows, filling.products_of(request.user, [row.product_id for row in rows]))
        terms = terms_form(self.bound, document, request.POST)
        do = request.POST.get("do", "save")
        if do == "save":
            return self._save(document, rows, terms)
        terms.is_valid()  # puts what was typed on the document in memory, so that prices and sums follow it
        made = self._made(document, do)
        filling.price_rows(document, rows, request.user)
        if request.htmx:
            return self._pieces(document, rows, made)
        removed = request.POST.get("remove", "")
        rows = [row for row in rows if row.key != removed]
        note = "" if made or do != "add" or not request.POST.get("add") else _("No product was found.")
        return self._show(document, [*rows, *made][:MOST], terms, note=note, unsaved=True, gone=self._gone(removed))

    def _document(self, pk: int) -> Any:
        if not issubclass(self.bound.model, PricedDocument):
            raise Http404
        self.lines = bind(entity_of(self.bound.model._meta.get_field("lines").related_model), self.request.user)
        links = [f.name for f in self.bound.model._meta.concrete_fields if f.name in {"account", "price_book"}]
        return self.get_record(pk, related=links)

    def _saved(self, document: Any) -> list[Any]:
        if not self.lines.can("view"):
            raise PermissionDenied
        rows: models.QuerySet = document.lines.filter(deleted_at__isnull=True)
        return list(rows.select_related("product").order_by("position", "pk")[: MOST + 1])

    def _made(self, document: Any, do: str) -> list[Row]:
        """The rows that were asked for."""
        data, user = self.request.POST, self.request.user
        if do == "paste":
            return filling.paste(document, data.get("paste", "")[:200_000], user)
        if do == "blank":
            return [new_row()]
        if do == "add":
            number = data.get("add_product", "")
            number = number if number.isascii() and number.isdigit() and len(number) < 19 else "0"
            product = filling.products_of(user, [int(number)]).get(int(number))
            product = product or filling.search_one(user, data.get("add", ""))
            return filling.rows_for(document, product, user) if product is not None else []
        return []

    def _gone(self, removed: str) -> list[str]:
        """What was taken out so far, and what was taken out just now without scripts."""
        data = self.request.POST
        pk, version = data.get(f"{removed}-id", ""), data.get(f"{removed}-version", "")
        return [*data.getlist("gone")[:MOST], *([f"{pk}:{version}"] if removed and pk else [])]

    def _save(self, document: Any, rows: list[Row], terms: EntityForm) -> HttpResponse:
        rows = [row for row in rows if row.pk or row.product_id or row.values.get("name", "").strip()]
        filling.price_rows(document, rows, self.request.user)
        gone = gone_rows(self.request.POST)
        try:
            save_rows(self.bound, self.lines, document, rows, gone, terms, actor=self.actor)
        except Refused as refused:
            status = 409 if refused.conflict else 422
            if refused.conflict:
                current = self.get_record(document.pk)
                terms.data = terms.data.copy()
                terms.data["version"] = str(current.version)
            return self._show(
                document, rows, terms, note=refused.text, status=status, unsaved=True,
                gone=self.request.POST.getlist("gone")[:MOST],
            )  # fmt: skip
        messages.success(self.request, _("Lines saved."))
        to = self.bound.url("record", document.pk) if "leave" in self.request.POST else self.request.path
        return HttpResponseRedirect(to)

    def _show(
        self, document: Any, rows: list[Row], terms: EntityForm, *, note: str = "", status: int = 200,
        unsaved: bool = False, gone: Sequence[str] = (),
    ) -> HttpResponse:  # fmt: skip
        context = self._sums(document, rows) | {
            "entity": self.bound,
            "record": document,
            "terms": terms,
            "rows": rows,
            "note": note,
            "unsaved": unsaved,
            "gone": gone,
            "options": "optional" in self.lines.form_names,
            "choices_url": registry[filling.PRODUCT].url("choices"),
            "most": MOST,
        }
        return render(self.request, "catalogue/lines.html", context, status=status)

    def _pieces(self, document: Any, rows: list[Row], made: list[Row]) -> HttpResponse:
        """New rows for the end of the table, and the sums anew."""
        context = self._sums(document, [*rows, *made]) | {
            "record": document,
            "rows": rows,
            "made": made,
            "entity": self.bound,
            "options": "optional" in self.lines.form_names,
        }
        return render(self.request, "catalogue/lines_pieces.html", context)

    def _sums(self, document: Any, rows: list[Row]) -> dict[str, Any]:
        """What it comes to, by the same arithmetic as when it is saved; nothing is written."""
        for name in ("discount_percent", "discount_amount"):
            if not isinstance(getattr(document, name), Decimal):
                setattr(document, name, NUMBERS["unit_price"])
        stand_ins = [row.stands_in(self.lines.model, document) for row in rows]
        try:
            (listed, net, tax, total), each = added_up(document, stand_ins)
        except ValidationError as error:
            return {"too_large": " ".join(error.messages)}
        for row, values in zip(rows, each, strict=True):
            row.amount = values[0]
        return {
            "listed": listed,
            "net": net,
            "tax": tax,
            "total": total,
            "saved_off": max(listed - self._base(document, net, total), Decimal(0)),
        }

    @staticmethod
    def _base(document: Any, net: Decimal, total: Decimal) -> Decimal:
        return total if document.tax_included else net
