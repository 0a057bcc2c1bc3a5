"""Amounts of money: reading what people write, rounding half up, showing them long and short."""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

LIMIT = Decimal(10) ** 16
SYMBOLS = {
    "CNY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "JP¥",
    "HKD": "HK$",
    "TWD": "NT$",
    "KRW": "₩",
    "SGD": "S$",
    "AUD": "A$",
    "CAD": "C$",
    "INR": "₹",
    "RUB": "₽",
    "THB": "฿",
    "VND": "₫",
}
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF", "XPF", "UGX", "PYG"})
_CODES = frozenset(
    "CNY USD EUR GBP JPY HKD TWD MOP KRW SGD MYR THB VND IDR PHP INR PKR AUD NZD CAD CHF SEK NOK DKK PLN CZK HUF RON TRY RUB UAH KZT "
    "BRL MXN ARS CLP COP PEN ZAR EGP NGN KES AED SAR QAR ILS ISK XAF XOF XPF UGX PYG".split()
)
_WRITTEN = {
    "¥": "CNY",
    "￥": "CNY",
    "cn¥": "CNY",
    "rmb": "CNY",
    "cnh": "CNY",
    "人民币": "CNY",
    "元人民币": "CNY",
    "元": "CNY",
    "圆": "CNY",
    "块": "CNY",
    "元整": "CNY",
    "jp¥": "JPY",
    "円": "JPY",
    "日元": "JPY",
    "日圆": "JPY",
    "$": "USD",
    "us$": "USD",
    "美元": "USD",
    "美金": "USD",
    "€": "EUR",
    "欧元": "EUR",
    "£": "GBP",
    "英镑": "GBP",
    "hk$": "HKD",
    "港币": "HKD",
    "港元": "HKD",
    "nt$": "TWD",
    "新台币": "TWD",
    "台币": "TWD",
    "₩": "KRW",
    "韩元": "KRW",
    "s$": "SGD",
    "新元": "SGD",
    "a$": "AUD",
    "澳元": "AUD",
    "c$": "CAD",
    "加元": "CAD",
    "瑞士法郎": "CHF",
    "₹": "INR",
    "卢布": "RUB",
    "₽": "RUB",
    "฿": "THB",
    "₫": "VND",
} | {code.lower(): code for code in _CODES}
_UNITS = {
    "": 0,
    "十": 1,
    "百": 2,
    "千": 3,
    "万": 4,
    "萬": 4,
    "w": 4,
    "十万": 5,
    "百万": 6,
    "千万": 7,
    "亿": 8,
    "億": 8,
    "万亿": 12,
    "k": 3,
    "m": 6,
    "mn": 6,
    "mio": 6,
    "million": 6,
    "b": 9,
    "bn": 9,
    "billion": 9,
    "thousand": 3,
}
_AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<before>[^\d.,()+-]*?)\s*(?P<inner>[-+])?\s*"
    r"(?P<digits>\d[\d,' ]*(?:\.\d*)?|\.\d+)(?:e(?P<exponent>[-+]?\d{1,2}))?\s*(?P<after>[^\d.,()+-]*?)\s*(?P<trailing>-)?\s*(?P<close>\))?",
    re.IGNORECASE | re.ASCII,
)
_GROUPED = re.compile(r"\d+|\d{1,3}(?:([,' ])\d{2,3}(?:\1\d{2,3})*)?(?<=\d{3})|\d{1,4}(?:,\d{4})+", re.ASCII)
_LONGEST = 60


def parse_money(text: str) -> tuple[Decimal, str | None]:
    """The amount, rounded to the currency's places, and the currency's code if one is written.

    Reads ``¥1,234.50``, ``1.2万``, ``3 亿元``, ``USD 5,000``, ``(300)``, ``1.5M``; a bare ¥ is CNY, a bare $ is USD.
    ValueError when it is not an amount, or not below 10^16.
    """
    plain = (
        unicodedata.normalize("NFKC", text[: _LONGEST + 1])
        .replace("−", "-")
        .replace("–", "-")
        .replace("’", "'")
        .strip()
    )
    match = _AMOUNT.fullmatch(plain) if 0 < len(plain) <= _LONGEST else None
    if match is None or bool(match["open"]) != bool(match["close"]):
        raise _not_an_amount(text)
    signs = [sign for sign in (match["sign"], match["inner"], match["trailing"], match["open"]) if sign]
    if len(signs) > 1:
        raise _not_an_amount(text)
    number = _plain_number(match["digits"], text)
    exponent, currency = _unit_and_currency(match["before"], match["after"], text)
    amount = number.scaleb(exponent + int(match["exponent"] or 0))
    if abs(amount) >= LIMIT:
        raise ValueError(_("%(text)s is too large an amount.") % {"text": text[:_LONGEST]})
    amount = round_money(-amount if signs and signs[0] != "+" else amount, currency)
    if abs(amount) >= LIMIT:
        raise ValueError(_("%(text)s is too large an amount.") % {"text": text[:_LONGEST]})
    return amount, currency


