"""The next best step: declared rules that look at one record and say what to do, and why.

    @advice("customers.account", "no_decider", order=20)
    def no_decider(record, user, now): return Advice(text, why, label, url) or None

They come in the order of their ``order``; whoever does not want to read one now puts it off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.access import policy
from crm.entities.entity import registry
from customers.models import Account, Contact
from customers.profile.birthdays import next_birthday
from customers.profile.profiles import AdviceLater
from customers.profile.risks import silence
from customers.structure.org import people_of

ACCOUNT, CONTACT = "customers.account", "customers.contact"
SOON, LATER = 7, timedelta(days=7)


@dataclass(frozen=True)
class Advice:
    """``text`` is the step, ``why`` the reason, ``label`` and ``url`` the way to do it."""

    text: str
    why: str
    label: str = ""
    url: str = ""
    code: str = ""


@dataclass(frozen=True)
class Rule:
    code: str
    order: int
    look: Callable[[Any, Any, datetime], Advice | None]


_rules: dict[str, list[Rule]] = {}


def advice(label: str, code: str, *, order: int = 50) -> Callable:
    """Decorator: contribute a rule to the pages of entity ``label``."""

    def add(look: Callable[[Any, Any, datetime], Advice | None]) -> Callable[[Any, Any, datetime], Advice | None]:
        rules = _rules.setdefault(label, [])
        rules.append(Rule(code, order, look))
        rules.sort(key=lambda rule: rule.order)
        return look

    return add


def advice_for(record: Any, user: Any, now: datetime | None = None) -> list[Advice]:
    """What to do next with the record, the best first, without what the user has put off."""
    now, label = now or timezone.now(), record.entity_label()
    later = AdviceLater.objects.filter(user=user, entity=label, record_id=record.pk, until__gt=timezone.localdate(now))
    put_off = set(later.values_list("code", flat=True))
    found = ((rule, rule.look(record, user, now)) for rule in _rules.get(label, ()) if rule.code not in put_off)
    return [replace(one, code=rule.code) for rule, one in found if one is not None]


def put_off(record: Any, code: str, user: Any, now: datetime | None = None) -> None:
    """Not before a week. ValueError for what is no advice."""
    label = record.entity_label()
    if code not in {rule.code for rule in _rules.get(label, ())}:
        raise ValueError(code)
    key = {"user": user, "entity": label, "record_id": record.pk, "code": code}
    AdviceLater.objects.update_or_create(**key, defaults={"until": timezone.localdate(now) + LATER})


def knows(user: Any, label: str, *names: str) -> bool:
    """Whether the user may know the true values of fields."""
    return all(policy.field_mode(user, [(label, name)]) in {None, policy.Mode.READ} for name in names)


@advice(ACCOUNT, "nobody_known", order=10)
def nobody_known(account: Account, user: Any, now: datetime) -> Advice | None:
    """A company without people can't be talked to."""
    if account.is_person or not policy.can(user, CONTACT, "add") or people_of(account, user).exists():
        return None
    url = f"{registry[CONTACT].url('add')}?account={account.pk}"
    return Advice(_("Add the first person to talk to"), _("Nobody is known at this company."), _("Add a contact"), url)


@advice(ACCOUNT, "birthday", order=15)
def birthday_at_account(account: Account, user: Any, now: datetime) -> Advice | None:
    """Somebody there has a birthday within a week."""
    if not policy.can(user, CONTACT, "view") or not _knows_birthdays(user):
        return None
    today = timezone.localdate(now)
    people = people_of(account, user).filter(Q(birthday__isnull=False) | ~Q(lunar_birthday=""))
    days = [(day, one) for one in people[:500] if (day := next_birthday(one, today))]
    coming = [pair for pair in days if pair[0] <= today + timedelta(days=SOON)]
    return _congratulate(*min(coming, key=lambda pair: pair[0]), today) if coming else None


@advice(CONTACT, "birthday", order=15)
def birthday_of_contact(contact: Contact, user: Any, now: datetime) -> Advice | None:
    """The person has a birthday within a week."""
    today = timezone.localdate(now)
    day = next_birthday(contact, today) if _knows_birthdays(user) else None
    return _congratulate(day, contact, today) if day and day <= today + timedelta(days=SOON) else None


def _knows_birthdays(user: Any) -> bool:
    return knows(user, CONTACT, "birthday") and knows(user, CONTACT, "lunar_birthday")


def _congratulate(day: date, contact: Contact, today: date) -> Advice:
    days = (day - today).days
    when = ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days} if days else _("today")
    text = _("Congratulate %(name)s") % {"name": contact}
    why = _("Birthday %(when)s, on %(day)s.") % {"when": when, "day": day.isoformat()}
    return Advice(text, why, _("Open"), registry[CONTACT].url("record", contact.pk))


@advice(ACCOUNT, "no_decider", order=30)
def no_decider(account: Account, user: Any, now: datetime) -> Advice | None:
    """People are known, but nobody who decides."""
    if account.is_person or not policy.can(user, CONTACT, "view") or not knows(user, CONTACT, "decision_role"):
        return None
    roles = set(people_of(account, user).values_list("decision_role", flat=True))
    if not roles or "decider" in roles:
        return None
    why = _("People are known here, but none of them is marked as the decision maker.")
    url = f"{registry[ACCOUNT].url('record', account.pk)}?tab=org"
    return Advice(_("Find out who decides"), why, _("Org chart"), url)


@advice(ACCOUNT, "silent", order=40)
def silent(account: Account, user: Any, now: datetime) -> Advice | None:
    """Nobody has been in contact for a month."""
    finding = silence([account.pk], now, user).get(account.pk)
    if finding is None:
        return None
    days = finding.params["days"]
    why = ngettext("No contact for %(days)d day.", "No contact for %(days)d days.", days) % {"days": days}
    return Advice(
        _("Get in touch again"), why, _("Write a follow-up"), f"{registry[ACCOUNT].url('record', account.pk)}#composer"
    )
