"""Three booking pages of the demo company, of one person, of a team in turn, of two together, and what was booked by them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone, translation

from crm.demo.steps import World, bench_page, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Outgoing
from crm.records.outgoing import cancel_outgoing
from crm.users.models import User
from customers.models import Contact, Source
from marketing.booking import services
from marketing.booking.calendars import free_times, hosts_of
from marketing.booking.inviting import MAIL
from marketing.booking.models import BookingHost, BookingPage, BookingQuestion
from marketing.booking.services import Visitor

WISH = {"text_zh": "您想重点了解什么？", "text_en": "What would you like to talk about?", "kind": "text"}
FIELD = {
    "text_zh": "项目处于哪个阶段？",
    "text_en": "How far is your project?",
    "kind": "choice",
    "choices": "了解阶段\n方案比选\n招标采购\n老设备改造",
}
PAGES = (
    {
        "name": "线上产品演示",
        "title_zh": "预约线上产品演示",
        "title_en": "Book an online demo",
        "intro_zh": "我们用腾讯会议为您演示选型、工况模拟和远程运维，演示后把资料发给您。",
        "intro_en": "We show selection, simulation and remote maintenance online, and send you the material afterwards.",
        "lengths": "30, 60",
        "meeting_url": "https://meeting.tencent.com/dm/demo2026",
        "buffer_after": 15,
    },
    {
        "name": "现场勘测",
        "title_zh": "预约工程师现场勘测",
        "title_en": "Book a site survey",
        "intro_zh": "工程师到现场测量、拍照并出具勘测报告，请提前准备图纸。",
        "intro_en": "An engineer measures on site and writes a report. Please have your drawings ready.",
        "lengths": "120",
        "way": "place",
        "place": "客户现场（确认后由工程师与您联系）",
        "notice_hours": 24,
        "every": 60,
        "per_day": 2,
        "buffer_before": 60,
        "buffer_after": 60,
    },
    {
        "name": "技术交流会",
        "title_zh": "预约技术交流会",
        "title_en": "Book a technical exchange",
        "intro_zh": "销售与技术负责人一起参加，讨论方案、交期和预算。",
        "intro_en": "Sales and engineering together: solution, schedule and budget.",
        "lengths": "60",
        "hosting": "all",
        "meeting_url": "https://meeting.tencent.com/dm/tech2026",
        "notice_hours": 24,
    },
)
STRANGERS = (
    ("徐静怡", "xujingyi@bohai-water.example", "13820260118", "渤海水务科技有限公司", "招标采购"),
    ("罗建平", "luo.jp@nanling-chem.example", "13620260233", "南岭化工股份有限公司", "方案比选"),
    ("Emma Fischer", "e.fischer@alpenpumpen.example", "", "Alpenpumpen GmbH", "了解阶段"),
)


@demo_step(93, "booking pages")
def make_booking_pages(world: World) -> None:
    """Of a rep, of a team in turn, of two people together; then customers and strangers book by them."""
    if BookingPage.objects.exists() or not world.sellers:
        return
    named = {user.username: user for user in User.objects.filter(username__in=("rep", "lead", "manager"))}
    rep, lead = named.get("rep", world.sellers[0]), named.get("lead", world.sellers[-1])
    source = Source.objects.get_or_create(name="官网")[0]
    owners = ((rep, [rep]), (lead, [rep, *world.sellers[:3]]), (rep, [rep, named.get("manager", lead)]))
    pages = [_page(values, owner, hosts, source) for values, (owner, hosts) in zip(PAGES, owners, strict=True)]
    contacts = Contact.objects.alive().filter(owner=rep).exclude(email="").order_by("pk")[:5]
    people = [(one.name, one.email, one.mobile, str(one.account or ""), "方案比选") for one in contacts]
    with translation.override("zh-hans"):
        for number, told in enumerate([*STRANGERS, *people]):
            _book(pages[number % len(pages)], told, number)
    for mail in Outgoing.objects.filter(kind=MAIL):
        cancel_outgoing(mail)  # nobody lives there


def _page(values: dict, owner: User, hosts: list[User], source: Source) -> BookingPage:
    actor = Actor(owner, "demo")
    page = BookingPage(owner=owner, source=source, **values)
    records.save(page, actor=actor)
    for place, user in enumerate(dict.fromkeys(hosts)):
        records.save(BookingHost(page=page, owner=owner, user=user, position=place), actor=actor)
    for place, question in enumerate((FIELD, WISH)):
        records.save(BookingQuestion(page=page, owner=owner, position=place, **question), actor=actor)
    return page


def _book(page: BookingPage, told: tuple[str, str, str, str, str], number: int) -> None:
    """A free time some days ahead; every fourth is called off again."""
    now, minutes = timezone.now(), page.minutes[-1]
    times = list(free_times(page, minutes, now, now + timedelta(days=14)))
    if not times:
        return
    name, email, phone, company, stage = told
    answers = ((FIELD["text_zh"], stage), (WISH["text_zh"], "泵站改造的节能方案与交期"))
    visitor = Visitor(name, email, phone, company, answers, "zh-hans", page.timezone)
    booking = services.book(page, visitor, times[(7 * number + 5) % len(times)], minutes, key=f"demo-{number}")
    if number % 4 == 3:
        services.cancel(booking, "项目评审改期")


@bench_page("booking", goal=3)
def choosing(user: User) -> tuple[str, str, None] | None:
    """Four weeks of free times of several hosts."""
    found = BookingPage.objects.restrict(user).filter(active=True, deleted_at__isnull=True).order_by("-pk").first()
    return ("GET", found.path, None) if found and hosts_of(found) else None
