"""The protection of registered deals: by the keys that collisions are found by, one registration a key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.lib.company_names import read_company
from crm.matching.keys import WEAK, Key, company_key, keys_of, phone_key, tax_key
from crm.matching.models import MatchKey
from crm.records.hooks import WriteBatch
from customers.models import Account
from sales.models import Lead
from sales.partners.models import DealRegistration, RegistrationKey

# What says who the customer is; a telephone may be one of a switchboard, but then of that company.
KINDS = frozenset({str(MatchKey.Kind.COMPANY), str(MatchKey.Kind.TAX_ID), str(MatchKey.Kind.PHONE)}) - WEAK


def registered_keys(registration: DealRegistration) -> dict[tuple[str, str], Key]:
    """(kind, value) of what names the end customer; companies of one name in two places are two."""
    found = (company_key(registration.customer), tax_key(registration.tax_id), phone_key(registration.phone))
    return _placed((key for key in found if key is not None), registration.customer)


def _placed(keys: Iterable[Key], name: str) -> dict[tuple[str, str], Key]:
    place = read_company(name).place if name else ""
    return {
        (key.kind, (f"{key.value}|{place}" if key.kind == MatchKey.Kind.COMPANY else key.value)[:320]): key
        for key in keys
        if key.kind in KINDS
    }


def protected_by(keys: Iterable[tuple[str, str]], *, today: date, but: int | None = None) -> RegistrationKey | None:
    """The protection that one of the keys falls under at present. One query."""
    wanted = set(keys)
    rows = RegistrationKey.objects.select_related("registration").filter(until__gte=today)
    rows = rows.filter(kind__in={k for k, _v in wanted}, value__in={v for _k, v in wanted}).exclude(registration=but)
    return next((row for row in rows if (row.kind, row.value) in wanted), None)


def protect(registration: DealRegistration) -> None:
    """Take the keys for a registration that is approved. ValidationError where another one is protected already."""
    keys = registered_keys(registration)
    if not keys:
        raise ValidationError(_("Nothing in it tells the end customer from others: complete the name or the tax id."))
    release(registration)
    RegistrationKey.objects.filter(until__lt=timezone.localdate()).delete()
    made = [
        RegistrationKey(registration=registration, kind=kind, value=value, until=registration.protected_until)
        for kind, value in sorted(keys)
    ]
    try:
        with transaction.atomic():
            RegistrationKey.objects.bulk_create(made)
    except IntegrityError as error:
        raise _refusal(protected_by(keys, today=timezone.localdate(), but=registration.pk)) from error


def release(registration: DealRegistration) -> None:
    """The protection is over."""
    RegistrationKey.objects.filter(registration=registration).delete()


def refuse_protected(registration: DealRegistration) -> None:
    """ValidationError when the end customer of a new registration is protected for somebody."""
    found = protected_by(registered_keys(registration), today=timezone.localdate(), but=registration.pk)
    if found is not None:
        raise _refusal(found)


def _refusal(found: RegistrationKey | None) -> ValidationError:
    """When it ends, and nothing of whose it is."""
    if found is None:
        return ValidationError(_("Another registration of this customer was just approved. Try again."))
    return ValidationError(_("Registered by a partner until %(day)s.") % {"day": found.until.isoformat()})


def guard_protected(batch: WriteBatch) -> None:
    """Refuse new accounts and leads of a protected customer, except to who may see the registration: for them it is known."""
    if batch.model not in (Account, Lead) or batch.actor.user is None or batch.undoing:
        return
    new = [after for before, after in zip(batch.before, batch.after, strict=True) if before is None]
    if not new:
        return
    of = [(record, _placed(keys_of(record), _company(record))) for record in new]
    wanted = {key for _record, keys in of for key in keys}
    rows = RegistrationKey.objects.select_related("registration").filter(until__gte=timezone.localdate())
    values = {value for _kind, value in wanted}
    held = {(row.kind, row.value): row for row in rows.filter(value__in=values)} if wanted else {}
    for _record, keys in of:
        for key in keys:
            found = held.get(key)
            if found is not None and not policy.can_record(batch.actor.user, found.registration, "view"):
                raise _refusal(found)


def _company(record: Any) -> str:
    return record.name if isinstance(record, Account) else record.company
