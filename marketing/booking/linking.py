"""Whose booking page is whose, for messages and record pages: ``{{ me.booking }}`` and links to copy."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from crm.messaging.merging import own_tags
from marketing.booking.models import BookingPage

SHOWN = 5


def pages_of(user: Any) -> QuerySet[BookingPage]:
    """The open pages on which one books with the person, their own first; only such as they see."""
    hosts = Q(owner=user) | Q(hosts__user=user, hosts__deleted_at__isnull=True)
    own = Case(When(owner=user, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = BookingPage.objects.restrict(user).filter(pk__in=BookingPage.objects.filter(hosts, active=True).values("pk"))
    return rows.filter(deleted_at__isnull=True).order_by(own, "pk")


def link_for(user: Any) -> str:
    """The address of the person's first booking page; empty where there is none."""
    page = pages_of(user).first()
    return page.url if page is not None else ""


own_tags["booking"] = (_("the link of my booking page"), link_for)
