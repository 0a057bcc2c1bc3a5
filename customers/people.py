"""Which customers are people, for consents, exports and erasure."""

from __future__ import annotations

from django.db.models import Q

from crm.privacy.people import person_kind

person_kind("customers.contact", name="name", never=frozenset({"decision_role"}))
person_kind(
    "customers.account",
    name="name",
    where=Q(is_person=True),
    when=lambda account: account.is_person,
    never=frozenset({"size"}),
)
