"""A group of companies of the demo company, with its people, their lines and its ties: what a profile can tell."""

from __future__ import annotations

from crm.demo.steps import World, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from crm.reference.models import Industry, Region
from customers.models import Account, AccountRelation, Contact, ContactRelation, RelationType
from customers.tasks import recount, refresh_health

# name, whom it belongs to, region, address
GROUP = (
    ("北辰重工集团有限公司", None, "天津市", "天津市滨海新区第三大街 18 号"),
    ("北辰重工（沈阳）泵业有限公司", 0, "沈阳市", "沈阳市铁西区建设大路 6 号"),
    ("北辰智能装备有限公司", 0, "天津市", "天津市西青区赛达三支路 22 号"),
    ("北辰（大连）海工技术有限公司", 2, "大连市", "大连市甘井子区华北路 501 号"),
)
# name, title, role, influence, attitude, superior
PEOPLE = (
    ("周启明", "总经理", "decider", "high", "neutral", None),
    ("刘建国", "设备部总监", "decider", "high", "supporter", 0),
    ("孙倩", "采购经理", "influencer", "medium", "neutral", 0),
    ("何伟", "泵站站长", "user", "low", "supporter", 1),
    ("冯海涛", "设备工程师", "user", "low", "sceptic", 1),
    ("蒋雪", "采购专员", "gatekeeper", "low", "neutral", 2),
    ("沈默", "财务总监", "influencer", "high", "against", 0),
)


@demo_step(25, "a group of companies with its people")
def make_group(world: World) -> None:
    """Written through the services, as people would."""
    owner = world.sellers[0]
    actor = Actor(owner, "demo")
    industry, made = Industry.objects.filter(name="装备制造").first(), []
    for name, above, region, address in GROUP:
        account = Account(
            name=name,
            owner=owner,
            kind="customer",
            lifecycle="active",
            level="vip" if above is None else "a",
            industry=industry,
            region=Region.objects.filter(name=region).first(),
            address=address,
            parent=made[above] if above is not None else None,
            last_activity_at=world.now,
        )
        records.save(account, actor=actor)
        made.append(account)
    people = _people(made[0], actor)
    _tie(
        AccountRelation,
        "account",
        "竞争对手",
        made[0],
        Account.objects.exclude(pk__in=[a.pk for a in made]).first(),
        actor,
    )
    _tie(ContactRelation, "contact", "介绍人", people[2], people[1], actor)


def _people(account: Account, actor: Actor) -> list[Contact]:
    people: list[Contact] = []
    for number, (name, title, role, influence, attitude, above) in enumerate(PEOPLE):
        contact = Contact(
            name=name,
            account=account,
            owner=account.owner,
            job_title=title,
            decision_role=role,
            influence=influence,
            attitude=attitude,
            mobile=f"1380022{number:04}",
            reports_to=people[above] if above is not None else None,
        )
        records.save(contact, actor=actor)
        people.append(contact)
    return people


def _tie(model: type, side: str, name: str, first: object, other: object, actor: Actor) -> None:
    kind = RelationType.objects.filter(between=side, name=name).first()
    if kind is not None and other is not None:
        records.save(model(**{side: first, "other": other, "type": kind, "owner": actor.user}), actor=actor)


@demo_step(95, "profiles of accounts and people")
def make_profiles(world: World) -> None:
    """What the nightly work does."""
    recount()
    refresh_health()
