"""The signed link by which a partner's person sets a password: for one person, once, for some days."""

from __future__ import annotations

from django.core import signing

from sales.partners.models import Partner, PartnerPerson

SALT = "partners.link"
GOOD_FOR = 7 * 24 * 3600
"""Seconds."""


def link_token(person: PartnerPerson) -> str:
    """The token that goes with the person's present nonce."""
    return signing.dumps([person.pk, person.credential.nonce], salt=SALT)


def person_of_token(token: str) -> PartnerPerson | None:
    """Whose link it is, while it is good: not used, not replaced by a later one, not too old, access not revoked, the partner active."""
    try:
        pk, nonce = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    states = (PartnerPerson.State.INVITED, PartnerPerson.State.ACTIVE)
    rows = PartnerPerson.objects.select_related("credential", "partner").filter(
        pk=pk,
        state__in=states,
        deleted_at__isnull=True,
        credential__nonce=nonce,
        partner__state=Partner.State.ACTIVE,
        partner__deleted_at__isnull=True,
    )
    return rows.first() if nonce else None
