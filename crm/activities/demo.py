"""Follow-ups and tasks of the demo company, on accounts and opportunities, with what their timelines tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.apps import apps
from django.db import connection
from django.utils.timezone import localdate

from crm.activities.demo_days import make_days
from crm.activities.models import FollowUp, Task
from crm.activities.reminders import plan_reminders
from crm.demo.loading import Maker, chunks, load
from crm.demo.makers import moment
from crm.demo.steps import World, bench_page, demo_step
from crm.users.models import User

TEXTS = {
    "note": [
        "客户内部正在走预算流程，{d}再联系",
        "决策人换了，需要重新介绍方案",
        "收到客户发来的技术要求，已转给工程师",
    ],
    "call": ["电话沟通 8 分钟，确认预算，{d}前需要正式方案", "客户询问交期，已答复四周", "未接通，{d}再打"],
    "visit": ["现场勘测：泵房高差 2.4 米，需要加长管路", "拜访设备部，演示远程监控，反应很好", "参观了车间，拍了照片"],
    "meeting": [
        "线上会议讨论技术方案，{d}给出修改稿",
        "与采购部谈付款条件，对方要求 3-6-1",
        "项目启动会，明确了双方接口人",
    ],
    "email": ["发送了报价单和产品手册", "客户回信同意技术方案，商务待定", "发送会议纪要，请对方确认"],
}
OUTCOMES = ["有意向", "需要再跟进", "暂无需求", "已约下次", "", ""]
STEPS = ["发送方案", "回电", "安排现场勘测", "约见决策人", "催合同盖章", "确认付款"]
# In how many days the first tasks are due: those of the rep whose sign-in is shown, so that the day is full.
HIS = (-3, -1, 0, 0, 0, 1, 2, 5, 6)
# In sets made for measuring one account, his, has so much on its timeline that it shows how timelines page.
MANY, BUSY = 10_000, 400
SUBJECTS = {
    "task": ["准备方案初稿", "整理技术参数", "催合同盖章", "寄样品"],
    "call": ["回电给客户", "电话确认交期", "首次联系"],
    "visit": ["现场勘测", "拜访设备部", "回访"],
    "meeting": ["方案评审会", "商务谈判"],
    "email": ["发送报价单", "发送会议纪要"],
}


# A follow-up, the name of what it is about, the account whose timeline tells it too.
Told = tuple[FollowUp, str, int | None]


@dataclass(frozen=True)
class Target:
    """A record to be active about; ``account`` is another one whose timeline shares what happens to it."""

    entity: str
    pk: int
    owner: User
    since: datetime
    name: str
    account: int | None = None


@demo_step(50, "activities")
def make_activities(world: World) -> None:
    """One part tasks, six parts follow-ups; what is due soon and what is late has its owner before them."""
    total, targets = world.counts["activities"], _targets(world)
    tasks = total * 15 // 100
    for batch in chunks(_tasks(world, targets, tasks)):
        load(batch)
        _tell_tasks(batch)
        plan_reminders([task for task in batch if task.is_open and task.due_at and task.due_at > world.now])
    for told in chunks(_follow_ups(world, chain(_busy(world), targets), total - tasks)):
        load([follow_up for follow_up, _name, _account in told])
        _tell(told)


demo_step(56, "calendar")(make_days)


@bench_page("calendar", goal=6)
def calendar(user: User) -> tuple[str, str, None]:
    """The week of one's calendar."""
    return "GET", "/calendar/", None


@bench_page("calendar events", goal=4)
def events(user: User) -> tuple[str, str, None]:
    """What the calendar's script asks for: a month."""
    first = localdate().replace(day=1)
    return "GET", f"/calendar/events/?start={first}T00:00&end={first + timedelta(days=31)}T00:00", None


def _busy(world: World) -> list[Target]:
    """The account whose timeline is long: the newest activity of all is its own."""
    if world.counts["activities"] < MANY:
        return []
    pk, owner, since, name = next(account for account in world.left["accounts"] if account[1] == world.sellers[0])
    apps.get_model("customers.account")._base_manager.filter(pk=pk).update(last_activity_at=world.now)
    return [Target("customers.account", pk, owner, since, name)] * BUSY


def _targets(world: World) -> Iterator[Target]:
    """Two of three are opportunities."""
    random, accounts, deals = world.random, world.left["accounts"], world.left["opportunities"]
    names = dict(apps.get_model("sales.opportunity")._base_manager.values_list("pk", "name"))
    while True:
        if random.random() < 0.66:
            pk, account, owner, since = deals[random.randrange(len(deals))]
            yield Target("sales.opportunity", pk, owner, since, names[pk], account)
        else:
            pk, owner, since, name = accounts[random.randrange(len(accounts))]
            yield Target("customers.account", pk, owner, since, name)


