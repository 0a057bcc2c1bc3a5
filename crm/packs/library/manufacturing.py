"""制造: parts and machines, sold by drawing, sample and batch."""

from crm.packs.declaring import Pack, declare
from crm.packs.making import (
    ACCOUNT,
    OPPORTUNITY,
    entity,
    field,
    gate,
    logic,
    named,
    pipeline,
    rule,
    stage,
    task,
    test,
    view,
)

TRIAL = "customentities.prototype"

PARTS = (
    field(ACCOUNT, "multichoice", "certificates", "体系认证|Certificates", options="iso9001 ISO 9001|ISO 9001; iatf IATF 16949|IATF 16949; iso14001 ISO 14001|ISO 14001; ce CE|CE"),
    field(ACCOUNT, "choice", "supply", "供货状态|Supply", options="candidate 潜在|Candidate; approved 合格供方|Approved supplier; main 主供|Main supplier"),
    field(OPPORTUNITY, "text", "drawing_number", "图号|Drawing number", searchable=True),
    field(OPPORTUNITY, "choice", "process", "工艺|Process", options="machining 机加工|Machining; casting 铸造|Casting; moulding 注塑|Moulding; sheet 钣金|Sheet metal; assembly 组装|Assembly", searchable=True),
    field(OPPORTUNITY, "text", "material", "材料|Material"),
    field(OPPORTUNITY, "integer", "yearly", "年用量（件）|Pieces a year", minimum="0", sortable=True),
    field(OPPORTUNITY, "money", "target_price", "目标单价|Target price", minimum="0"),
    field(OPPORTUNITY, "money", "tooling", "模具费|Tooling", minimum="0"),
    field(OPPORTUNITY, "date", "sop_on", "量产日期|Start of production", sortable=True, on_card=True),
    field(OPPORTUNITY, "formula", "yearly_value", "年采购额|Value a year", settings={"expression": "custom.yearly * custom.target_price", "result": "money"}),
    entity("prototype", "打样|Prototype", "Prototypes", icon="building-factory", prefix="DY", title_zh="样件名称", title_en="Part", stages="待打样|To make; 打样中|In work; 送样检测|In test; 已认可|Approved; 不合格|Rejected", done=("已认可", "不合格")),
    field(TRIAL, "link", "opportunity", "商机|Opportunity", target=OPPORTUNITY),
    field(TRIAL, "link", "account", "客户|Account", target=ACCOUNT),
    field(TRIAL, "integer", "pieces", "样件数|Pieces", minimum="1"),
    field(TRIAL, "date", "due_on", "交样日期|Due on", sortable=True),
    field(TRIAL, "file", "report", "检测报告|Test report"),
    *named("source", "行业展会|Trade fair", "客户图纸询价|Drawing inquiry", "供应商平台|Supplier portal"),
    *named("loss_reason", "产能不足|No capacity", "样件不合格|Prototype rejected", "单价过高|Price a piece too high"),
    pipeline(
        "supply", "定点供货|Supply nomination",
        stage("rfq", "图纸评审|Drawing review", 10, "blue", 7),
        stage("cost", "成本核算|Costing", 25, "teal", 7),
        stage("sample", "打样认可|Prototype", 50, "indigo", 30, forecast="best_case"),
        stage("batch", "小批试产|Pilot batch", 75, "amber", 30, forecast="best_case"),
        stage("frame", "框架协议|Frame contract", 90, "orange", 14, forecast="commit"),
    ),
    gate("cost", "核价前须有图号与工艺|Costing needs drawing and process", "supply#cost", "custom.drawing_number", "custom.process"),
    gate("batch", "试产前确认用量与单价|A pilot batch needs quantity and price", "supply#batch", "custom.yearly", "custom.target_price"),
    logic(OPPORTUNITY, "custom.tooling", "visible", "开模工艺才有模具费|Tooling only where tools are made", {"all": [test("custom.process", "in", ["casting", "moulding", "sheet"])]}),
    view("sop", "半年内量产|Production within half a year", OPPORTUNITY, test("custom.sop_on", "next_days", "180")),
    rule("sample", "进入打样：安排样件|Prototype stage: have it made", OPPORTUNITY, {"on": "stage", "to": ["@pipeline:supply#sample"]}, task("下达打样任务，确认交样日期|Order the prototype", 2)),
)  # fmt: skip

declare(
    Pack(
        "manufacturing", 1, "制造", "Manufacturing",
        "零部件与设备制造：图纸评审、核价、打样、试产、框架协议；含工艺、用量、目标单价。",
        "Parts and machines: drawing review, costing, prototype, pilot batch, frame contract; with process, quantity, target price.",
        "building-factory", PARTS,
    )
)  # fmt: skip
