"""Two sequences of the demo company, and people who go through them: some answered, some met, some are under way."""

from __future__ import annotations

from datetime import timedelta

from crm.demo.steps import World, bench_page, demo_step
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from customers.models import Contact
from sales.models import Lead
from sales.sequences import kinds
from sales.sequences.entering import steps_of
from sales.sequences.models import Enrolment, Sequence, StepRun
from sales.sequences.steps import write_steps

HELLO = "{{ record.name }}，您好：\n\n我是{{ company }}的{{ me.name }}。附上同行业的选型案例，供您参考；如有图纸或工况参数，我可以先做一版方案。\n\n{{ me.name }} {{ me.mobile }}"
AGAIN = "{{ record.name }}，您好：\n\n上周发的资料不知是否方便看？本周可以通十五分钟电话，说明交期和预算区间。\n\n{{ me.name }}"
LAST = "{{ record.name }}，您好：\n\n这段时间不再打扰您。项目启动时直接回复本邮件，我会第一时间安排工程师对接。\n\n{{ me.name }}"
CARE = "{{ record.name }}，您好：\n\n设备已运行满一年，建议安排一次免费巡检。您看下周哪天方便？\n\n{{ me.name }}"
SEQUENCES = {
    "新线索五步跟进": (
        ("mail", 0, "hours", "关于设备选型的资料", HELLO),
        ("call", 2, "days", "电话确认资料是否收到", "确认需求、预算、决策人和时间。"),
        ("mail", 3, "days", "约个时间沟通", AGAIN),
        ("task", 2, "days", "加微信，发送案例视频", "备注公司和项目名称。"),
        ("mail", 5, "days", "保持联系", LAST),
    ),
    "老客户年度回访": (
        ("mail", 0, "hours", "设备运行一年，免费巡检", CARE),
        ("call", 3, "days", "电话约巡检时间", "了解备件消耗和新项目计划。"),
    ),
}
# How far each of them is: steps taken, state, reason.
COURSES = (
    (1, "active", ""), (5, "finished", ""), (1, "stopped", "replied"), (2, "stopped", "met"), (3, "active", ""),
    (2, "paused", ""), (3, "stopped", "replied"), (1, "stopped", "bounced"), (0, "active", ""), (2, "stopped", "hand"),
)  # fmt: skip
TOLD = {"replied": "replied_at", "met": "met_at", "bounced": "bounced_at"}
MOST = 30


@demo_step(58, "sequences")
def make_sequences(world: World) -> None:
    """Leads in the first, contacts in the second."""
    if Sequence.objects.exists():
        return
    keeper = User.objects.filter(username="manager").first() or world.sellers[0]
    actor = Actor(keeper, "demo")
    made = []
    for name, steps in SEQUENCES.items():
        sequence = Sequence(owner=keeper, name=name, description="到期自动发邮件、建任务；客户一回复就停。")
        records.save(sequence, actor=actor)
        names = ("kind", "wait", "unit", "subject", "body")
        rows = [{"template": None, **dict(zip(names, row, strict=True))} for row in steps]
        write_steps(sequence, rows, actor=actor)
        made.append(sequence)
    leads = Lead.objects.alive().filter(owner__isnull=False, status__in=["new", "contacted", "nurturing"])
    contacts = Contact.objects.alive().filter(owner__isnull=False)
    for sequence, link, people in ((made[0], "lead", leads), (made[1], "contact", contacts)):
        found = people.exclude(email="").select_related("owner").order_by("pk")[:MOST]
        for number, person in enumerate(found):
            _send_through(world, sequence, link, person, number)


def _send_through(world: World, sequence: Sequence, link: str, person: Lead | Contact, number: int) -> None:
    done, state, reason = COURSES[number % len(COURSES)]
    steps = steps_of(sequence)
    done = min(done, len(steps) if state == "finished" else len(steps) - 1)
    begun = world.now - timedelta(days=4 * done + number % 5, hours=number % 7)
    going = state in Enrolment.RUNNING
    enrolment = Enrolment(
        sequence=sequence, owner=person.owner, state=state, reason=reason, created_at=begun,
        account=getattr(person, "account", None), ended_at=None if going else world.now - timedelta(days=number % 4),
        step=steps[done] if going else None,
        next_at=world.now + timedelta(days=1 + number % 6, hours=2) if going else None, **{link: person},
    )  # fmt: skip
    if column := TOLD.get(reason):
        setattr(enrolment, column, enrolment.ended_at)
    records.save(enrolment, actor=Actor(person.owner, "demo"), kind=kinds.ENROLLED)
    StepRun.objects.bulk_create(
        StepRun(enrolment=enrolment, step=step, position=step.position, at=begun + timedelta(days=4 * place))
        for place, step in enumerate(steps[:done])
    )


@bench_page("sequence", goal=40)
def sequence_page(user: User) -> tuple[str, str, None]:
    """Its steps, with the figures of who went through it."""
    found = Sequence.objects.restrict(user).order_by("pk").first()
    return "GET", f"/sales/sequences/{found.pk}/" if found else "/sales/sequences/", None
