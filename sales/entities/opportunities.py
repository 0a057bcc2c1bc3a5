"""The declarations of opportunities and of the people in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Q
from django.utils.timezone import localdate
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Board, Card, Entity, Lane, Lanes, Through, View, register
from crm.ownership.actions import ASSIGN_BY_RULES
from sales import services, tallies
from sales.forms import LoseForm, StageForm, WinForm
from sales.models import Opportunity, OpportunityContact, Stage
from sales.panels import opportunity_figures, short
from sales.querysets import WEIGHTED
from sales.stages import known_stages

MINE = {"field": "owner", "op": "me"}
OPEN = {"field": "state", "op": "in", "value": ["open"]}
DUE = {"op": "older_days", "value": 0}


def is_open(opportunity: Opportunity) -> bool:
    return opportunity.state == Opportunity.State.OPEN


def is_closed(opportunity: Opportunity) -> bool:
    return not is_open(opportunity)


def change_stage(opportunity: Opportunity, *, actor: Any, stage: Stage) -> Opportunity:
    """What the path on the page and the verb do."""
    return services.move_stage(opportunity, stage, actor=actor)


def stage_figures(user: Any, stages: list[int], *, money: bool, weighted: bool) -> Iterator[dict[str, Any]]:
    """How many opportunities that the user sees lie in each stage, and how much money."""
    found = tallies.deals(user, "stage", where=Q(stage__in=stages), money=money, weighted=weighted)
    return (row | {"lane": row["stage"]} for row in found)


@register
class OpportunityEntity(Entity):
    model = Opportunity
    icon = "coin"
    slug = "opportunities"
    variant = "pipeline"
    reached_by = (Through("sales.opportunitycontact", "contact", where="is_primary"), "account")
    columns = ("name", "account", "stage", "amount", "close_date", "next_step", "next_step_on", "owner", "created_at")
    filters = (
        "name",
        "account",
        "pipeline",
        "stage",
        "state",
        "amount",
        "currency",
        "probability",
        "close_date",
        "forecast_category",
        "engaged_on",
        "next_step_on",
        "source",
        "product_text",
        "loss_reason",
        "external_id",
        "owner",
        "department",
        "account__industry",
        "account__region",
        "stage_entered_at",
        "closed_at",
        "created_at",
        "updated_at",
        "last_activity_at",
    )
    sortable = {
        "created_at": "created_at",
        "name": "name_key",
        "amount": "amount_key",
        "close_date": "close_date_key",
        "last_activity_at": "last_activity_key",
    }
    sums = ("amount",)
    search = {"text": ("name", "product_text"), "company": ("account__name",), "code": ("external_id",)}
    subtitle = ("account", "stage", "amount", "owner")
    pills = ("stage", "state")
    quick = ("account", "name", "stage", "amount", "close_date", "next_step", "next_step_on")
    sections = {
        _("The sale"): ("name", "account", "stage", "probability", "product_text", "source", "owner"),
        _("Money and time"): (
            "amount",
            "currency",
            "close_date",
            "forecast_category",
            "engaged_on",
            "next_step",
            "next_step_on",
        ),
        _("Outcome"): ("state", "loss_reason", "loss_note", "closed_at"),
        _("More"): ("external_id", "description", "stage_entered_at", "last_activity_at"),
    }
    bulk_edit = ("close_date", "next_step", "next_step_on", "source", "probability", "forecast_category")
    inline = (
        "name", "account", "stage", "amount", "close_date", "next_step", "next_step_on", "probability",
        "forecast_category", "owner",
    )  # fmt: skip
    board = Board(
        field="stage",
        move=services.move_stage,
        sums=("amount",),
        weighted=WEIGHTED,
        tally=stage_figures,
        template="sales/opportunity_card.html",
    )
    views = (
        View("mine", _("My open opportunities"), {"all": [MINE, OPEN]}, "close_date"),
        View(
            "team",
            _("My team’s open ones"),
            {"all": [{"field": "owner", "op": "my_team"}, OPEN]},
            "close_date",
        ),
        View(
            "month", _("Closing this month"), {"all": [OPEN, {"field": "close_date", "op": "this_month"}]}, "close_date"
        ),
        View(
            "stalled",
            _("30 days in one stage"),
            {"all": [OPEN, {"field": "stage_entered_at", "op": "older_days", "value": 30}]},
            "-amount",
        ),
        View("won", _("Won"), {"all": [{"field": "state", "op": "in", "value": ["won"]}]}, "-close_date"),
        View("lost", _("Lost"), {"all": [{"field": "state", "op": "in", "value": ["lost"]}]}, "-close_date"),
    )
    shows_on = {"customers.account": "account"}
    actions = (
        Action("win", _("Win"), services.win_opportunity, "trophy", WinForm, when=is_open, primary=True),
        Action("move", _("Change stage"), change_stage, "arrow-right", StageForm, when=is_open, bulk=True),
        Action("lose", _("Lose"), services.lose_opportunity, "mood-sad", LoseForm, when=is_open, danger=True),
        Action("reopen", _("Open again"), services.reopen_opportunity, "refresh", when=is_closed),
        replace(ASSIGN_BY_RULES, when=is_open),
    )
    workload = {"all": [OPEN]}
    synonyms = {
        "name": ("opportunity", "opportunity name", "deal", "deal name", "商机", "商机名称", "项目名称"),
        "account": ("account name", "company", "customer", "客户", "客户名称", "公司", "公司名称"),
        "stage": ("deal_stage", "sales stage", "阶段", "销售阶段", "商机阶段"),
        "amount": ("close_value", "value", "deal value", "deal amount", "金额", "预计金额", "商机金额", "成交金额"),
        "currency": ("币种", "货币"),
        "probability": ("win probability", "赢率", "概率", "可能性", "成交概率"),
        "close_date": (
            "expected close",
            "expected close date",
            "closing date",
            "成交日期",
            "预计成交日期",
            "预计签单日期",
            "关闭日期",
        ),
        "engaged_on": ("engage_date", "engaged", "start date", "接触日期", "立项日期", "开始日期"),
        "source": ("lead source", "来源", "商机来源"),
        "product_text": ("product", "products", "产品", "意向产品", "产品名称"),
        "next_step": ("next action", "下一步", "下一步计划", "后续计划"),
        "next_step_on": ("next step date", "next contact", "下次联系", "下次跟进", "下次跟进日期"),
        "loss_reason": ("lost reason", "reason lost", "输单原因", "丢单原因", "失败原因"),
        "loss_note": ("输单说明",),
        "external_id": ("opportunity_id", "deal id", "id", "商机编号", "外部编号"),
        "owner": ("sales_agent", "sales rep", "opportunity owner", "负责人", "业务员", "销售", "所有人"),
        "description": ("notes", "remark", "备注", "说明", "描述"),
    }
    keys = ("external_id", "name")

    def save(self, record: Opportunity, *, actor: Any, **options: Any) -> Any:
        return services.save_opportunity(record, actor=actor, **options)

    def new(self, user: Any, initial: Mapping[str, Any]) -> Opportunity:
        """It starts in the first stage of the first pipeline."""
        return Opportunity(owner=user, stage=Stage.objects.open().filter(pipeline__active=True).first())

    def clean(self, form: Any) -> None:
        """Losing needs a reason; what comes into being lost, as from a file, may lack it."""
        record = form.instance
        if (
            record._state.adding
            or record.loss_reason_id
            or not record.stage_id
            or record.state == Opportunity.State.LOST
        ):
            return
        if record.stage.is_lost:
            form.add_error(
                "loss_reason" if "loss_reason" in getattr(form, "fields", ()) else None, gettext("Say why it was lost.")
            )

    def lanes(self, params: Mapping[str, str]) -> Lanes:
        """The stages of the pipeline that the address asks for, else of the first one."""
        stages = [stage for stage in known_stages() if stage.pipeline.active]
        pipelines = list(dict.fromkeys(stage.pipeline for stage in stages))
        asked = [p for p in pipelines if str(p.pk) == params.get("pipeline")]
        if not pipelines:
            return Lanes([])
        chosen = (asked or pipelines)[0]
        here = [stage for stage in stages if stage.pipeline_id == chosen.pk]
        lanes = [Lane(s.pk, s.name, s.colour, drop_only=s.is_won or s.is_lost) for s in here]
        others = [(p.name, "pipeline", str(p.pk)) for p in pipelines] if len(pipelines) > 1 else []
        return Lanes(lanes, others, chosen.name)

    def card(self, record: Opportunity, seen: Collection[str]) -> Card:
        """Who buys for how much, how long it has stood there, and what calls for action."""
        going, stalled, overdue = is_open(record), record.is_stalled, record.is_overdue
        texts, flags = {"title": str(record)}, {"stalled": stalled, "overdue": overdue, "step_due": False}
        if "account" in seen and record.account_id:
            texts["account"] = str(record.account)
        if "amount" in seen and record.amount is not None:
            texts["amount"] = short(record.amount, record.currency)
        if "close_date" in seen and record.close_date:
            texts["close"] = f"{record.close_date:%m-%d}"
        if going and (days := record.days_in_stage) is not None:
            texts["days"] = ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
        if "next_step" in seen and record.next_step:
            day = record.next_step_on if "next_step_on" in seen else None
            texts["step"] = f"{record.next_step} {day:%m-%d}" if day else record.next_step
            flags["step_due"] = going and day is not None and day <= localdate()
        return Card(texts, flags | {f"has_{name}": True for name in texts})

    def figures(self, record: Opportunity, user: Any) -> list[dict]:
        return opportunity_figures(record, user)


@register
class OpportunityContactEntity(Entity):
    model = OpportunityContact
    icon = "users"
    nav = False
    columns = ("opportunity", "contact", "role", "is_primary")
    filters = ("opportunity", "contact", "role", "is_primary")
    quick = ("opportunity", "contact", "role", "is_primary")
    sections = {_("Contact role"): ("opportunity", "contact", "role", "is_primary")}
    inline = ("role", "is_primary")
    subtitle = ("role",)
    shows_on = {"sales.opportunity": "opportunity", "customers.contact": "contact"}
    synonyms = {
        "opportunity": ("opportunity_id", "deal", "商机", "商机名称"),
        "contact": ("name", "person", "联系人", "姓名"),
        "role": ("decision role", "角色", "决策角色"),
        "is_primary": ("primary", "main contact", "主要联系人"),
    }
