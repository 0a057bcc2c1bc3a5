"""软件: licences and subscriptions, sold by demonstration and trial."""

from crm.packs.declaring import Pack, declare
from crm.packs.making import (
    ACCOUNT,
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

TRIAL = "customentities.trial"

PARTS = (
    field(OPPORTUNITY, "choice", "edition", "产品版本|Edition", options="standard 标准版|Standard; professional 专业版|Professional; enterprise 企业版|Enterprise", searchable=True),
    field(OPPORTUNITY, "choice", "deployment", "部署方式|Deployment", options="saas SaaS|SaaS; private 私有化|Private; hybrid 混合|Hybrid"),
    field(OPPORTUNITY, "integer", "seats", "用户数|Seats", minimum="1", sortable=True),
    field(OPPORTUNITY, "choice", "term", "订阅周期|Term", options="monthly 按月|Monthly; yearly 按年|Yearly; perpetual 永久授权|Perpetual"),
    field(OPPORTUNITY, "date", "trial_until", "试用到期日|Trial until", sortable=True, on_card=True),
    field(OPPORTUNITY, "multichoice", "rivals", "竞品|Competitors", options="inhouse 自研|In-house; local 国产软件|Local software; foreign 国外软件|Foreign software"),
    field(ACCOUNT, "date", "renews_on", "续费日|Renews on", sortable=True),
    field(ACCOUNT, "percent", "health", "使用活跃度|Usage", minimum="0", maximum="100", sortable=True),
    entity("trial", "试用|Trial", "Trials", icon="device-laptop", prefix="SY", title_zh="试用环境", title_en="Environment", stages="待开通|To open; 试用中|Running; 已转正|Converted; 未转正|Not converted", done=("已转正", "未转正")),
    field(TRIAL, "link", "opportunity", "商机|Opportunity", target=OPPORTUNITY),
    field(TRIAL, "link", "account", "客户|Account", target=ACCOUNT),
    field(TRIAL, "date", "ends_on", "到期日|Ends on", sortable=True),
    field(TRIAL, "url", "address", "试用地址|Address"),
    *named("source", "官网试用|Trial on the web site", "应用市场|App marketplace", "技术社区|Developer community"),
    *named("loss_reason", "功能不满足|Features missing", "决定自研|Built in-house", "安全合规|Security or compliance"),
    pipeline(
        "software", "软件销售|Software sales",
        stage("need", "需求沟通|Needs", 15, "blue", 10),
        stage("demo", "产品演示|Demonstration", 30, "teal", 10),
        stage("trial", "试用验证|Trial", 50, "indigo", 20, forecast="best_case"),
        stage("offer", "商务报价|Offer", 70, "amber", 14, forecast="best_case"),
        stage("contract", "合同签署|Contract", 90, "orange", 10, forecast="commit"),
    ),
    gate("offer", "报价前确认版本与用户数|An offer needs edition and seats", "software#offer", "custom.edition", "custom.seats"),
    logic(OPPORTUNITY, "custom.term", "required", "云服务须填订阅周期|SaaS has a term", {"all": [test("custom.deployment", "in", ["saas"])]}),
    view("renewals", "60 天内续费|Renewals in 60 days", ACCOUNT, test("custom.renews_on", "next_days", "60")),
    rule("trial", "试用到期前三天跟进|Three days before a trial ends", OPPORTUNITY, day("custom.trial_until", -3, "09:00"), task("了解试用结果，商定下一步|Ask how the trial went", 1, "call"), condition={"all": [test("state", "in", ["open"])]}),
    rule("renewal", "续费前一个月跟进|A month before renewal", ACCOUNT, day("custom.renews_on", -30, "09:00"), task("续费沟通|Talk about the renewal", 3, "call")),
)  # fmt: skip

declare(
    Pack(
        "software", 1, "软件", "Software",
        "软件与 SaaS 销售：演示、试用、报价、续费；含版本、用户数、部署方式与试用管理。",
        "Software and SaaS: demonstration, trial, offer, renewal; with editions, seats, deployment and trials.",
        "device-laptop", PARTS,
    )
)  # fmt: skip
