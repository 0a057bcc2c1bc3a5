"""How tasks and follow-ups are listed, shown, edited and found."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.activities import planning, repeating, services
from crm.activities.models import Comment, FollowUp, Task
from crm.activities.task_forms import CancelForm, CheckInForm, CompleteForm, PostponeForm, RepeatForm, SeriesForm
from crm.entities.entity import Action, Board, Entity, View, contribute_where, register

contribute_where(planning.takes_plans, planning.plan_action())

MINE = {"field": "owner", "op": "me"}
OPEN = {"field": "status", "op": "in", "value": ["open", "doing"]}
OUT = {"field": "kind", "op": "in", "value": ["visit", "meeting", "event"]}
OVERDUE = {"field": "due_at", "op": "older_days", "value": 0}
TODAY = {"field": "due_at", "op": "today"}


def move_task(task: Task, to: str, *, actor) -> Task:
    """What dropping a card into a lane does: the same as the verb of that name."""
    verbs = {
        Task.Status.DONE: services.complete_task,
        Task.Status.DOING: services.start_task,
        Task.Status.CANCELLED: services.cancel_task,
    }
    return verbs.get(to, services.reopen_task)(task, actor=actor)


def change_series(task: Task, *, actor, scope: str, **values) -> Task:
    """The verb behind the form that asks for the scope."""
    return repeating.change_series(task, scope, values, actor=actor)


def is_open(task: Task) -> bool:
    return task.is_open


@register
class TaskEntity(Entity):
    model = Task
    icon = "checkbox"
    columns = ("subject", "kind", "about", "due_at", "priority", "status", "owner")
    filters = (
        "subject",
        "kind",
        "due_at",
        "ends_at",
        "place",
        "priority",
        "status",
        "outcome",
        "done_at",
        "checked_in_at",
        "parent",
        "on_entity",
        "on_id",
        "owner",
        "created_at",
    )
    sortable = {"due_at": "due_key", "created_at": "created_at"}
    default_sort = "due_at"
    search = {"text": ("subject", "description", "place", "outcome", "report")}
    subtitle = ("kind", "due_at", "place", "owner")
    pills = ("status", "priority")
    quick = ("subject", "kind", "due_at", "ends_at")
    sections = {
        _("To do"): (
            "subject", "kind", "due_at", "ends_at", "all_day", "place", "priority", "status", "remind", "owner", "description",
        ),
        _("Steps"): ("parent", "checklist"),
        _("What came of it"): ("outcome", "report", "done_at", "checked_in_at"),
    }  # fmt: skip
    shows_on = {"activities.task": "parent"}
    bulk_edit = ("due_at", "priority", "status", "kind", "remind", "place")
    inline = (
        "subject", "kind", "due_at", "ends_at", "place", "priority", "status", "remind", "owner", "description", "checklist",
        "outcome", "report",
    )  # fmt: skip
    views = (
        View("overdue", pgettext_lazy("tasks", "Overdue"), {"all": [MINE, OPEN, OVERDUE]}, "due_at"),
        View("today", _("Today"), {"all": [MINE, OPEN, TODAY]}, "due_at"),
        View(
            "week",
            _("This week"),
            {"all": [MINE, OPEN, {"any": [OVERDUE, {"field": "due_at", "op": "this_week"}]}]},
            "due_at",
        ),
        View("mine", _("My open tasks"), {"all": [MINE, OPEN]}, "due_at"),
        View("visits", _("Visits and meetings"), {"all": [OPEN, OUT]}, "due_at"),
        View("done", _("Done"), {"all": [{"field": "status", "op": "in", "value": ["done"]}]}, "-created_at"),
    )
    board = Board(field="status", move=move_task)
    attention = {"all": [MINE, OPEN, {"any": [OVERDUE, TODAY]}]}
    actions = (
        Action(
            "complete",
            pgettext_lazy("task", "Complete"),
            services.complete_task,
            "check",
            CompleteForm,
            when=is_open,
            primary=True,
            bulk=True,
        ),
        Action(
            "start", _("Begin"), services.start_task, "player-play", when=lambda task: task.status == "open", bulk=True
        ),
        Action(
            "check_in",
            _("Check in"),
            services.check_in,
            "map-pin",
            CheckInForm,
            when=lambda task: task.is_open and task.kind == "visit" and not task.checked_in_at,
            primary=True,
            automatic=False,
        ),
        Action(
            "postpone", _("Postpone"), services.postpone_task, "calendar-plus", PostponeForm, when=is_open, bulk=True
        ),
        Action(
            "repeat",
            _("Repeat"),
            repeating.repeat_task,
            "repeat",
            RepeatForm,
            when=lambda task: task.is_open and task.due_at is not None,
            automatic=False,
        ),
        Action(
            "series",
            _("Change the series"),
            change_series,
            "calendar-event",
            SeriesForm,
            when=lambda task: bool(task.series and task.is_open and task.due_at),
            automatic=False,
        ),
        Action(
            "end_series",
            _("Stop repeating"),
            repeating.end_series,
            "calendar-x",
            when=lambda task: bool(task.series and task.repeats),
            automatic=False,
        ),
        Action("cancel", _("Call off"), services.cancel_task, "circle-x", CancelForm, when=is_open, bulk=True),
        Action(
            "reopen",
            _("Take up again"),
            services.reopen_task,
            "refresh",
            when=lambda task: not task.is_open,
        ),
    )
    synonyms = {
        "subject": ("task", "title", "to do", "待办", "任务", "主题", "待办事项"),
        "due_at": ("due", "due date", "deadline", "start", "截止", "截止日期", "截止时间", "到期", "开始时间"),
        "ends_at": ("end", "end time", "结束时间", "结束"),
        "place": ("location", "地点", "位置"),
        "outcome": ("result", "结果"),
        "report": ("minutes", "纪要", "会议纪要", "拜访纪要"),
        "checklist": ("清单", "检查项"),
        "kind": ("type", "类型"),
        "priority": ("优先级",),
        "status": ("state", "状态"),
        "owner": ("assignee", "assigned to", "负责人", "执行人"),
        "description": ("notes", "remark", "备注", "说明", "描述"),
    }
    keys = ("subject",)


@register
class FollowUpEntity(Entity):
    model = FollowUp
    icon = "messages"
    slug = "followups"
    columns = ("title", "kind", "about", "happened_at", "outcome", "next_step", "next_step_on", "owner")
    filters = (
        "title",
        "kind",
        "text",
        "happened_at",
        "outcome",
        "next_step_on",
        "on_entity",
        "on_id",
        "owner",
        "department",
        "created_at",
    )
    sortable = {"happened_at": "happened_at"}
    default_sort = "-happened_at"
    search = {"text": ("text", "outcome", "next_step")}
    subtitle = ("kind", "happened_at", "owner")
    pills = ("kind",)
    quick = ("kind", "text", "happened_at", "outcome")
    sections = {
        _("Follow-up"): ("kind", "about", "text", "happened_at", "outcome", "next_step", "next_step_on", "owner")
    }
    inline = ("kind", "happened_at", "outcome", "next_step", "next_step_on")
    views = (
        View("mine", _("My follow-ups"), {"all": [MINE]}, "-happened_at"),
        View("week", _("This week"), {"all": [{"field": "happened_at", "op": "this_week"}]}, "-happened_at"),
    )
    synonyms = {
        "text": ("follow-up", "content", "notes", "跟进内容", "跟进记录", "内容", "沟通内容"),
        "kind": ("type", "跟进方式", "类型", "方式"),
        "happened_at": ("date", "时间", "跟进时间", "日期"),
        "next_step": ("next action", "下一步", "下一步计划"),
        "next_step_on": ("next contact", "下次跟进", "下次跟进日期"),
        "owner": ("跟进人", "负责人"),
    }


@register
class CommentEntity(Entity):
    model = Comment
    icon = "message-circle"
    columns = ("title", "about", "owner", "created_at")
    filters = ("text", "owner", "on_entity", "on_id", "created_at")
    search = {"text": ("text",)}
    subtitle = ("created_at", "owner")
    sections = {_("Comment"): ("about", "text", "owner", "created_at")}
    views = (View("mine", _("My comments"), {"all": [MINE]}, "-created_at"),)
    shows_on = {"activities.comment": "answers"}
    importable = False
    nav = False
