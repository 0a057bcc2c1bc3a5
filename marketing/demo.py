"""The demo company's web form and poster, with the touches that leads came by and what some of them did."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from crm.demo.steps import World, demo_step
from crm.entities.entity import entity_of
from crm.records.actor import Actor
from crm.users.models import User
from customers.models import Contact, Source
from customers.tracing import Touch, refresh_traces
from marketing.events.taking import take_events
from marketing.models import TrackedLink, WebForm
from sales.models import Lead

TOUCHED, SHOPPING = 300, 60
CHANNELS = ("search", "advert", "social", "qr", "referral", "direct", "email")
CAMPAIGNS = ("2026春季新品", "行业展A12", "老客户推荐", "")
PAGES = ("首页", "产品中心", "离心泵选型指南", "价格", "案例：远山水务", "联系我们")


@demo_step(80, "marketing")
def make_marketing(world: World) -> None:
    """One form, one poster, the first leads' touches, and behaviour of a few contacts."""
    owner = User.objects.filter(username="marketer").first() or world.sellers[0]
    source = Source.objects.get_or_create(name="官网")[0]
    form = WebForm(
        owner=owner,
        name="官网咨询",
        title_zh="预约演示",
        title_en="Book a demo",
        intro_zh="留下联系方式，顾问会在一个工作日内与您联系。",
        intro_en="Leave your details and a consultant will call you within one working day.",
        consent_zh="我已阅读并同意隐私政策，同意贵公司就本次咨询与我联系。",
        consent_en="I have read the privacy policy and agree to be contacted about this request.",
        source=source,
        campaign="2026春季新品",
    )
    entity_of(form).save(form, actor=Actor(owner, "demo"))
    link = TrackedLink(
        owner=owner,
        name="展位海报 A12",
        form=form,
        source=Source.objects.get_or_create(name="展会")[0],
        campaign="行业展A12",
    )
    entity_of(link).save(link, actor=Actor(owner, "demo"))
    _touch_leads(world)
    _let_people_act(world)


def _touch_leads(world: World) -> None:
    random, rows = world.random, []
    leads = list(Lead._base_manager.order_by("-pk").only("pk", "created_at", "source_id")[:TOUCHED])
    for lead in leads:
        for number in range(random.choice([1, 1, 1, 2])):
            campaign = random.choice(CAMPAIGNS)
            rows.append(
                Touch(
                    on_entity="sales.lead",
                    on_id=lead.pk,
                    at=lead.created_at + timedelta(days=number * 3),
                    kind=Touch.Kind.FORM,
                    name="官网咨询",
                    channel=random.choice(CHANNELS),
                    source_id=lead.source_id,
                    campaign=campaign,
                    utm_campaign=campaign,
                )
            )
    Touch.objects.bulk_create(rows, batch_size=1000)
    refresh_traces("sales.lead", [lead.pk for lead in leads])


def _let_people_act(world: World) -> None:
    random, events, now = world.random, [], timezone.now()
    people = Contact._base_manager.exclude(mobile="").order_by("-pk").values_list("pk", "mobile")[:SHOPPING]
    for pk, mobile in people:
        who = {"phone": mobile, "visitor": f"demo-{pk}"}
        for number in range(random.randrange(2, 9)):
            at = (now - timedelta(days=random.randrange(60), minutes=number)).isoformat()
            events.append(
                {"id": f"d{pk}-{number}", "at": at, "kind": "page_view", "who": who, "title": random.choice(PAGES)}
            )
        if random.random() < 0.4:
            at = (now - timedelta(days=random.randrange(90))).isoformat()
            amount = str(random.randrange(80, 5000))
            told = {"kind": "purchase", "title": "备件套装", "amount": amount}
            events.append({"id": f"d{pk}-buy", "at": at, "who": who, **told})
    for start in range(0, len(events), 1000):
        take_events(None, events[start : start + 1000])
