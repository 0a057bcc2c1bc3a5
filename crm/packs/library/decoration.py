"""装修: interiors, sold by measuring and design."""

from crm.packs.declaring import Pack, declare
from crm.packs.making import (
    ACCOUNT,
    LEAD,
    OPPORTUNITY,
    entity,
    field,
    gate,
    layout,
    named,
    pipeline,
    rule,
    section,
    stage,
    task,
    test,
    view,
)

MEASURE = "customentities.measuring"
STYLES = "modern 现代简约|Modern; nordic 北欧|Nordic; chinese 新中式|New Chinese; luxury 轻奢|Light luxury; japanese 日式|Japanese; american 美式|American"
ROOMS = "one 一居|One room; two 两居|Two rooms; three 三居|Three rooms; four 四居及以上|Four or more; villa 别墅|Villa; office 工装|Commercial"

PARTS = (
    field(LEAD, "number", "area", "面积（㎡）|Area (m²)", minimum="1", maximum="100000", decimals=1, sortable=True),
    field(LEAD, "choice", "style", "风格偏好|Style", options=STYLES, searchable=True),
    field(LEAD, "choice", "layout", "户型|Rooms", options=ROOMS),
    field(OPPORTUNITY, "number", "area", "面积（㎡）|Area (m²)", minimum="1", maximum="100000", decimals=1, sortable=True, on_card=True),
    field(OPPORTUNITY, "choice", "style", "风格偏好|Style", options=STYLES, searchable=True, on_card=True),
    field(OPPORTUNITY, "choice", "layout", "户型|Rooms", options=ROOMS),
    field(OPPORTUNITY, "address", "site", "装修地址|Site"),
    field(OPPORTUNITY, "choice", "package", "承包方式|Contract", options="half 半包|Labour and basics; full 全包|All in; whole 整装|Turnkey"),
    field(OPPORTUNITY, "money", "budget", "装修预算|Budget", minimum="0", sortable=True),
    field(OPPORTUNITY, "date", "measured_on", "量房日期|Measured on", sortable=True),
    field(OPPORTUNITY, "date", "begins_on", "计划开工|Work begins on", sortable=True),
    field(ACCOUNT, "date", "handover_on", "交房日期|Handed over on"),
    entity("measuring", "量房|Measuring", "Measurings", icon="ruler", prefix="LF", title_zh="小区与房号", title_en="Estate and flat", stages="已预约|Booked; 已量房|Measured; 已出图|Drawn", done=("已出图",)),
    field(MEASURE, "link", "opportunity", "商机|Opportunity", target=OPPORTUNITY),
    field(MEASURE, "datetime", "at", "量房时间|At", sortable=True),
    field(MEASURE, "user", "designer", "设计师|Designer"),
    field(MEASURE, "file", "drawing", "原始结构图|Drawing"),
    *named("source", "小区推广|Estate promotion", "家装平台|Home portal", "样板间|Show flat", "老客户介绍|Referral"),
    *named("loss_reason", "预算不足|Budget too small", "工期不合适|Dates do not fit", "设计不满意|Did not like the design"),
    pipeline(
        "interiors", "装修签约|Interiors",
        stage("need", "需求了解|Needs", 15, "blue", 5),
        stage("measure", "上门量房|Measuring", 35, "teal", 7),
        stage("design", "方案与报价|Design and offer", 55, "indigo", 14, forecast="best_case"),
        stage("deposit", "交定金|Deposit", 80, "amber", 10, forecast="commit"),
    ),
    gate("measure", "量房前确认面积|Measuring needs an area", "interiors#measure", "custom.area"),
    gate("design", "出方案前确认风格与量房|A design needs style and measures", "interiors#design", "custom.measured_on", "custom.style"),
    layout(
        OPPORTUNITY, "form", "装修表单|Form of interiors",
        section("basics", "基本信息|Basics", "name", "account", "stage", "amount", "currency", "close_date", "owner", "source"),
        section("home", "房屋与偏好|Home and taste", "custom.area", "custom.layout", "custom.style", "custom.package", "custom.budget", "custom.site"),
        section("dates", "进度|Dates", "custom.measured_on", "custom.begins_on", "next_step", "next_step_on"),
        variant="@pipeline:interiors",
    ),
    view("large", "120㎡ 以上|120 m² and more", OPPORTUNITY, test("custom.area", "gte", "120")),
    rule("measured", "量房后五个工作日出方案|A design within five days of measuring", OPPORTUNITY, {"on": "changed", "field": "custom.measured_on", "from": [], "to": []}, task("提交设计方案与报价|Hand in design and offer", 5)),
)  # fmt: skip

declare(
    Pack(
        "decoration", 1, "装修", "Interior decoration",
        "家装与工装：面积、风格偏好、户型、预算；量房、方案、定金。",
        "Homes and offices: area, style, rooms, budget; measuring, design, deposit.",
        "home", PARTS,
    )
)  # fmt: skip
