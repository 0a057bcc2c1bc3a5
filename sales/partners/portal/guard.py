"""Who is signed in to the portal. They are no user: to every other page they are nobody at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from crm.records import services as records
from crm.records.actor import Actor
from sales.partners import kinds
from sales.partners.models import Partner, PartnerCredential, PartnerPerson

KEY, EPOCH = "partner_person", "partner_epoch"
State = PartnerPerson.State


class LockedOut(ValidationError):
    """Too many wrong passwords for the address, or from it."""


def person_of(request: HttpRequest) -> PartnerPerson | None:
    """Whoever is signed in, asked of the database at each request: revoked, a new password or a partner that is no longer
    active end a session at once."""
    pk, epoch = request.session.get(KEY), request.session.get(EPOCH)
    if pk is None:
        return None
    return (
        PartnerPerson.objects.select_related("partner", "partner__level", "contact")
        .filter(
            pk=pk,
            state=State.ACTIVE,
            deleted_at__isnull=True,
            credential__epoch=epoch,
            partner__state=Partner.State.ACTIVE,
            partner__deleted_at__isnull=True,
        )
        .first()
    )


def portal_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorator: ``view(request, person, …)`` for who is signed in to the portal; others are asked to."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = person_of(request)
        if person is None:
            return redirect("partner_portal:sign_in")
        return closed(view(request, person, *args, **kwargs))

    return guarded


def closed(response: HttpResponse) -> HttpResponse:
    """Kept by no cache, found by no search engine, named to no other site."""
    add_never_cache_headers(response)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "same-origin"
    return response


def actor_of(person: PartnerPerson) -> Actor:
    """Who does what is done in the portal: no user, but a cause that names the person."""
    return Actor(None, f"partner:{person.pk}")


def sign_in(request: HttpRequest, email: str, password: str) -> PartnerPerson | None:
    """Begin a session; None where address and password do not fit. LockedOut after too many tries.

    An unknown address takes as long as a wrong password.
    """
    credentials = {"username": f"partner:{email.lower()}"[:255]}
    if not AxesProxyHandler.is_allowed(request, credentials):
        raise LockedOut(_("Too many attempts. Try again in a quarter of an hour."))
    rows = PartnerPerson.objects.select_related("credential").filter(
        email__iexact=email,
        state=State.ACTIVE,
        deleted_at__isnull=True,
        partner__state=Partner.State.ACTIVE,
        partner__deleted_at__isnull=True,
    )
    person = rows.exclude(credential__password="").first()
    stored = person.credential.password if person is not None else _nobody()
    if not check_password(password, stored) or person is None:
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        return None
    AxesProxyHandler.reset_attempts(username=credentials["username"])
    begin(request, person)
    return person


_NOBODY: list[str] = []


def _nobody() -> str:
    if not _NOBODY:
        _NOBODY.append(make_password("nobody has this password"))
    return _NOBODY[0]


def begin(request: HttpRequest, person: PartnerPerson) -> None:
    """A fresh session, in which nobody else is signed in."""
    request.session.flush()
    request.session[KEY], request.session[EPOCH] = person.pk, person.credential.epoch
    PartnerPerson.objects.filter(pk=person.pk).update(last_seen_at=timezone.now())


@transaction.atomic
def set_password(person: PartnerPerson, password: str) -> bool:
    """Set the password by a link, which is void from then on, as are all sessions; False when it was used meanwhile.

    ValidationError for a weak one.
    """
    validate_password(password, None)
    credential = PartnerCredential.objects.select_for_update().get(person=person)
    if not credential.nonce or credential.nonce != person.credential.nonce:
        return False
    credential.password, credential.nonce, credential.epoch = make_password(password), "", credential.epoch + 1
    credential.save()
    person = PartnerPerson.objects.select_for_update(of=("self",)).get(pk=person.pk)
    person.state = State.ACTIVE
    records.save(person, actor=actor_of(person), kind=kinds.JOINED, person=str(person))
    return True
