"""What the shaped demo company has: twenty custom fields, four dynamic rules, twenty automation rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

# The day of the house, which has begun hours before that of UTC.
TODAY = f"(now() at time zone '{settings.TIME_ZONE}')::date"
ACCOUNT, DEAL, LEAD = "customers.account", "sales.opportunity", "sales.lead"


@dataclass(frozen=True)
class Shape:
    """A custom field; ``value`` is the SQL of what a record holds (empty: it is worked out)."""

    entity: str
    kind: str
    code: str
    zh: str
    en: str
    value: str = ""
    options: tuple[tuple[str, str], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


def condition(name: str, op: str, *values: str) -> dict[str, Any]:
    """A condition of one line."""
    return {"all": [{"field": name, "op": op, "value": list(values)}]}


def _one_of(*values: str) -> str:
    return f"(array[{', '.join(repr(value) for value in values)}])[1 + id % {len(values)}]"


SORTED = {"sortable": True}
GRADES = (("a", "甲级"), ("b", "乙级"), ("c", "丙级"))
ROUTES = (("direct", "直销"), ("partner", "代理"), ("tender", "招标"))
NEEDS = (("pump", "泵"), ("valve", "阀门"), ("mes", "MES"), ("care", "维保"))
OPEN_DEALS = {
    "link": f"{DEAL}:account",
    "function": "sum",
    "field": "amount",
    "where": condition("state", "in", "open"),
}

FIELDS = (
    Shape(ACCOUNT, "text", "plant", "厂区", "Plant", f"{_one_of('东区', '西区', '南区', '北区')} || id % 997", (), SORTED),
    Shape(ACCOUNT, "text", "sap_no", "SAP 编号", "SAP number", "'SAP' || (id * 7)"),
    Shape(ACCOUNT, "longtext", "background", "背景", "Background", "'第 ' || id || ' 号客户，设备多年未更新'"),
    Shape(ACCOUNT, "integer", "seats", "席位数", "Seats", "id % 500", (), SORTED),
    Shape(ACCOUNT, "money", "credit", "授信额度", "Credit", "((id % 900) * 1000)::numeric(14, 2)::text", (), SORTED),
    Shape(ACCOUNT, "percent", "discount", "折扣", "Discount", "(id % 30)::text"),
    Shape(ACCOUNT, "date", "audited_on", "审核日期", "Audited on", f"({TODAY} - (id % 700)::int)::text", (), SORTED),
    Shape(ACCOUNT, "choice", "grade", "等级", "Grade", _one_of("a", "b", "c"), GRADES, SORTED),
    Shape(ACCOUNT, "multichoice", "needs", "需求", "Needs", f"jsonb_build_array({_one_of('mes', 'pump')}, 'care')", NEEDS),
    Shape(ACCOUNT, "boolean", "strategic", "战略客户", "Strategic", "id % 9 = 0"),
    Shape(ACCOUNT, "url", "portal", "供应商门户", "Supplier portal", "'https://portal' || id || '.example.com/'"),
    Shape(ACCOUNT, "rollup", "open_amount", "在谈金额", "Open amount", settings={"settings": OPEN_DEALS, "sortable": True}),
    Shape(DEAL, "text", "project_no", "项目编号", "Project number", "'P-' || (id % 5000)", (), SORTED),
    Shape(DEAL, "money", "budget", "预算", "Budget", "((id % 400) * 500)::numeric(14, 2)::text", (), SORTED | {"on_card": True}),
    Shape(DEAL, "number", "tonnes", "吨位", "Tonnes", "(id % 80)::text"),
    Shape(DEAL, "date", "kickoff", "启动日期", "Kick-off", f"({TODAY} + (id % 200)::int)::text"),
    Shape(DEAL, "choice", "route", "销售方式", "Route", _one_of("direct", "partner", "tender"), ROUTES, {"on_card": True}),
    Shape(DEAL, "boolean", "urgent", "加急", "Urgent", "id % 5 = 0"),
    Shape(DEAL, "email", "bid_mail", "投标邮箱", "Bid address", "'bid' || id || '@example.com'"),
    Shape(
        DEAL,
        "formula",
        "margin",
        "预算差额",
        "Margin",
        settings={"settings": {"expression": "coalesce(amount, 0) - coalesce(budget, 0)", "result": "money"}},
    ),
)  # fmt: skip
SEARCHED = ((ACCOUNT, "sap_no"), (DEAL, "project_no"))
COLUMNS = {ACCOUNT: ("plant", "grade", "credit", "open_amount"), DEAL: ("project_no", "route", "margin")}

LOGIC: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (ACCOUNT, "custom.credit", "required", {"where": condition("custom.grade", "in", "a")}),
    (ACCOUNT, "custom.needs", "visible", {"where": condition("custom.strategic", "is", "true")}),
    (DEAL, "custom.bid_mail", "visible", {"where": condition("custom.route", "in", "tender")}),
    (
        DEAL,
        "custom.kickoff",
        "invalid",
        {"where": condition("custom.kickoff", "lte", "2000-01-01"), "message_zh": "启动日期太早", "message_en": "Too early"},
    ),
)  # fmt: skip


def _task(subject: str) -> list[dict[str, Any]]:
    params = {"subject": subject, "to": "owner", "kind": "task", "priority": "normal", "days": "2", "working": "on"}
    return [{"do": "effect", "effect": "create_task", "params": params}]


def _tell(text: str) -> list[dict[str, Any]]:
    return [{"do": "effect", "effect": "notify", "params": {"to": "owner", "text": text}}]


def _changed(name: str, *to: str) -> dict[str, Any]:
    return {"on": "changed", "field": name, "from": [], "to": list(to)}


LARGE, HUGE = condition("amount", "gte", "1000000"), condition("amount", "gte", "10000000")
VIP, STRATEGIC = condition("level", "in", "vip"), condition("custom.strategic", "is", "true")

# Those on stages and on what is new are set off by what the bench does; the others look at it and pass.
RULES: tuple[tuple[str, str, dict[str, Any], dict[str, Any], list[dict[str, Any]]], ...] = (
    (LEAD, "新线索发欢迎材料", {"on": "created"}, {}, _task("发送产品资料")),
    (LEAD, "线索评级提高时通知", _changed("rating"), {}, _tell("线索评级有变化")),
    (LEAD, "线索转无效时复核", _changed("status", "invalid"), {}, _task("复核无效线索")),
    (LEAD, "线索换负责人时交接", _changed("owner"), {}, _task("与前任交接")),
    (LEAD, "线索转化后致谢", _changed("status", "converted"), {}, _task("致谢")),
    (ACCOUNT, "新客户建档", {"on": "created"}, {}, _task("完善客户档案")),
    (ACCOUNT, "新客户核对授信", {"on": "created"}, condition("custom.credit", "gte", "100000"), _task("核对授信")),
    (ACCOUNT, "升级为 VIP 时通知", _changed("level", "vip"), {}, _tell("客户升级为 VIP")),
    (ACCOUNT, "电话变更时核实", _changed("phone"), {}, _task("核实新电话")),
    (ACCOUNT, "战略客户资料有变动", _changed(""), STRATEGIC, _tell("战略客户的资料有变动")),
    (ACCOUNT, "重要客户换负责人", _changed("owner"), VIP, _task("安排交接拜访")),
    (ACCOUNT, "等级变更", _changed("custom.grade"), {}, _task("按新等级调整服务")),
    (DEAL, "新商机立项", {"on": "created"}, {}, _task("完成立项")),
    (DEAL, "阶段推进时更新计划", _changed("stage"), {}, _task("更新推进计划")),
    (DEAL, "大额商机阶段变化", _changed("stage"), LARGE, _tell("大额商机有进展")),
    (DEAL, "特大商机的任何变动", _changed(""), HUGE, _tell("特大商机有变动")),
    (DEAL, "金额调整", _changed("amount"), {}, _task("复核报价")),
    (DEAL, "成交日期推迟", _changed("close_date"), {}, _task("确认推迟原因")),
    (DEAL, "招标项目进入新阶段", _changed("stage"), condition("custom.route", "in", "tender"), _task("准备投标文件")),
    (DEAL, "赢单后交付", {"on": "kind", "kinds": ["sales.opportunity.won"]}, {}, _task("移交交付")),
)  # fmt: skip
