"""工程设备: equipment for projects, sold by survey, design and tender."""

from crm.packs.declaring import Pack, Part, declare
from crm.packs.making import (
    ACCOUNT,
    OPPORTUNITY,
    both,
    cascade,
    day,
    entity,
    field,
    gate,
    layout,
    logic,
    named,
    pipeline,
    rule,
    section,
    stage,
    task,
    test,
    view,
)  # fmt: skip

SURVEY, TENDER = "customentities.survey", "customentities.tender"
BID = "custom.tender_way"

FIELDS = (
    field(OPPORTUNITY, "choice", "project_kind", "项目类型|Kind of project", options="new 新建|New; extension 改扩建|Extension; overhaul 大修|Overhaul; spares 备件|Spare parts", searchable=True),
    field(OPPORTUNITY, "choice", "equipment", "设备大类|Equipment", options="pump 水泵|Pumps; valve 阀门|Valves; control 电控|Controls", searchable=True),
    field(OPPORTUNITY, "choice", "model_line", "产品系列|Product line", options="split 双吸离心泵|Split-case pumps; sewage 潜水排污泵|Sewage pumps; butterfly 蝶阀|Butterfly valves; gatevalve 闸阀|Gate valves; plc PLC 控制柜|PLC cabinets; vfd 变频柜|VFD cabinets"),
    field(OPPORTUNITY, "date", "survey_on", "现场勘测日期|Site survey on", sortable=True),
    field(OPPORTUNITY, "user", "survey_by", "勘测人|Surveyed by"),
    field(OPPORTUNITY, "text", "plan_version", "方案版本|Design version", help="如 V1.0；递交业主的最新一版|Such as V1.0; the latest that the owner has", max_length=30),
    field(OPPORTUNITY, "date", "plan_on", "方案提交日|Design handed in on"),
    field(OPPORTUNITY, "choice", "tender_way", "招标方式|Kind of tender", options="open 公开招标|Open; invited 邀请招标|Invited; talks 竞争性谈判|Negotiated; single 单一来源|Single source"),
    field(OPPORTUNITY, "text", "tender_number", "招标编号|Tender number", max_length=60, searchable=True),
    field(OPPORTUNITY, "date", "tender_due", "投标截止日|Tender due on", sortable=True, on_card=True),
    field(OPPORTUNITY, "money", "tender_bond", "投标保证金|Tender bond", minimum="0"),
    field(ACCOUNT, "multichoice", "qualifications", "资质等级|Qualifications", options="general 总承包|General contractor; municipal 市政公用|Municipal works; mechanical 机电安装|Mechanical works; design 设计院|Design institute"),
)  # fmt: skip

ENTITIES = (
    entity("survey", "现场勘测|Site survey", "Site surveys", icon="ruler", prefix="KC", title_zh="勘测内容", title_en="What is surveyed", stages="待勘测|To do; 勘测中|On site; 已完成|Done", done=("已完成",)),
    field(SURVEY, "link", "opportunity", "商机|Opportunity", target=OPPORTUNITY),
    field(SURVEY, "link", "account", "客户|Account", target=ACCOUNT),
    field(SURVEY, "date", "visit_on", "勘测日期|Survey on", sortable=True),
    field(SURVEY, "address", "site", "勘测地点|Site"),
    field(SURVEY, "longtext", "findings", "现场情况|Findings"),
    field(SURVEY, "file", "drawing", "现场图纸|Drawing"),
    entity("tender", "投标|Tender", "Tenders", icon="gavel", prefix="TB", title_zh="标段名称", title_en="Lot", stages="已报名|Registered; 标书编制|In preparation; 已递交|Handed in; 中标|Awarded; 未中标|Not awarded", done=("中标", "未中标")),
    field(TENDER, "link", "opportunity", "商机|Opportunity", target=OPPORTUNITY),
    field(TENDER, "link", "account", "招标人|Owner of the project", target=ACCOUNT),
    field(TENDER, "date", "opens_on", "开标日期|Opened on", sortable=True),
    field(TENDER, "money", "price", "投标报价|Tender price", minimum="0"),
    field(TENDER, "file", "paper", "标书文件|Tender document"),
)  # fmt: skip

COMPUTED = (
    field(OPPORTUNITY, "rollup", "surveys", "勘测次数|Surveys", settings={"link": f"{SURVEY}:custom.opportunity", "function": "count"}),
    field(OPPORTUNITY, "rollup", "best_price", "最低投标报价|Lowest tender price", settings={"link": f"{TENDER}:custom.opportunity", "function": "min", "field": "custom.price"}),
    Part("check", "due", {**both("投标截止不早于勘测|Tender due after the survey", "name"), "entity": OPPORTUNITY, "expression": "custom.tender_due < custom.survey_on", "field": "custom.tender_due", **both("投标截止日不能早于现场勘测日期。|A tender can't be due before the site survey.", "message")}),
)  # fmt: skip

