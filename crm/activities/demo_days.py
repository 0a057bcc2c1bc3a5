"""The working days of the demo company: meetings and visits of this week and the next, what repeats, plans and targets."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from crm.access.models import Role
from crm.activities.attending import answer, invite
from crm.activities.models import ActivityPlan, ActivityTarget, Participant, PlanStep, Task
from crm.activities.planning import KEPT
from crm.activities.repeating import repeat_task
from crm.activities.services import complete_task
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User

PEOPLE = 8
EVENTS = (
    ("visit", "拜访设备部", "客户现场", 90),
    ("visit", "现场勘测泵房", "客户泵房", 150),
    ("meeting", "方案评审会", "二楼会议室", 60),
    ("meeting", "商务谈判", "客户总部", 120),
    ("call", "电话确认交期", "", 30),
    ("event", "行业展会", "国家会展中心", 180),
)
HOURS = (9, 10, 13, 14, 15, 16)
OUTCOMES = ("有意向", "需要再跟进", "已约下次")
# name, for, steps of (subject, kind, working days, who, checklist).
PLANS = (
    (
        "新客户跟进",
        ["customers.account"],
        (
            ("首次电话联系", "call", 0, "owner", ""),
            ("发送公司介绍与案例", "email", 1, "owner", ""),
            ("上门拜访", "visit", 5, "owner", "带样品\n带名片\n拍现场照片\n记录竞争对手"),
            ("拜访后一周回访", "call", 10, "owner", ""),
        ),
    ),
    (
        "投标准备",
        ["sales.opportunity"],
        (
            ("购买并通读招标文件", "task", 0, "owner", "资质要求\n评分办法\n截止时间"),
            ("编制技术标", "task", 5, "role", ""),
            ("商务标与报价审核", "task", 7, "owner", ""),
            ("封标前检查", "task", 9, "owner", "盖章\n签字\n份数\n密封"),
        ),
    ),
    (
        "展会回访",
        [],
        (
            ("展会后第二天电话回访", "call", 1, "owner", ""),
            ("发送样本和报价", "email", 3, "owner", ""),
            ("确认是否需要拜访", "task", 7, "owner", ""),
        ),
    ),
)
TARGETS = (("call", 15), ("visit", 4), ("meeting", 2))


def make_days(world: Any) -> None:
    """Through the services, as people would have written it: few, and all with their reminders."""
    make_plans()
    people = world.sellers[:PEOPLE]
    monday = timezone.localdate(world.now) - timedelta(days=timezone.localdate(world.now).weekday())
    for number, person in enumerate(people):
        _events(world, person, people[(number + 1) % len(people)], monday)
    _repeating(people, monday)


def make_plans() -> None:
    """Plans and targets, once."""
    rep = Role.objects.filter(code="rep").first()
    for name, entities, steps in PLANS:
        plan, made = ActivityPlan.objects.get_or_create(name=name, defaults={"entities": entities})
        if made:
            PlanStep.objects.bulk_create(
                PlanStep(
                    plan=plan,
                    position=n,
                    subject=subject,
                    kind=kind,
                    days=days,
                    to=to if to == "owner" or rep else "owner",
                    role=rep if to == "role" else None,
                    checklist=checklist,
                )
                for n, (subject, kind, days, to, checklist) in enumerate(steps, 1)
            )
    for kind, per_week in TARGETS:
        ActivityTarget.objects.get_or_create(kind=kind, department=None, defaults={"per_week": per_week})
    cache.delete(KEPT)


def _events(world: Any, person: User, colleague: User, monday: Any) -> None:
    random: Random = world.random
    actor, accounts = Actor(person, "demo"), [a for a in world.left["accounts"] if a[1] == person][:20]
    for day in range(10):
        if random.random() < 0.25:
            continue
        kind, subject, place, minutes = EVENTS[random.randrange(len(EVENTS))]
        start = _at(monday + timedelta(days=day if day < 5 else day + 2), HOURS[random.randrange(len(HOURS))])
        about = accounts[random.randrange(len(accounts))] if accounts else None
        task = Task(
            owner=person,
            kind=kind,
            subject=subject,
            place=place,
            due_at=start,
            ends_at=start + timedelta(minutes=minutes),
            on_entity="customers.account" if about else "",
            on_id=about[0] if about else None,
            checklist="带样品\n带名片\n拍现场照片" if kind == "visit" else "",
        )
        records.save(task, actor=actor)
        if kind in {"meeting", "visit"} and colleague != person:
            row = invite(task, actor=actor, user=colleague)
            if random.random() < 0.6:
                answer(row, Participant.State.ACCEPTED, actor=Actor(colleague, "demo"))
        if task.ends_at < world.now:
            complete_task(task, actor=actor, outcome=random.choice(OUTCOMES))


def _repeating(people: list[User], monday: Any) -> None:
    """A meeting of the team each Monday, and a report on the last day of each month."""
    if len(people) < 2:
        return
    lead, rep = people[1], people[0]
    start = _at(monday, 9)
    meeting = Task(
        owner=lead,
        kind="meeting",
        subject="销售周例会",
        place="大会议室",
        due_at=start,
        ends_at=start + timedelta(hours=1),
    )
    records.save(meeting, actor=Actor(lead, "demo"))
    for person in [p for p in people if p != lead]:
        answer(invite(meeting, actor=Actor(lead, "demo"), user=person), "accepted", actor=Actor(person, "demo"))
    repeat_task(meeting, "FREQ=WEEKLY;BYDAY=MO", actor=Actor(lead, "demo"))
    report = Task(owner=rep, subject="提交月度销售总结", due_at=_at(monday, 17), remind="1440")
    records.save(report, actor=Actor(rep, "demo"))
    repeat_task(report, "FREQ=MONTHLY;BYMONTHDAY=-1", actor=Actor(rep, "demo"))


def _at(day: Any, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))
