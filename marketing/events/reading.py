"""One event of another program, judged field by field."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from crm.lib.text import clean_line
from crm.reference.currencies import Currency
from marketing.events.identities import Identity, identity_of
from marketing.models import BehaviourEvent

Kind = BehaviourEvent.Kind
OLDEST = timedelta(days=3660)
LARGEST = Decimal("1000000000")
MOST_PRODUCTS = 100


@dataclass
class Told:
    """An event as it was told, and by what its person is known."""

    event: BehaviourEvent
    identities: list[Identity] = field(default_factory=list)


def read_event(data: Any, now: datetime | None = None) -> Told:
    """The event, unsaved. ValidationError by field for what can't be one."""
    if not isinstance(data, dict):
        raise ValidationError({"": [_("This is no JSON object.")]})
    kind = data.get("kind")
    if kind not in Kind.values:
        raise ValidationError({"kind": [_("There is no such kind of event.")]})
    identities = _identities(data.get("who"))
    event = BehaviourEvent(
        kind=kind,
        at=_moment(data.get("at"), now or timezone.now()),
        key=_key(data.get("id")),
        identities=[str(one) for one in identities],
        title=_text(data, "title", 300),
        url=_text(data, "url", 500),
        place=_text(data, "place", 150),
        products=_products(data.get("products")),
    )
    if data.get("amount") not in (None, ""):
        event.amount = _amount(data["amount"])
        event.currency = _currency(data.get("currency"))
    return Told(event, identities)


def _identities(who: Any) -> list[Identity]:
    if not isinstance(who, dict) or len(who) > 20:
        raise ValidationError({"who": [_("Say by what the person is known: phone, email, openid, visitor …")]})
    found = [one for kind, value in who.items() if (one := identity_of(kind, value)) is not None]
    if not found:
        raise ValidationError({"who": [_("Nothing there names a person.")]})
    return found


def _moment(value: Any, now: datetime) -> datetime:
    try:
        at = parse_datetime(value) if isinstance(value, str) and len(value) < 60 else None
    except ValueError:
        at = None
    if at is None:
        raise ValidationError({"at": [_("Enter a moment such as 2026-05-01T09:30:00+08:00.")]})
    try:
        at = timezone.make_aware(at) if timezone.is_naive(at) else at
        fits = now - OLDEST < at < now + timedelta(days=1)
    except (OverflowError, ValueError):
        fits = False
    if not fits:
        raise ValidationError({"at": [_("The moment lies too far away.")]})
    return at


def _key(value: Any) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or not 0 < len(str(value)) <= 100:
        raise ValidationError({"id": [_("Each event has an id of its own, of up to 100 signs.")]})
    if not str(value).isprintable() or any("\ud800" <= sign <= "\udfff" for sign in str(value)):
        raise ValidationError({"id": [_("Each event has an id of its own, of up to 100 signs.")]})
    return str(value)


def _text(data: dict[str, Any], name: str, longest: int) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise ValidationError({name: [_("Enter a single text.")]})
    try:
        return clean_line(value[: 4 * longest])[:longest]
    except ValueError as error:
        raise ValidationError({name: [str(error)]}) from None


def _amount(value: Any) -> Decimal:
    try:
        amount = (
            Decimal(str(value)) if isinstance(value, str | int | float) and len(str(value)) < 40 else Decimal("NaN")
        )
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) > LARGEST:
        raise ValidationError({"amount": [_("Enter an amount.")]})
    return amount.quantize(Decimal("0.01"))


def _currency(value: Any) -> str:
    if value in (None, ""):
        return Currency.CNY
    if value not in Currency.values:
        raise ValidationError({"currency": [_("There is no such currency.")]})
    return value


def _products(value: Any) -> list[dict[str, Any]]:
    """Name, number and amount of what was bought; everything else is left out."""
    if value in (None, ""):
        return []
    if not isinstance(value, list) or len(value) > MOST_PRODUCTS or not all(isinstance(one, dict) for one in value):
        raise ValidationError({"products": [_("Give a list of up to 100 products.")]})
    found = []
    for one in value:
        line: dict[str, Any] = {name: _text(one, name, 150) for name in ("name", "sku") if one.get(name)}
        for name in ("quantity", "amount"):
            if one.get(name) not in (None, ""):
                line[name] = str(_amount(one[name]))
        found.append(line)
    return found
