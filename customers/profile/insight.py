"""What the page of an account or a person says beside the facts: the next step, risks, who decides. It comes in a second request."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from crm.access import policy
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.lib.lunar import lunar_text
from customers.jobs import asking
from customers.models import Account, Calendar
from customers.profile import risks
from customers.profile.advice import advice_for
from customers.profile.birthdays import age, next_birthday
from customers.profile.completeness import gaps
from customers.profile.health import risks_of
from customers.structure.org import PILLS, people_of
from customers.suggesting import website
from customers.suggesting.proposals import proposals_of

CONTACT = "customers.contact"
CHAIN, GAPS = 5, 6
WEIGHT = {"decider": 0, "champion": 1, "influencer": 2, "gatekeeper": 3, "user": 4, "opponent": 5}


def insight_of(bound: BoundEntity, record: Any, user: Any) -> dict[str, Any]:
    """The context of ``customers/insight.html``."""
    now = timezone.now()
    advice = advice_for(record, user, now)
    if not bound.readable_on(record, ["last_activity_at"]):
        advice = [one for one in advice if one.code != "silent"]
    found = {"best": next(iter(advice), None), "others": advice[1:4], "label": bound.label, "record": record}
    found |= _data(bound, record)
    if isinstance(record, Account):
        found |= _standing(bound, record, user, now) | _chain(record, user)
    else:
        found |= _portrait(bound, record, user, now)
    return found


def _portrait(bound: BoundEntity, contact: Any, user: Any, now: Any) -> dict[str, Any]:
    """Age, next birthday, what the person likes."""
    today, found = timezone.localdate(now), {}
    known = bound.readable_on(contact, ["birthday", "lunar_birthday"])
    if len(known) == 2 and (day := next_birthday(contact, today)):
        lunar = contact.birthday is not None and contact.birthday_calendar == Calendar.LUNAR
        found |= {
            "age": age(contact, today) if contact.birthday else None,
            "birthday_on": day,
            "lunar": contact.lunar_birthday or (lunar_text(contact.birthday) if lunar else ""),
        }
    likes = bind(registry["customers.preference"], user)
    if likes.can("view") and len(likes.readable(["kind", "text"])) == 2:
        found["likes"] = list(likes.records().filter(contact=contact).order_by("kind", "pk")[:20])
        if likes.can("add") and bound.can_record("change", contact):
            found["like_url"] = f"{likes.url('add')}?contact={contact.pk}"
    return found


def _data(bound: BoundEntity, record: Any) -> dict[str, Any]:
    """How complete it is, and what is missing."""
    if not bound.readable_on(record, ["profile.completeness"]):
        return {}
    missing = gaps(bound, record)
    may = bound.can_record("change", record)
    return {
        "completeness": record.profile.completeness,
        "gaps": missing[:GAPS],
        "gaps_more": len(missing) - GAPS,
        "proposals": proposals_of(bound, record) if may else [],
        **_website(bound, record, may),
    }


def _website(bound: BoundEntity, record: Any, may: bool) -> dict[str, Any]:
    """Whether the website of an account can be read, or is being read."""
    if not may or not isinstance(record, Account) or not record.website or not website.may_ask():
        return {}
    return {"may_read": bool(bound.readable_on(record, ["website"])), "reading": asking(record) is not None}


def _standing(bound: BoundEntity, account: Account, user: Any, now: Any) -> dict[str, Any]:
    """The health with its risks, as far as the user may know each."""
    if not bound.readable_on(account, ["profile.health"]):
        return {}
    health = account.profile.health
    talked = bool(bound.readable_on(account, ["last_activity_at"]))
    return {
        "health": health,
        "health_words": risks.in_words(health),
        "health_tone": risks.tone(health),
        "profile": account.profile,
        "risks": [one for one in risks_of(account, user, now) if one.code != "silence" or talked],
    }


def _chain(account: Account, user: Any) -> dict[str, Any]:
    """Who decides, the weightiest first."""
    if account.is_person or not policy.can(user, CONTACT, "view"):
        return {}
    people = bind(registry[CONTACT], user)
    if "decision_role" not in people.readable(["decision_role"]):
        return {}
    found = list(people_of(account, user).exclude(decision_role="").order_by("name_key", "pk")[:200])
    found.sort(key=lambda contact: WEIGHT.get(contact.decision_role, 9))
    pills = [field for field in people.visible(PILLS) if field.name != "influence"]
    return {"chain": found[:CHAIN], "chain_pills": pills, "chain_facts": people.visible(("job_title",))}
