"""Leads and opportunities of the demo company, with the moves between stages that the funnel is measured by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from django.utils.timezone import localdate

from crm.demo import words
from crm.demo.loading import Maker, chunks, copy, load, number
from crm.demo.makers import company, mobile, moment, person
from crm.demo.steps import World, bench_file, bench_page, demo_step
from crm.users.models import User
from sales import gate_demo  # noqa: F401 - registers its step
from sales.models import Lead, LossReason, Opportunity, OpportunityContact, Pipeline, Stage, StageHistory

STATUSES = ["new", "new", "new", "contacted", "contacted", "nurturing", "qualified", "invalid"]
BACK = timedelta(days=400)  # that long ago the first of them closed


@demo_step(30, "leads")
def make_leads(world: World) -> None:
    """People and companies that came in by every channel."""
    for batch in chunks(_leads(world)):
        load(batch)


def _leads(world: World) -> Iterator[Lead]:
    random, make = world.random, Maker(Lead)
    for i in range(world.counts["leads"]):
        name, province, industry = company(random)
        created = moment(random, world.now, 400)
        status = random.choice(STATUSES)
        yield make(
            name=person(random),
            company=name if random.random() < 0.8 else "",
            mobile=mobile(random),
            email=f"lead{i}@lead{i % 997}.example.com" if random.random() < 0.4 else "",
            job_title=random.choice(words.TITLES),
            status=status,
            invalid_reason="号码错误" if status == "invalid" else "",
            rating=random.choice(["hot", "warm", "warm", "cold", ""]),
            source=random.choice(world.left["sources"]),
            region=world.left["regions"].get(province),
            industry=world.left["industries"][industry],
            interest=random.choice(words.PROJECTS),
            owner=world.sellers[random.randrange(len(world.sellers))],
            created_at=created,
            updated_at=created,
            last_activity_at=None
            if status == "new"
            else min(world.now, created + timedelta(days=random.random() * 20)),
        )


@demo_step(40, "opportunities")
def make_opportunities(world: World) -> None:
    """Opportunities along the first pipeline: the open ones spread over its stages, the rest won or lost."""
    pipeline = Pipeline.objects.first()
    stages = list(pipeline.stages.order_by("position"))
    reasons = list(LossReason.objects.all()) or [LossReason.objects.create(name="价格")]
    contacts: dict[int, list[int]] = {}
    for pk, account, _owner, _created in world.left["contacts"]:
        contacts.setdefault(account, []).append(pk)
    world.left["opportunities"] = []
    for batch in chunks(_opportunities(world, stages, reasons)):
        load(batch, links=[("customers.account", "account_id")])
        _moves(world, batch, stages)
        _people(world, batch, contacts)
        world.left["opportunities"] += [(o.pk, o.account_id, o.owner, o.created_at) for o in batch]


def _opportunities(world: World, stages: list[Stage], reasons: list[LossReason]) -> Iterator[Opportunity]:
    random, accounts = world.random, world.left["accounts"]
    running = [stage for stage in stages if not (stage.is_won or stage.is_lost)]
    won, lost = next(s for s in stages if s.is_won), next(s for s in stages if s.is_lost)
    weights = [2 ** (len(running) - i) for i in range(len(running))]
    total, still_open, make = world.counts["opportunities"], world.counts["open"], Maker(Opportunity)
    old = [account for account in accounts if account[2] < world.now - BACK] or accounts
    for i in range(total):
        is_open = i < still_open
        among = accounts if is_open else old
        pk, owner, since, name = among[random.randrange(len(among))]
        stage = random.choices(running, weights)[0] if is_open else won if random.random() < 0.55 else lost
        closed = None if is_open else _between(world, max(since, world.now - BACK), world.now)
        begun = closed - timedelta(days=120) if closed else world.now - timedelta(days=150)
        created = _between(world, max(since, begun), closed or world.now - timedelta(days=1))
        entered = _between(world, max(created, world.now - timedelta(days=60)), world.now) if is_open else None
        yield make(
            name=f"{random.choice(words.PROJECTS)}{random.choice(words.PHASES)}",
            account_id=pk,
            owner=owner,
            stage=stage,
            amount=Decimal(int(10 ** (3.7 + 1.7 * random.random()))) * 10 if random.random() < 0.95 else None,
            close_date=localdate(closed)
            if closed
            else localdate(world.now + timedelta(days=random.randrange(-10, 120))),
            engaged_on=localdate(created),
            source=random.choice(world.left["sources"]),
            product_text=random.choice(words.PROJECTS),
            next_step=random.choice(["发送方案", "现场勘测", "商务谈判", ""]) if is_open else "",
            next_step_on=localdate(world.now + timedelta(days=random.randrange(-5, 15)))
            if is_open and random.random() < 0.5
            else None,
            loss_reason=random.choice(reasons) if stage is lost else None,
            stage_entered_at=entered or closed,
            closed_at=closed,
            created_at=created,
            updated_at=entered or closed,
            last_activity_at=_between(world, created, world.now),
        )


def _between(world: World, start: datetime, end: datetime) -> datetime:
    return start + (end - start) * world.random.random() if end > start else start


def _moves(world: World, batch: list[Opportunity], stages: list[Stage]) -> None:
    """The way of each opportunity from the first stage to where it stands."""
    running = [stage for stage in stages if not (stage.is_won or stage.is_lost)]
    rows = []
    for opportunity in batch:
        if opportunity.stage in running:
            way = running[: running.index(opportunity.stage) + 1]
        else:
            reached = len(running) if opportunity.stage.is_won else world.random.randrange(1, len(running) + 1)
            way = [*running[:reached], opportunity.stage]
        end = opportunity.stage_entered_at
        step = (end - opportunity.created_at) / max(1, len(way) - 1)
        for i, (left, entered) in enumerate(zip(way, way[1:], strict=False), 1):
            rows.append(
                StageHistory(
                    opportunity=opportunity,
                    from_stage=left,
                    to_stage=entered,
                    at=opportunity.created_at + step * i,
                    by=opportunity.owner,
                    seconds=int(step.total_seconds()),
                    amount=opportunity.amount,
                )
            )
    if rows:
        number(rows)
        copy(rows)


def _people(world: World, batch: list[Opportunity], contacts: dict[int, list[int]]) -> None:
    """The main contact of every other opportunity."""
    roles = [
        OpportunityContact(
            opportunity=opportunity,
            contact_id=contacts[opportunity.account_id][0],
            owner=opportunity.owner,
            role="decider",
            is_primary=True,
            created_at=opportunity.created_at,
            updated_at=opportunity.created_at,
        )
        for opportunity in batch[::2]
        if opportunity.account_id in contacts
    ]
    if roles:
        number(roles)
        for role in roles:
            role.department_id, role.created_by_id, role.updated_by_id = (
                role.owner.department_id,
                role.owner_id,
                role.owner_id,
            )
        copy(roles)


@bench_page("opportunities: list", goal=2.5)
def list_opportunities(user: User) -> tuple[str, str, None]:
    return "GET", "/sales/opportunities/?state=open&sort=-amount", None


@bench_page("leads: list", goal=2.5)
def list_leads(user: User) -> tuple[str, str, None]:
    return "GET", "/sales/leads/?status=new", None


@bench_page("board: first paint", goal=4)
def board(user: User) -> tuple[str, str, None]:
    return "GET", "/sales/opportunities/board/", None


@bench_page("board: drag", goal=1.5, htmx=True)
def drag(user: User) -> tuple[str, str, dict] | None:
    """An open opportunity into the next stage."""
    card = Opportunity.objects.restrict(user, "change").open().select_related("stage").first()
    if card is None:
        return None
    to = Stage.objects.open().filter(pipeline=card.pipeline_id).exclude(pk=card.stage_id).first()
    return "POST", f"/sales/opportunities/{card.pk}/move/", {"to": to.pk, "version": card.version}


@bench_page("opportunity: 360°", goal=3)
def opportunity_page(user: User) -> tuple[str, str, None] | None:
    pk = Opportunity.objects.restrict(user).open().values_list("pk", flat=True).first()
    return ("GET", f"/sales/opportunities/{pk}/", None) if pk else None


@bench_file("sales.lead", "姓名", "公司", "手机", "邮箱", "职位", "来源", "需求", "备注甲")
def lead_row(random: Random, number: str) -> list[str]:
    name, address = company(random)[0], f"x{number}@l{random.randrange(997)}.example.com"
    title, source, wish = random.choice(words.TITLES), random.choice(words.SOURCES), random.choice(words.PROJECTS)
    return [person(random), f"{name[:-4]}{number}{name[-4:]}", mobile(random), address, title, source, wish, "展会"]


@bench_page("opportunity: form", goal=3.5)
def opportunity_form(user: User) -> tuple[str, str, None] | None:
    pk = Opportunity.objects.restrict(user, "change").open().values_list("pk", flat=True).first()
    return ("GET", f"/sales/opportunities/{pk}/edit/", None) if pk else None


@bench_page("opportunity: save", goal=2.5)
def save_opportunity(user: User) -> tuple[str, str, dict] | None:
    """A changed name and amount: checks, log, search row, tallies, rules queued."""
    deal = Opportunity.objects.restrict(user, "change").open().first()
    if deal is None:
        return None
    data = {
        "name": f"{deal.name} 二期",
        "account": deal.account_id or "",
        "stage": deal.stage_id,
        "amount": "2000000",
        "currency": deal.currency,
        "owner": deal.owner_id,
        "version": deal.version,
        "confirm": "1",
    }
    return "POST", f"/sales/opportunities/{deal.pk}/edit/", data
