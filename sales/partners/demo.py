"""Partners of the demo company: firms with forwarded leads, registrations, feedback, joint business, documents and a sign-in."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.contrib.auth.hashers import make_password
from django.db.models import F
from django.utils.timezone import localdate

from crm.demo.loading import Maker, chunks, load
from crm.demo.people import PASSWORD
from crm.demo.steps import World, bench_page, demo_step
from crm.files.services import store_content
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from customers.models import Account, Contact
from sales.models import Lead, Opportunity
from sales.partners import coops, feedback, forwarding, registering
from sales.partners.models import (
    CoopOpportunity,
    DealRegistration,
    LeadForward,
    Partner,
    PartnerCredential,
    PartnerDocument,
    PartnerFeedback,
    PartnerLevel,
    PartnerPerson,
)
from sales.partners.publishing import publish_document
from sales.services import win_opportunity

EMAIL = "partner@demo.invalid"
FIRMS = 8
"""So many tell a story; on large sets the other accounts that are partners get a profile and forwarded leads, no more."""
EACH = 5
TOLD = ("收到，本周内拜访客户。", "我们有老客户关系，接。", "客户离我们很近，马上跟进。")
NOT = ("该行业不是我们的强项。", "人手排不开，请转给别的伙伴。")
REPORTS = (
    ("contacted", "已电话沟通，客户正在比价。"),
    ("meeting", "现场看过机房，需要两台备用泵。"),
    ("quoted", "已提交报价。"),
)
DEALS = (
    ("嘉兴滨海水处理有限公司", "污水提升泵站改造", 860_000, "approve"),
    ("绍兴越城纺织集团", "空压机节能改造", 420_000, "reject"),
    ("湖州南太湖食品有限公司", "冷却水系统", 260_000, ""),
)
ELSEWHERE = (
    ("温州瓯海阀门制造厂", "试压设备更新", 310_000, "approve"),
    ("台州椒江制药有限公司", "纯水系统", 540_000, ""),
)
SAID = (
    (
        "product",
        "小流量离心泵交期太长",
        "近两个月客户平均等六周，有两单因此丢给了竞品。",
        "十二月起常用型号备货，交期两周以内。",
    ),
    ("customer", "客户要求出具能效检测报告", "招标文件普遍要求第三方能效报告，我们拿不出来。", ""),
    ("us", "线索转来时缺少预算信息", "如果能先问到预算和时间，我们的接受率会更高。", ""),
)
JOINT = (
    ("长三角泵站远程运维联合方案", "本地驻场与备件库", "监测平台与培训", 1_800_000, "running"),
    ("化工园区节能改造打包", "园区关系与施工资质", "设备与能效测算", 950_000, "proposed"),
)
DOCUMENTS = (
    ("prices", "2026 渠道价格表（金牌）", "金牌伙伴", "渠道价格表.csv", "﻿型号,渠道价（元）\r\nHX-50,12800\r\nHX-80,18600\r\n"),
    ("brochure", "离心泵选型手册", "", "选型手册.txt", "离心泵选型手册：先定流量与扬程，再看介质。\n"),
)  # fmt: skip


@demo_step(60, "partners")
def make_partners(world: World) -> None:
    """A few firms with everything that goes on with a partner; the first has the sign-in that is named at the end."""
    accounts = list(Account._base_manager.filter(kind="partner", deleted_at__isnull=True).order_by("pk"))
    levels = {level.name: level for level in PartnerLevel.objects.all()}
    _documents(world, levels)
    firms = [_firm(world, account, number, levels) for number, account in enumerate(accounts[:FIRMS])]
    for number, partner in enumerate(firms):
        _forwards(world, partner, EACH * 2 - number)
        if number < 3:
            _deals(world, partner, number)
    if firms:
        _talk(firms[0])
        _sign_in(world, firms[0])
    if len(accounts) > FIRMS * 10:
        _many(world, accounts[FIRMS:], list(levels.values()))


def _actor(partner: Partner) -> Actor:
    return Actor(partner.owner, "demo")


def _firm(world: World, account: Account, number: int, levels: dict[str, PartnerLevel]) -> Partner:
    """The profile of an account as a partner."""
    names = ["金牌伙伴", "银牌伙伴", "银牌伙伴", "注册伙伴"]
    partner = Partner(
        account=account,
        owner=account.owner if number else world.sellers[1],
        level=levels.get(names[number % 4]),
        region=account.region,
        nationwide=number == 3,
        state=Partner.State.CANDIDATE
        if number == 6
        else Partner.State.SUSPENDED
        if number == 7
        else Partner.State.ACTIVE,
        since=localdate(world.now) - timedelta(days=90 * (number + 1)),
        products="离心泵、空压机、变频器",
        industries="水务、化工、食品",
        commission_note="成交额 5%，回款后结算。",
    )
    records.save(partner, actor=_actor(partner))
    return partner


def _forwards(world: World, partner: Partner, many: int) -> None:
    """Leads and deals in every state: waiting, accepted with reports, won, lost, declined."""
    if partner.state != Partner.State.ACTIVE:
        return
    taken = LeadForward._base_manager.filter(lead__isnull=False).values("lead")
    leads = list(
        Lead._base_manager.filter(status__in=("new", "contacted"), deleted_at__isnull=True).exclude(pk__in=taken)
    )
    world.random.shuffle(leads)
    for turn, lead in enumerate(leads[:many]):
        forward = forwarding.forward_to_partner(
            lead, actor=_actor(partner), partner=partner, message="客户着急，请尽快联系。", days=3 + turn % 5
        )
        _work_on(partner, forward, turn)
    free = Opportunity._base_manager.filter(state="open", forwards__isnull=True, deleted_at__isnull=True)
    won = list(free.filter(amount__gt=0).order_by("pk")[: max(1, many // 4)])
    for deal in won:
        forward = forwarding.forward_to_partner(
            deal, actor=_actor(partner), partner=partner, message="请协助现场服务。"
        )
        forwarding.accept_forward(forward, actor=_actor(partner), answer=TOLD[0])
    if won and many % 2 == 0:
        win_opportunity(won[0], actor=Actor(won[0].owner, "demo"))
    _spread(world, partner)


def _spread(world: World, partner: Partner) -> None:
    """As if it had come about over the last weeks."""
    for forward in LeadForward._base_manager.filter(partner=partner):
        asked = world.now - timedelta(days=world.random.randrange(2, 45), minutes=world.random.randrange(600))
        said = min(world.now, asked + timedelta(hours=2 + world.random.random() * 60))
        told = {"created_at": asked} | ({"answered_at": said} if forward.answered_at else {})
        LeadForward._base_manager.filter(pk=forward.pk).update(**told)


def _work_on(partner: Partner, forward: LeadForward, turn: int) -> None:
    actor = _actor(partner)
    if turn % 5 == 4:
        forwarding.decline_forward(forward, actor=actor, answer=NOT[turn % 2])
    elif turn % 3:
        forwarding.accept_forward(forward, actor=actor, answer=TOLD[turn % 3])
        for step, text in REPORTS[: turn % 4]:
            forwarding.report_progress(forward, actor=actor, step=step, text=text)
        if turn % 4 == 3:
            ends = ("won", "客户已签约。") if turn % 8 == 7 else ("lost", "客户选择了别家。")
            forwarding.report_progress(forward, actor=actor, step=ends[0], text=ends[1])


def _deals(world: World, partner: Partner, number: int) -> None:
    """Registered end customers: protected, refused, waiting."""
    for customer, project, amount, decision in DEALS if number == 0 else ELSEWHERE[number - 1 : number]:
        deal = DealRegistration(
            partner=partner,
            owner=partner.owner,
            customer=customer,
            project=project,
            amount=Decimal(amount),
            contact_name="王工",
            expected_on=localdate(world.now) + timedelta(days=60),
        )
        registering.register_deal(deal, actor=_actor(partner))
        if decision == "approve":
            registering.approve_registration(deal, actor=_actor(partner), note="按级别保护。")
        elif decision == "reject":
            registering.reject_registration(deal, actor=_actor(partner), note="该客户已由直销团队签约。")


def _talk(partner: Partner) -> None:
    """Feedback with and without an answer, and joint business."""
    actor, person = _actor(partner), _person(partner, "wang.gong@demo.invalid", PartnerPerson.State.NEW)
    for topic, title, text, answer in SAID:
        said = PartnerFeedback(partner=partner, owner=partner.owner, topic=topic, title=title, text=text)
        feedback.give_feedback(said, actor=actor, person=person)
        if answer:
            feedback.answer_feedback(said, actor=actor, answer=answer)
    for name, theirs, ours, amount, state in JOINT:
        coop = CoopOpportunity(partner=partner, owner=partner.owner, name=name, partner_brings=theirs, we_bring=ours)
        coop.amount, coop.shared = Decimal(amount), True
        records.save(coop, actor=actor)
        for step in ("agreed", "running") if state == "running" else ():
            coops.move_coop(coop, step, actor=actor)


def _documents(world: World, levels: dict[str, PartnerLevel]) -> None:
    """What partners download: one for a level, one for all."""
    owner = User.objects.filter(username="manager").first() or world.sellers[0]
    actor = Actor(owner, "demo")
    for kind, title, level, name, content in DOCUMENTS:
        document = PartnerDocument(owner=owner, kind=kind, title=title, level=levels.get(level))
        records.save(document, actor=actor)
        store_content(content.encode(), name, record=document, actor=actor)
        publish_document(document, actor=actor)


def _person(partner: Partner, email: str, state: str) -> PartnerPerson:
    contact = Contact._base_manager.filter(account=partner.account, deleted_at__isnull=True).order_by("pk").first()
    if contact is None:
        contact = Contact(name="王建国", account=partner.account, owner=partner.owner)
        records.save(contact, actor=_actor(partner))
    person = PartnerPerson(
        partner=partner, contact=contact, owner=partner.owner, email=email, state=state, is_admin=True
    )
    records.save(person, actor=_actor(partner))
    return person


def _sign_in(world: World, partner: Partner) -> None:
    """Somebody who signs in to the portal; last, so that nothing of before is sent to them."""
    person = _person(partner, EMAIL, PartnerPerson.State.ACTIVE)
    PartnerCredential.objects.create(person=person, password=make_password(PASSWORD))
    world.told.append(f"Partner portal, /portal/partner/: {EMAIL} ({person.name}, {partner.name})")


def _many(world: World, accounts: list[Account], levels: list[PartnerLevel]) -> None:
    """Enough partners and forwarded leads to measure lists and the ranking by."""
    make, partners = Maker(Partner), []
    for batch in chunks(
        make(account_id=a.pk, owner=world.sellers[n % len(world.sellers)], level=levels[n % len(levels)], state="active",
             region_id=a.region_id, created_at=a.created_at, updated_at=a.created_at)
        for n, a in enumerate(accounts)
    ):  # fmt: skip
        load(batch, links=[("customers.account", "account_id")])
        partners += batch
    taken = LeadForward._base_manager.filter(opportunity__isnull=False).values("opportunity")
    deals = Opportunity._base_manager.exclude(pk__in=taken).order_by("pk").values_list("pk", "name", "created_at")
    forward = Maker(LeadForward)
    for batch in chunks(
        forward(title=name, opportunity_id=pk, partner=partners[n % len(partners)], owner=partners[n % len(partners)].owner,
                created_at=created, updated_at=created, due_at=world.now + timedelta(days=3))
        for n, (pk, name, created) in enumerate(deals[: len(partners) * EACH])
    ):  # fmt: skip
        load(batch, links=[("partners.partner", "partner_id"), ("sales.opportunity", "opportunity_id")])
    rows = LeadForward._base_manager.filter(state="sent", partner__in=[p.pk for p in partners])
    said = {"answered_at": F("created_at"), "answer": TOLD[0]}
    rows.annotate(turn=F("pk") % 5).filter(turn__lt=3).update(state="accepted", **said)
    rows.annotate(turn=F("pk") % 5).filter(turn=3).update(state="declined", **said)


@bench_page("partners: list", goal=2.5)
def list_partners(user: User) -> tuple[str, str, None]:
    return "GET", "/partners/partners/?state=active", None


@bench_page("forwarded leads: list", goal=2.5)
def list_forwards(user: User) -> tuple[str, str, None]:
    return "GET", "/partners/forwards/?state=accepted", None


@bench_page("partners: ranking", goal=6)
def ranking(user: User) -> tuple[str, str, None]:
    """Partners by what came of the leads that they were forwarded."""
    return "GET", "/partners/ranking/?period=all", None


@bench_page("partner: 360°", goal=3)
def partner_page(user: User) -> tuple[str, str, None] | None:
    pk = Partner.objects.restrict(user).values_list("pk", flat=True).first()
    return ("GET", f"/partners/partners/{pk}/", None) if pk else None