SELLING = (
    *named("source", "招标公告|Tender notice", "设计院推荐|Design institute"),
    *named("loss_reason", "未中标：价格|Not awarded: price", "未中标：资质|Not awarded: qualification", "技术参数不满足|Specification not met", "业主取消项目|Project cancelled"),
    pipeline(
        "projects", "工程设备项目|Equipment projects",
        stage("lead", "项目确认|Project confirmed", 10, "blue", 14, playbook="确认业主、设计院、总包与预算来源。|Find out owner, designer, contractor and where the money comes from."),
        stage("survey", "现场勘测|Site survey", 25, "teal", 14, playbook="约业主到现场；记录工况、接口与电源。|Meet on site; note conditions, interfaces and power."),
        stage("design", "方案设计|Design", 40, "indigo", 21, playbook="选型、图纸、技术偏差表；递交设计院。|Selection, drawings, deviations; to the designer."),
        stage("bid", "投标|Tender", 60, "amber", 30, forecast="best_case", playbook="核对资质、保证金与截止日；编制标书。|Check qualifications, bond and due date; write the tender."),
        stage("contract", "合同谈判|Contract", 85, "orange", 14, forecast="commit"),
    ),
    Part("approval", "bid", {**both("大额投标评审|Review of large tenders", "name"), "entity": OPPORTUNITY, "condition": {"all": [test("amount", "gte", "1000000")]}, "nodes": [{**both("直属上级|Superior", "name"), "by": "superior", "level": 1}]}),
    gate("design", "进入方案设计：已勘测|Design needs a survey", "projects#design", "custom.survey_on", "custom.survey_by"),
    gate("bid", "进入投标：方案与截止日齐备|Tender needs design and due date", "projects#bid", "custom.plan_version", BID, "custom.tender_due"),
    gate("contract", "进入合同谈判：大额投标已评审|Contract needs the review", "projects#contract", "amount", approval_id="@approval:bid"),
)  # fmt: skip

RULES = (
    cascade(OPPORTUNITY, "custom.model_line", "custom.equipment", "产品系列随设备大类|Product line by equipment", {"pump": ["split", "sewage"], "valve": ["butterfly", "gatevalve"], "control": ["plc", "vfd"]}),
    logic(OPPORTUNITY, "custom.tender_bond", "visible", "有招标才填保证金|A bond only with a tender", {"all": [test(BID, "in", ["open", "invited"])]}),
    logic(OPPORTUNITY, "custom.tender_number", "required", "公开招标须填编号|Open tenders have a number", {"all": [test(BID, "in", ["open"])]}),
    layout(
        OPPORTUNITY, "form", "工程项目表单|Form of projects",
        section("basics", "基本信息|Basics", "name", "account", "stage", "amount", "currency", "close_date", "owner", "source"),
        section("project", "项目与设备|Project and equipment", "custom.project_kind", "custom.equipment", "custom.model_line", "next_step", "next_step_on"),
        section("survey", "勘测与方案|Survey and design", "custom.survey_on", "custom.survey_by", "custom.plan_version", "custom.plan_on"),
        section("tender", "招投标|Tender", BID, "custom.tender_number", "custom.tender_due", "custom.tender_bond"),
        section("more", "说明|More", "description", columns=1),
        variant="@pipeline:projects",
    ),
    view("due", "两周内截止投标|Tenders due in two weeks", OPPORTUNITY, test("custom.tender_due", "next_days", "14"), test("state", "in", ["open"]), columns=("name", "account", "stage", "amount", "custom.tender_due", "owner")),
    rule("due", "投标截止前三天提醒|Three days before a tender is due", OPPORTUNITY, day("custom.tender_due", -3, "09:00"), task("递交标书前最后核对|Last check before the tender is handed in", 1), condition={"all": [test("state", "in", ["open"])]}),
    rule("surveyed", "勘测完成：一周内出方案|After the survey: a design within a week", OPPORTUNITY, {"on": "stage", "to": ["@pipeline:projects#design"]}, task("提交技术方案|Hand in the design", 5)),
    Part("assignment", "notices", {**both("招标公告线索轮流分配|Leads from tender notices in turn", "name"), "entity": "sales.lead", "condition": {"all": [test("source", "in", ["@source:tender notice"])]}, "strategy": "turn", "when": "received"}),
)  # fmt: skip

declare(
    Pack(
        "engineering", 1, "工程设备", "Engineering equipment",
        "面向工程项目的设备销售：现场勘测、方案设计、投标、合同谈判；含阶段门槛、投标评审与截止提醒。",
        "Equipment for projects: site survey, design, tender, contract; with stage gates, a review of large tenders and reminders.",
        "tool", (*FIELDS, *ENTITIES, *COMPUTED, *SELLING, *RULES),
    )
)  # fmt: skip
