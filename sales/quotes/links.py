"""The customer's link: signed, for one quote and nothing else, worthless once the quote has another."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse

from sales.quotes.models import Quote

SALT = "quotes.link"


def link_of(quote: Quote) -> str:
    """The address for the customer; empty while there is none."""
    if not quote.link_key:
        return ""
    return settings.PUBLIC_URL + reverse("quotes:offer", args=[token_of(quote)])


def token_of(quote: Quote) -> str:
    """What the address carries."""
    return signing.Signer(salt=SALT).sign_object([quote.pk, quote.link_key], compress=True)


def quote_of_token(token: str) -> Quote | None:
    """The quote whose present link it is, whatever its state; None for anything else."""
    try:
        pk, key = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if not (isinstance(pk, int) and isinstance(key, str) and key):
        return None
    rows = Quote.objects.alive().select_related("account", "contact", "owner")
    return rows.filter(pk=pk, link_key=key).first()
