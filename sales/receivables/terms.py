"""Payment terms as people write them: “30% 签约后 7 天, 60% 验收, 10% 质保 12 个月”, “30% deposit, balance on delivery”."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.lib.money import round_money
from crm.lib.spans import later
from sales.catalogue.arithmetic import HUNDRED, ZERO, share

DATE, SIGNING, DELIVERY, ACCEPTANCE, INVOICE, START = "date", "signing", "delivery", "acceptance", "invoice", "start"
MOST = 120


@dataclass(frozen=True)
class Term:
    """One part: its share in percent, or its amount, or neither (what is left); due so long after an event, or on a day.

    ``weight`` is the exact share where percent can't say it: thirds.
    """

    name: str
    ratio: Decimal | None = None
    amount: Decimal | None = None
    event: str = SIGNING
    days: int = 0
    months: int = 0
    fixed_on: date | None = None
    weight: Decimal | None = None

    @property
    def is_rest(self) -> bool:
        return self.ratio is None and self.amount is None


_NUMERALS = {**{word: number for number, word in enumerate("零一二三四五六七八九")}, "两": 2, "半": 0}
_N = r"(\d+|[一二三四五六七八九十两]+)"
_EVENTS: tuple[tuple[str, str], ...] = (
    (r"款到发货", SIGNING),
    (
        r"质保(?:金|期)?(?:届?满|到期|结束)?|保修期?(?:届?满|到期)?|尾保|retention|(?:end of )?warranty(?: period)?",
        ACCEPTANCE,
    ),
    (r"(?:终|初|最终)?验收(?:合格|通过|完成)?|(?:final )?acceptance|accepted", ACCEPTANCE),
    (r"(?:收到)?(?:开具?)?(?:发票|开票)|invoice(?: date)?", INVOICE),
    (r"发货|交货|到货|收货|交付|货到|出货|deliver(?:y|ed)|shipment|shipping|shipped", DELIVERY),
    (
        r"(?:合同)?(?:签约|签订|签署|签字|生效|盖章)|首付款?|首款|定金|订金|预付款?"
        r"|sign(?:ing|ed|ature)|deposit|down ?payment|advance|order|upfront|up front",
        SIGNING,
    ),
    (r"开工|启动|进场|开始|项目开始|start(?:ing)?|kick-?off|begin(?:ning)?", START),
)
_REST = r"余款|尾款|剩余(?:款项?|部分)?|其余(?:款项?|部分)?|余额|balance|rest|remainder|remaining(?: amount)?"
_WHOLE = r"一次性|全款|全额|全部(?:款项)?|in full|full(?: payment)?|lump sum|all"
_FILLER = (
    r"合同|总价款?|总额|金额|款项|货款|进度款|支付|付款|付清|结清|付讫|付|款|之后|以后|之内|以内|之前|以前|之日|当天|当日|时|后|内|前|起|的|即|为|于|在"
    r"|收到|到|期满|分期|第?[一二三四五六七八九十]期|\b(?:after|within|of|on|upon|at|the|before|from|paid?|payable|payment|due|by|is|and|to|be|in|for|period|contract|days?|date|month end|security)\b"
)
_SPLIT = re.compile(r"[，;；。、\n]|,(?!\d{3}(?!\d))|(?<!\d),|[+＋](?=\s*\d)")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?")
_SERIES = re.compile(
    rf"^(?:分|共)?\s*{_N}\s*期(?:付款|支付|付清)?\s*[，,、\s]*(?:每个?(?P<u>月|季度|季|半年|年)\s*(?:(?P<d>\d{{1,2}})\s*[日号])?(?:付款|支付|付)?)?$"
)
_SERIES_EN = re.compile(
    rf"^{_N}\s+(?:equal\s+)?(?P<w>monthly|quarterly|yearly|annual)?\s*(?:instal+ments?|payments?)\s*,?\s*"
    r"(?:(?:on\s+the\s+|on\s+)?(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:\s+(?:day\s+)?of\s+(?:each|every)\s+month)?)?$"
)
_STEPS = {"月": 1, "季": 3, "季度": 3, "半年": 6, "年": 12, "monthly": 1, "quarterly": 3, "yearly": 12, "annual": 12}


def number(word: str) -> int:
    """3, 三, 十二."""
    if word.isdigit():
        return int(word)
    tens, ten, ones = word.rpartition("十")
    return (_NUMERALS.get(tens, 1) * 10 if ten else 0) + (_NUMERALS.get(ones, 0))


def parse(text: str, *, today: date) -> list[Term]:
    """The terms that a text names; their shares make up 100 %. ValidationError names the part that is not understood.

    Empty text: everything on signing. ``today`` is what “every 1st of the month” counts from.
    """
    plain = (
        " ".join(text.replace("％", "%").replace("：", " ").replace(":", " ").split("\r")).strip().strip("。.;；,，")
    )
    if not plain:
        return [Term(_("All"), HUNDRED)]
    series = _series(plain, today)
    if series:
        return series
    parts = [part.strip() for part in _SPLIT.split(plain) if part and part.strip()]
    return _whole(_joined([_part(part) for part in parts]))


def _series(text: str, today: date) -> list[Term]:
    match = _SERIES.match(text) or _SERIES_EN.match(text.lower())
    if match is None:
        return []
    count, groups = number(match[1]), match.groupdict()
    if not 1 <= count <= MOST:
        raise ValidationError(_("“%(part)s”: between 1 and %(most)d instalments.") % {"part": text, "most": MOST})
    step = _STEPS.get(groups.get("u") or groups.get("w") or "", 1)
    ratios = share(HUNDRED, [Decimal(1)] * count, "CNY")
    names = [f"{place}/{count}" for place in range(1, count + 1)]
    day = int(groups["d"]) if groups.get("d") else None
    if day is None:
        pairs = enumerate(zip(names, ratios, strict=True))
        return [Term(name, ratio, months=step * i, weight=Decimal(1)) for i, (name, ratio) in pairs]
    if not 1 <= day <= 31:
        raise ValidationError(_("“%(part)s” was not understood: there is no such day.") % {"part": text})
    first = _next_day(today, day)
    days = [_in_month(first, step * i, day) for i in range(count)]
    parts = zip(names, ratios, days, strict=True)
    return [Term(name, ratio, event=DATE, fixed_on=on, weight=Decimal(1)) for name, ratio, on in parts]


def _in_month(first: date, months: int, day: int) -> date:
    start = later(first.replace(day=1), months)
    return start.replace(day=min(day, monthrange(start.year, start.month)[1]))


def _next_day(today: date, day: int) -> date:
    here = _in_month(today, 0, day)
    return here if here > today else _in_month(today, 1, day)


def _part(part: str) -> Term:
    """One part. What is left of it after everything known is taken out must say nothing."""
    left, found = part.lower(), {}
    for take in (_take_day, _take_net, _take_share, _take_event, _take_span):
        left = take(left, found)
    rest = bool(re.search(_REST, left)) or found.pop("whole", False)
    left = re.sub(rf"{_REST}|{_WHOLE}|{_FILLER}", " ", left)
    if re.sub(r"[\s()（）\-–—+/.·]", "", left):
        raise ValidationError(
            _("This part of the payment terms was not understood: “%(part)s”. Write it like “30%% 签约后 7 天”.")
            % {"part": part},
            code="terms",
        )
    valued = {"ratio", "amount"} & found.keys()
    if not valued and not rest and "event" not in found:
        raise ValidationError(_("“%(part)s” says neither how much nor when.") % {"part": part}, code="terms")
    return Term(part[:200], **found)


def _take_day(text: str, found: dict) -> str:
    match = _DAY.search(text)
    if match is None:
        return text
    try:
        found["fixed_on"], found["event"] = date(*map(int, match.groups())), DATE
    except ValueError as error:
        raise ValidationError(_("There is no such day: “%(part)s”.") % {"part": match[0]}, code="terms") from error
    return text.replace(match[0], " ")


def _take_net(text: str, found: dict) -> str:
    """月结 30 天, net 30: so many days after the invoice."""
    match = re.search(rf"(?:月结|\bnet)\s*{_N}\s*(?:天|日|days?)?", text)
    if match is None:
        return text
    found |= {"event": INVOICE, "days": number(match[1])}
    return text.replace(match[0], " ")


def _take_share(text: str, found: dict) -> str:
    if match := re.search(r"(\d+(?:\.\d+)?)\s*%|百分之\s*" + _N, text):
        found["ratio"] = Decimal(match[1]) if match[1] else Decimal(number(match[2]))
    elif match := re.search(r"([一二三四五六七八九])成", text):
        found["ratio"] = Decimal(number(match[1]) * 10)
    elif match := re.search(
        r"[¥￥]?\s*(\d[\d,]*(?:\.\d+)?)\s*(万)?\s*(?:元|块|rmb|cny|yuan)|[¥￥$€]\s*(\d[\d,]*(?:\.\d+)?)", text
    ):
        worth = Decimal((match[1] or match[3]).replace(",", ""))
        found["amount"] = worth * 10000 if match[2] else worth
    elif match := re.search(_WHOLE, text):
        found["whole"] = True
    else:
        return text
    if found.get("ratio") is not None and not 0 < found["ratio"] <= 100:
        raise ValidationError(_("A share lies between 0 and 100 %%: “%(part)s”.") % {"part": match[0]}, code="terms")
    return text.replace(match[0], " ", 1)


def _take_event(text: str, found: dict) -> str:
    for pattern, event in _EVENTS:
        match = re.search(pattern, text)
        if match:
            found.setdefault("event", event)
            return re.sub(pattern, " ", text)
    return text


def _take_span(text: str, found: dict) -> str:
    for pattern, unit, factor in (
        (rf"{_N}\s*(?:个)?(?:工作日|自然日|天|日|(?:working |business |calendar )?days?)", "days", 1),
        (rf"{_N}\s*(?:个)?(?:周|星期|weeks?)", "days", 7),
        (rf"{_N}\s*(?:个)?(?:月|months?)", "months", 1),
        (rf"{_N}\s*(?:年|years?)", "months", 12),
    ):
        if match := re.search(pattern, text):
            found[unit] = found.get(unit, 0) + number(match[1]) * factor
            text = text.replace(match[0], " ", 1)
    return text


def _joined(terms: Sequence[Term]) -> list[Term]:
    """“余款，发货前付清”: a part that says only when belongs to the one before it, which says only how much."""
    done: list[Term] = []
    for term in terms:
        last = done[-1] if done else None
        bare = last is not None and last.event == SIGNING and not last.days and not last.months
        if last is not None and bare and term.is_rest and term.event != SIGNING and _says_only_when(term, last):
            done[-1] = replace(term, name=f"{last.name} {term.name}"[:200], ratio=last.ratio, amount=last.amount)
        else:
            done.append(term)
    return done


def _says_only_when(term: Term, last: Term) -> bool:
    return not re.search(rf"{_REST}|{_WHOLE}", term.name.lower()) and (
        last.is_rest or not re.search("|".join(pattern for pattern, _event in _EVENTS), last.name.lower())
    )


def _whole(terms: list[Term]) -> list[Term]:
    """Shares that make up everything: one part may be what is left."""
    open_ended = [term for term in terms if term.is_rest]
    if len(open_ended) > 1:
        raise ValidationError(
            _("“%(part)s” does not say how much: only one part can be what is left.") % {"part": open_ended[1].name},
            code="terms",
        )
    if any(term.amount is not None for term in terms):
        return terms
    named = sum((term.ratio for term in terms if term.ratio is not None), ZERO)
    if (open_ended and named >= HUNDRED) or (not open_ended and named != HUNDRED):
        raise ValidationError(
            _("The shares of the payment terms add up to %(sum)s %%, not to 100 %%.")
            % {"sum": f"{named.normalize():f}"},
            code="terms",
        )
    return [replace(term, ratio=HUNDRED - named) if term.is_rest else term for term in terms]


def amounts(terms: Sequence[Term], total: Decimal, currency: str) -> list[Decimal]:
    """What each term comes to, to the cent; together exactly ``total``. ValidationError where fixed amounts don't fit."""
    if all(term.ratio is not None for term in terms):
        return share(total, [term.weight or term.ratio or ZERO for term in terms], currency)
    parts = [
        term.amount if term.amount is not None else round_money(total * (term.ratio or ZERO) / HUNDRED, currency)
        for term in terms
    ]
    left = total - sum(parts, ZERO)
    rest = next((place for place, term in enumerate(terms) if term.is_rest), None)
    if left < 0 or (rest is None and left):
        raise ValidationError(
            _("The amounts of the payment terms do not add up to %(total)s.") % {"total": total}, code="terms"
        )
    if rest is not None:
        parts[rest] = left
    return parts