def _tasks(world: World, targets: Iterator[Target], count: int) -> Iterator[Task]:
    random, now, make = world.random, world.now, Maker(Task)
    for i in range(count):
        his = i < len(HIS)
        target = next(t for t in targets if not his or t.owner == world.sellers[0])
        kind = random.choice(list(SUBJECTS))
        is_open = his or random.random() < min(0.5, 8 * len(world.sellers) / max(count, 1))
        created = target.since + (now - target.since) * random.random()
        if is_open:
            days = HIS[i] if his else round(random.triangular(-6, 21, 2))
            due = (now + timedelta(days=days)).replace(
                hour=random.randrange(1, 10), minute=random.choice([0, 30]), second=0
            )
        else:
            due = min(now, created + timedelta(days=random.random() * 14))
        yield make(
            owner=target.owner,
            on_entity=target.entity,
            on_id=target.pk,
            subject=random.choice(SUBJECTS[kind]),
            kind=kind,
            due_at=due,
            priority=random.choice(["high", "normal", "normal", "normal", "low"]),
            status="open" if is_open else "done" if random.random() < 0.93 else "cancelled",
            done_at=None if is_open else due,
            created_at=created,
            updated_at=created if is_open else due,
        )


def _follow_ups(world: World, targets: Iterator[Target], count: int) -> Iterator[Told]:
    """Each with the name of what it is about and the account whose timeline tells it too."""
    random, now, make = world.random, world.now, Maker(FollowUp)
    kinds = list(TEXTS)
    for _i in range(count):
        target = next(targets)
        kind = random.choices(kinds, [3, 6, 3, 2, 3])[0]
        happened = max(target.since, moment(random, now, 500))
        planned = random.random() < 0.3
        day = localdate(happened + timedelta(days=random.randrange(1, 15)))
        follow_up = make(
            owner=target.owner,
            on_entity=target.entity,
            on_id=target.pk,
            kind=kind,
            text=random.choice(TEXTS[kind]).format(d=f"{day.month}月{day.day}日"),
            happened_at=happened,
            outcome=random.choice(OUTCOMES),
            next_step=random.choice(STEPS) if planned else "",
            next_step_on=day if planned else None,
            created_at=happened,
            updated_at=happened,
        )
        yield follow_up, target.name, target.account


def _tell_tasks(tasks: list[Task]) -> None:
    """Show the creation of the tasks on the timelines of what they are about."""
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into records_entrylink (at, entry_id, kind, entity, record_id)
            select l.at, l.entry_id, l.kind, t.on_entity, t.on_id from activities_task t
            join records_entrylink l on l.entity = 'activities.task' and l.record_id = t.id and l.at = t.created_at
            where t.id between %s and %s""",
            [tasks[0].pk, tasks[-1].pk],
        )


def _tell(told: list[Told]) -> None:
    """The entries by which the records tell their follow-ups, also on the timelines of the accounts."""
    shared = [(follow_up.pk, account) for follow_up, _name, account in told if account]
    with connection.cursor() as cursor:
        cursor.execute(
            """with e as (
                insert into records_entry (at, kind, entity, record_id, title, actor_id, cause, changes, data)
                select f.happened_at, 'activities.followup.' || f.kind, f.on_entity, f.on_id, n.name, f.owner_id, 'demo', '{}',
                    jsonb_strip_nulls(jsonb_build_object('text', f.text, 'followup', f.id, 'outcome', nullif(f.outcome, ''),
                        'next_step', nullif(f.next_step, ''), 'next_step_on', f.next_step_on, 'happened_at', f.happened_at))
                from activities_followup f join unnest(%s::bigint[], %s::text[]) n(id, name) on n.id = f.id
                returning id, at, kind, entity, record_id, (data->>'followup')::bigint as followup
            ) insert into records_entrylink (at, entry_id, kind, entity, record_id)
            select at, id, kind, entity, record_id from e
            union all select e.at, e.id, e.kind, 'customers.account', s.account
            from e join unnest(%s::bigint[], %s::bigint[]) s(followup, account) on s.followup = e.followup""",
            [
                [follow_up.pk for follow_up, _name, _account in told],
                [name for _follow_up, name, _account in told],
                [pk for pk, _account in shared],
                [account for _pk, account in shared],
            ],
        )
