"""How values of customers are brought into one form: each cleaner finds what it may mend in SQL, and mends it value by value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.entities.forms import may_write
from crm.lib.phone import normalise_phone
from crm.lib.uscc import plain_code
from crm.reference.addresses import read_address

ACCOUNT, CONTACT = "customers.account", "customers.contact"
_HAN = "\u3400-\u9fff"
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}（）])[ \u3000]+(?=[{_HAN}（）])")
_BRACKETS = str.maketrans("()[]【】〔〕", "（）（）（）（）")
_LATIN_BRACKETS = str.maketrans("（）【】〔〕", "()()()")
_TRACKING = re.compile(r"utm_\w+|gclid|fbclid|spm|bd_vid", re.IGNORECASE)


@dataclass(frozen=True)
class Cleaner:
    """``wanted`` finds the records in SQL (some more than can be mended); ``fix`` gives the new stored value, None: leave it.

    ``reads`` are further fields that the new value tells of."""

    code: str
    label: Any
    entity: str
    field: str
    wanted: Q
    fix: Callable[[Any], Any]
    reads: tuple[str, ...] = ()

    def bound(self, user: Any) -> BoundEntity | None:
        """The entity for who may clean here: who may import such records, and write the field. None for all others."""
        bound = bind(registry[self.entity], user)
        field = next(iter(bound.visible([self.field])), None)
        known = len(bound.readable([self.field, *self.reads])) == 1 + len(self.reads)
        allowed = bound.can("import") and bound.can("change")
        return bound if allowed and known and field is not None and may_write(bound, field) else None


def clean_name(name: str) -> str:
    """Half-width letters and digits, single spaces, none between Chinese characters, full-width brackets in Chinese names."""
    text = "".join(unicodedata.normalize("NFKC", c) if "！" <= c <= "～" and c not in "（）" else c for c in name)
    text = " ".join(text.replace("\u3000", " ").split())
    chinese = re.search(rf"[{_HAN}]", text) is not None
    text = text.translate(_BRACKETS if chinese else _LATIN_BRACKETS)
    if chinese:
        text = re.sub(r" *([（）]) *", r"\1", text)
        text = _BETWEEN_HAN.sub("", text)
    return text


def clean_website(url: str) -> str:
    """Lower-case host, no lone slash at the end, nothing that only tracks where one came from."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(k)])
    path = "" if parts.path == "/" and not query else parts.path
    return urlunsplit(
        (
            parts.scheme.lower(),
            parts.netloc.lower(),
            path,
            query if _TRACKING.search(parts.query) else parts.query,
            parts.fragment,
        )
    )


def _name(record: Any) -> str | None:
    return clean_name(record.name) or None


def _website(record: Any) -> str | None:
    return clean_website(record.website)


def _region(record: Any) -> int | None:
    found = read_address(record.address)
    return found.region if found else None


def _phone(name: str) -> Callable[[Any], str | None]:
    return lambda record: normalise_phone(getattr(record, name))


_SPELLING = rf"[Ａ-Ｚａ-ｚ０-９　＆－．【】〔〕]|\s\s|^\s|\s$|[{_HAN}] +[{_HAN}]|[{_HAN}].*[()\[\]]|[()\[\]].*[{_HAN}]"
_KEPT_PHONE = r"^\+[0-9]{4,15}(;ext=[0-9]{1,7})?$"


def _phone_wanted(name: str) -> Q:
    return ~Q(**{name: ""}) & ~Q(**{f"{name}__regex": _KEPT_PHONE})


def _all() -> Iterator[Cleaner]:
    yield Cleaner(
        "account-names", _("Names: width, spaces, brackets"), ACCOUNT, "name", Q(name__regex=_SPELLING), _name
    )
    yield Cleaner(
        "account-phones",
        _("Phone numbers with country code"),
        ACCOUNT,
        "phone",
        _phone_wanted("phone"),
        _phone("phone"),
    )
    websites = (
        r"^[A-Za-z]+://[^/]*[A-Z]|^[a-z]*[A-Z]+[a-zA-Z]*:|^[^?#]*//[^/]+/$|[?&](utm_[a-z]+|gclid|fbclid|spm|bd_vid)="
    )
    yield Cleaner("account-websites", _("Websites"), ACCOUNT, "website", Q(website__regex=websites), _website)
    yield Cleaner(
        "account-regions",
        _("Regions from addresses"),
        ACCOUNT,
        "region",
        Q(region__isnull=True) & ~Q(address=""),
        _region,
        ("address",),
    )
    tax = ~Q(tax_id="") & (~Q(tax_id=Upper(F("tax_id"))) | Q(tax_id__regex=r"[\s_-]"))
    yield Cleaner(
        "account-tax-ids", _("Tax ids in capitals"), ACCOUNT, "tax_id", tax, lambda r: plain_code(r.tax_id) or None
    )
    yield Cleaner(
        "contact-names", _("Names: width, spaces, brackets"), CONTACT, "name", Q(name__regex=_SPELLING), _name
    )
    for name in ("mobile", "phone", "phone2"):
        yield Cleaner(
            f"contact-{name}", _("Phone numbers with country code"), CONTACT, name, _phone_wanted(name), _phone(name)
        )


CLEANERS = {cleaner.code: cleaner for cleaner in _all()}
