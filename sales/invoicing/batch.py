"""Many invoices issued at once: from the file of numbers that the tax office gives. Judged row by row before anything is done."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.access import policy
from crm.exchange.columns import find_columns
from crm.exchange.reading import ReadError, open_table
from crm.lib.dates import parse_date
from crm.lib.money import format_money, parse_money
from crm.records.actor import Actor
from sales.invoicing.forms import digits
from sales.invoicing.models import Invoice
from sales.invoicing.services import LIVE, issue_invoice

ROWS = 1000
NUMBER = re.compile(r"[A-Za-z]{1,10}-?\d{5,}")
HEADINGS = {
    "number": ("申请编号", "申请号", "申请单号", "开票申请", "单据编号", "订单号", "备注", "request number", "request", "remarks"),
    "tax_number": ("数电票号码", "数电发票号码", "发票号码", "invoice number", "invoice no"),
    "tax_code": ("发票代码", "invoice code"),
    "issued_on": ("开票日期", "日期", "issued on", "invoice date", "date"),
    "total": ("价税合计", "含税金额", "金额", "amount with tax", "total", "amount"),
}  # fmt: skip
NEEDED = ("number", "tax_number", "issued_on", "total")


@dataclass(frozen=True)
class Row:
    """A line of the file as it is written there."""

    line: int
    number: str
    tax_number: str
    tax_code: str
    issued_on: str
    total: str


@dataclass(frozen=True)
class Judged:
    """What would become of a row: its invoice, and what hinders it. ``done``: it was issued with this number before."""

    row: Row
    invoice: Invoice | None = None
    error: str = ""
    done: bool = False
    tax_number: str = ""
    tax_code: str = ""
    issued_on: date | None = None

    @property
    def ready(self) -> bool:
        """Whether it can be issued."""
        return not self.error and not self.done


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV or XLSX file. ValidationError when it can't be read, lacks a column, or is too long."""
    try:
        table = open_table(path)
        found = list(islice(table.rows, ROWS + 1))
    except ReadError as error:
        raise ValidationError(str(error)) from error
    places = find_columns(table.columns, HEADINGS)
    words = dict(
        zip(NEEDED, (_("Request number"), _("Invoice number"), _("Issued on"), _("Amount with tax")), strict=True)
    )
    lacking = [word for name, word in words.items() if name not in places]
    if lacking:
        raise ValidationError(_("The file lacks a column for: %(columns)s.") % {"columns": ", ".join(lacking)})
    if len(found) > ROWS:
        raise ValidationError(_("At most %(rows)d rows at once: split the file.") % {"rows": ROWS})

    def cell(cells: Sequence[str], name: str) -> str:
        return unicodedata.normalize("NFKC", str(cells[places[name]])).strip()[:300] if name in places else ""

    rows = [
        Row(line, *(cell(cells, name) for name in ("number", "tax_number", "tax_code", "issued_on", "total")))
        for line, cells in found
    ]
    return [row for row in rows if row.number or row.tax_number]


def judge(rows: Sequence[Row], user: Any) -> list[Judged]:
    """What would become of each row, without doing it: as far as the user sees the invoices and may issue them."""
    named = {row.line: {text.upper() for text in NUMBER.findall(row.number)} for row in rows}
    wanted = set().union(*named.values()) if named else set()
    seen = Invoice.objects.restrict(user).filter(deleted_at__isnull=True, original__isnull=True, number__in=wanted)
    known = {invoice.number: invoice for invoice in seen.select_related("account")}
    mine = policy.visible_ids(user, Invoice, [invoice.pk for invoice in known.values()], "issue")
    asked = {"".join(row.tax_number.split()) for row in rows} - {""}
    given = set(Invoice._base_manager.filter(tax_number__in=asked).values_list("tax_number", "tax_code"))
    taken: set[Any] = set()
    found = []
    for row in rows:
        invoices = [known[number] for number in sorted(named[row.line]) if number in known]
        try:
            judged = _judge(row, invoices, mine, given)
            if taken & {judged.invoice, (judged.tax_number, judged.tax_code)}:
                raise ValidationError(_("This request or this invoice number stands in the file twice."))
            taken |= {judged.invoice, (judged.tax_number, judged.tax_code)}
        except ValidationError as error:
            judged = Judged(row, invoices[0] if len(invoices) == 1 else None, " ".join(error.messages))
        found.append(judged)
    return found


def _judge(row: Row, invoices: list[Invoice], mine: set[int], given: set[tuple[str, str]]) -> Judged:
    """Judge a row by the invoices that it names, those the user may issue, and the numbers that are given already."""
    if len(invoices) != 1:
        raise ValidationError(_("Several requests are named.") if invoices else _("There is no such request."))
    invoice = invoices[0]
    if invoice.pk not in mine:
        raise ValidationError(_("You may not issue this invoice."))
    number, code = digits(row.tax_number), digits(row.tax_code)
    if not number:
        raise ValidationError(_("The invoice number is missing."))
    if len(number) > 30 or len(code) > 20:
        raise ValidationError(_("The invoice number is too long."))
    try:
        day, amount = parse_date(row.issued_on, "YMD", serials=True), parse_money(row.total)[0]
    except ValueError as error:
        raise ValidationError(str(error)) from error
    if amount != invoice.total:
        told = {"asked": format_money(invoice.total, invoice.currency), "file": format_money(amount, invoice.currency)}
        raise ValidationError(_("Requested were %(asked)s, the file says %(file)s.") % told)
    same = (invoice.tax_number, invoice.tax_code) == (number, code)
    if invoice.state != Invoice.State.APPROVED and not (same and invoice.state in LIVE):
        raise ValidationError(_("It is in the state “%(state)s”.") % {"state": invoice.get_state_display()})
    if not same and (number, code) in given:
        raise ValidationError(_("An invoice with this number of the tax office is here already."))
    return Judged(row, invoice, done=same, tax_number=number, tax_code=code, issued_on=day)


def issue_rows(rows: Sequence[Row], *, actor: Actor) -> tuple[list[Invoice], list[Judged]]:
    """Issue what can be, each for itself; returns the issued and what failed. The same rows again issue nothing more."""
    issued, failed = [], []
    for one in judge(rows, actor.user):
        if one.error:
            failed.append(one)
        if not one.ready or one.invoice is None:
            continue
        try:
            given = {"tax_number": one.tax_number, "tax_code": one.tax_code, "issued_on": one.issued_on}
            issued.append(issue_invoice(one.invoice, actor=actor, **given))
        except ValidationError as error:
            failed.append(Judged(one.row, one.invoice, " ".join(error.messages)))
    return issued, failed


def packed(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as plain values, to be sent along."""
    return [asdict(row) for row in rows]
