"""外贸: export, sold by inquiry, sample and order."""

from crm.packs.declaring import Pack, declare
from crm.packs.making import (
    ACCOUNT,
    LEAD,
    OPPORTUNITY,
    day,
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

SAMPLE = "customentities.sample"
TERMS = "exw EXW|EXW; fob FOB|FOB; cfr CFR|CFR; cif CIF|CIF; ddp DDP|DDP"

PARTS = (
    field(ACCOUNT, "text", "country", "国家/地区|Country", searchable=True, sortable=True),
    field(ACCOUNT, "choice", "buyer_kind", "客户类型|Kind of buyer", options="importer 进口商|Importer; wholesaler 批发商|Wholesaler; retailer 零售商|Retailer; factory 工厂|Factory"),
    field(LEAD, "text", "inquiry_number", "询盘编号|Inquiry number", searchable=True),
    field(OPPORTUNITY, "choice", "incoterm", "贸易术语|Incoterm", options=TERMS),
    field(OPPORTUNITY, "text", "port", "目的港|Port of destination", searchable=True),
    field(OPPORTUNITY, "choice", "pay_terms", "付款方式|Terms of payment", options="tt T/T|T/T; lc L/C|L/C; da D/A|D/A; dp D/P|D/P; oa O/A|O/A"),
    field(OPPORTUNITY, "number", "moq", "起订量|Minimum quantity", minimum="0", decimals=0),
    field(OPPORTUNITY, "text", "hs_code", "HS 编码|HS code", pattern="[0-9]{6,10}", pattern_message_zh="HS 编码为 6 至 10 位数字。", pattern_message_en="An HS code has 6 to 10 digits."),
    field(OPPORTUNITY, "date", "ship_by", "最迟装运日|Ship by", sortable=True, on_card=True),
    entity("sample", "寄样|Sample", "Samples", icon="package", prefix="YP", title_zh="样品名称", title_en="Sample", stages="待寄出|To send; 运输中|On the way; 已签收|Received; 已确认|Approved; 未通过|Refused", done=("已确认", "未通过")),
    field(SAMPLE, "link", "opportunity", "商机|Opportunity", target=OPPORTUNITY),
    field(SAMPLE, "link", "account", "客户|Account", target=ACCOUNT),
    field(SAMPLE, "text", "courier", "快递单号|Tracking number", searchable=True),
    field(SAMPLE, "date", "sent_on", "寄出日期|Sent on", sortable=True),
    field(SAMPLE, "money", "fee", "样品费|Fee", minimum="0"),
    *named("source", "阿里巴巴国际站|Alibaba.com", "广交会|Canton Fair", "海关数据|Customs data", "独立站|Own web shop"),
    *named("loss_reason", "交期不满足|Delivery too late", "认证缺失|Certificates missing", "付款条件|Terms of payment", "汇率波动|Exchange rate"),
    pipeline(
        "export", "外贸订单|Export orders",
        stage("inquiry", "询盘回复|Inquiry", 10, "blue", 3),
        stage("quote", "报价|Quotation", 25, "teal", 7),
        stage("sample", "寄样确认|Sample", 45, "indigo", 21),
        stage("pi", "形式发票|Proforma invoice", 75, "amber", 10, forecast="best_case"),
        stage("deposit", "定金/开证|Deposit or L/C", 90, "orange", 14, forecast="commit"),
    ),
    gate("quote", "报价前确认术语与港口|A quotation needs term and port", "export#quote", "custom.incoterm", "custom.port"),
    gate("pi", "形式发票前确认付款与装运|An invoice needs payment and shipment", "export#pi", "custom.pay_terms", "custom.ship_by"),
    logic(OPPORTUNITY, "custom.port", "required", "到岸术语须填目的港|Terms that end at a port", {"all": [test("custom.incoterm", "in", ["cfr", "cif"])]}),
    view("shipments", "30 天内装运|To ship in 30 days", OPPORTUNITY, test("custom.ship_by", "next_days", "30")),
    rule("inquiry", "询盘一个工作日内回复|Answer inquiries within a working day", LEAD, {"on": "created"}, task("回复询盘|Answer the inquiry", 1, "call"), condition={"all": [test("custom.inquiry_number", "filled")]}),
    rule("ship", "装运前一周核对单证|A week before shipment", OPPORTUNITY, day("custom.ship_by", -7, "09:00"), task("核对单证与订舱|Check documents and booking", 2)),
)  # fmt: skip

declare(
    Pack(
        "trade", 1, "外贸", "Foreign trade",
        "出口业务：询盘、报价、寄样、形式发票、定金或信用证；含贸易术语、港口与寄样管理。",
        "Export: inquiry, quotation, sample, proforma invoice, deposit or L/C; with incoterms, ports and samples.",
        "ship", PARTS,
    )
)  # fmt: skip