def decimal_places(currency: str | None) -> int:
    """How many digits stand after the point: 2, or 0 for currencies like JPY."""
    return 0 if currency in _WITHOUT_CENTS else 2


def round_money(amount: Decimal, currency: str | None = None) -> Decimal:
    """Half up (away from zero) to the currency's places; −0 becomes 0. ValueError from 10^16 on."""
    if not amount.is_finite() or abs(amount) >= LIMIT * 10:
        raise ValueError(_("The amount is too large."))
    rounded = amount.quantize(Decimal(1).scaleb(-decimal_places(currency)), rounding=ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)


def format_money(amount: Decimal, currency: str = "CNY") -> str:
    """``¥1,234,567.00``; currencies without a symbol of their own show their code: ``CHF 1,234.00``."""
    rounded = round_money(amount, currency)
    return _signed(rounded, currency, f"{abs(rounded):,.{decimal_places(currency)}f}")


def short_money(amount: Decimal, currency: str = "CNY", language: str = "zh-hans") -> str:
    """``¥123.5 万`` and ``¥1.2 亿`` in Chinese, ``¥1.24M`` in other languages; below the first unit without cents."""
    chinese = language.lower().startswith("zh")
    steps = ((12, " 万亿"), (8, " 亿"), (4, " 万")) if chinese else ((9, "B"), (6, "M"), (3, "K"))
    places = Decimal("0.1") if chinese else Decimal("0.01")
    size = abs(round_money(amount, currency))
    for index, (exponent, unit) in enumerate(steps):
        scaled = size.scaleb(-exponent).quantize(places, rounding=ROUND_HALF_UP)
        # 99,999,999 is 1 亿, not 10,000 万: what rounds up to the next unit is shown in it.
        next_step = steps[index + 1][0] if index + 1 < len(steps) else 0
        if scaled >= 1 and (size >= Decimal(10) ** exponent or _rounds_up(size, exponent, next_step, places)):
            return _signed(amount, currency, f"{_trimmed(scaled)}{unit}")
    whole = size.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return _signed(amount if whole else Decimal(0), currency, f"{whole:,f}")


def _rounds_up(size: Decimal, exponent: int, smaller: int, places: Decimal) -> bool:
    """Whether the size, shown in the smaller unit, would round up to one of the larger."""
    unit_places = places if smaller else Decimal(1)
    return size.scaleb(-smaller).quantize(unit_places, rounding=ROUND_HALF_UP) >= Decimal(10) ** (exponent - smaller)


def _signed(amount: Decimal, currency: str, digits: str) -> str:
    """Sign, symbol, digits."""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{'-' if amount < 0 else ''}{symbol}{digits}"


def _trimmed(number: Decimal) -> str:
    """Grouped, without zeros at the end of the fraction."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain_number(digits: str, text: str) -> Decimal:
    """The number without its grouping; ValueError when commas stand where no group ends."""
    whole, point, fraction = digits.strip().partition(".")
    if whole and not _GROUPED.fullmatch(whole):
        raise _not_an_amount(text)
    return Decimal(f"{re.sub('[^0-9]', '', whole) or '0'}.{fraction or '0'}")


def _unit_and_currency(before: str, after: str, text: str) -> tuple[int, str | None]:
    """Power of ten and currency from the words around the number; ValueError for unknown words."""
    leading = before.strip().rstrip(":").lower()
    trailing = after.strip().lower().removesuffix("整").strip()
    currency = _WRITTEN.get(leading) if leading else None
    if leading and currency is None:
        raise _not_an_amount(text)
    unit, own = _split_unit(trailing)
    if unit is None or (own and currency and own != currency and own != "CNY"):
        raise _not_an_amount(text)
    return _UNITS[unit], currency or own


def _split_unit(trailing: str) -> tuple[str | None, str | None]:
    """(unit, currency) of the words after a number: 万元 → (万, CNY); unit None when not understood."""
    if trailing in _UNITS:
        return trailing, None
    for cut in range(len(trailing), -1, -1):
        unit, rest = trailing[:cut].strip(), trailing[cut:].strip()
        if unit in _UNITS and rest in _WRITTEN:
            return unit, _WRITTEN[rest]
    return None, None


def _not_an_amount(text: str) -> ValueError:
    return ValueError(_("%(text)s is not an amount of money. Write it like 1,234.50.") % {"text": text[:_LONGEST]})
