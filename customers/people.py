"""Which customers are people, for consents, exports and erasure."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.privacy.own_places import add_tied_place
from crm.privacy.people import person_kind
from customers.tracing import Touch

person_kind("customers.contact", name="name", never=frozenset({"decision_role"}))
person_kind(
    "customers.account",
    name="name",
    where=Q(is_person=True),
    when=lambda account: account.is_person,
    never=frozenset({"size"}),
)
add_tied_place("customers.touches", _("What brought the person to us"), Touch)
