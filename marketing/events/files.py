"""Events from a file: what tills and shops write out, a row an event."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.exchange.reading.errors import ReadError
from crm.exchange.reading.matching import match_columns
from crm.exchange.reading.table import open_table
from crm.lib.dates import parse_datetime
from crm.lib.formulas import denaturalise
from crm.lib.money import parse_money
from crm.lib.text import fold
from marketing.events.taking import take_events
from marketing.models import BehaviourEvent, IdentityLink

MOST = 5000
HEADINGS = {
    "id": ("number", "order no", "order id", "编号", "单号", "订单号", "流水号"),
    "at": ("time", "date", "moment", "时间", "日期", "发生时间", "交易时间", "下单时间"),
    "kind": ("type", "event", "类型", "事件", "行为"),
    "phone": ("mobile", "手机", "手机号", "电话", "会员手机"),
    "email": ("e-mail", "mail", "邮箱", "电子邮箱"),
    "openid": ("wechat openid",),
    "unionid": ("wechat unionid",),
    "card": ("member card", "会员卡", "会员卡号", "卡号"),
    "device": ("设备", "设备号"),
    "visitor": ("访客", "访客编号"),
    "title": ("product", "page", "item", "标题", "商品", "商品名称", "页面", "内容"),
    "url": ("address", "link", "网址", "链接"),
    "amount": ("sum", "total", "price", "金额", "实付", "实付金额", "交易金额"),
    "currency": ("币种", "货币"),
    "place": ("store", "shop", "门店", "店铺", "渠道"),
}
WHO = frozenset(IdentityLink.Kind.values)


class EventFile:
    """A file of events on disk; ``kind`` is that of rows without one. ReadError when it can't be read.

    The same file brought twice is kept once: a row without a number of its own is known by what it says.
    """

    def __init__(self, path: str, kind: str = "") -> None:
        self.table, self.kind = open_table(path), kind
        self.names = match_columns(self.table.columns, [(name, (name, *others)) for name, others in HEADINGS.items()])
        found = set(self.names.values())
        if not WHO & found:
            raise ReadError(_("No column says whose the events are: a phone, an e-mail address, a card or an openid."))
        if "at" not in found or not ("kind" in found or kind):
            raise ReadError(_("Each event needs its time, and its kind in a column or chosen for all."))

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line, cells) of each row."""
        yield from self.table.rows

    def event(self, cells: Sequence[str]) -> dict[str, Any]:
        """What a row tells, as programs would send it."""
        names = self.names
        return _event({names[i]: cell.strip() for i, cell in enumerate(cells) if i in names}, self.kind)

    def longer_than(self, most: int) -> bool:
        """Whether it has more rows than that."""
        return next(islice(self.rows(), most, None), None) is not None


def take_file(path: str, *, kind: str = "") -> dict[str, Any]:
    """Keep the events of a file of up to ``MOST`` rows. Rows count by their line."""
    file = EventFile(path, kind)
    rows = list(islice(file.rows(), MOST))
    told = take_events(None, [file.event(cells) for _line, cells in rows])
    told["errors"] = {rows[int(number)][0]: reasons for number, reasons in told["errors"].items()}
    return told


def _event(row: dict[str, str], kind: str) -> dict[str, Any]:
    row = {name: denaturalise(text) if text[:1] == "'" else text for name, text in row.items()}
    told: dict[str, Any] = {name: row[name] for name in ("title", "url", "place", "currency") if row.get(name)}
    told["who"] = {name: row[name] for name in WHO if row.get(name)}
    told["kind"] = _kind(row["kind"]) if row.get("kind") else kind
    told["at"] = _moment(row.get("at", ""))
    if row.get("amount"):
        told["amount"], currency = _amount(row["amount"])
        if currency and "currency" not in told:
            told["currency"] = currency
    said = "|".join(f"{name}={row[name]}" for name in sorted(row) if row[name])
    told["id"] = f"file:{row.get('id', '')[:60] or hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()[:40]}"
    return told


def _kind(text: str) -> str:
    """The kind by its name here or by its label in either language."""
    wanted = fold(text).strip()
    for language in ("zh-hans", "en"):
        with override(language):
            for value, label in BehaviourEvent.Kind.choices:
                if wanted in (value, fold(str(label))):
                    return value
    return text


def _moment(text: str) -> str:
    try:
        return parse_datetime(text, timezone.get_current_timezone()).isoformat()
    except ValueError:
        return text


def _amount(text: str) -> tuple[str, str]:
    try:
        amount, currency = parse_money(text)
    except ValueError:
        return text, ""
    return str(amount), currency or ""
