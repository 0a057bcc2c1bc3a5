"""The declaration of leads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Board, Entity, View, register
from crm.matching.services import Match, warnings_of
from crm.ownership.actions import ASSIGN_BY_RULES, POOL_ACTIONS
from crm.records.models import Record
from customers.tracing import BEHAVIOUR, TRACE
from sales import services
from sales.forms import ConvertForm, InvalidForm
from sales.models import Lead

Status = Lead.Status
MINE = {"field": "owner", "op": "me"}
OPEN = {"field": "status", "op": "in", "value": ["new", "contacted", "nurturing", "qualified"]}


def is_open(lead: Lead) -> bool:
    return lead.status not in (Status.CONVERTED, Status.INVALID)


def is_workable(lead: Lead) -> bool:
    """Open and somebody's: what lies in a pool is claimed first."""
    return is_open(lead) and lead.owner_id is not None


def convert(lead: Lead, *, actor: Any, **chosen: Any) -> Record | None:
    """Convert and go to what came of it."""
    done = services.convert_lead(lead, actor=actor, **chosen)
    return done.account or done.opportunity


@register
class LeadEntity(Entity):
    model = Lead
    icon = "target"
    columns = ("title", "company", "status", "rating", "source", "mobile", "owner", "last_activity_at", "created_at")
    filters = (
        "title",
        "name",
        "company",
        "status",
        "rating",
        "score",
        "source",
        "origin",
        "industry",
        "region",
        "language",
        "country",
        "city",
        "interest",
        "mobile",
        "email",
        "external_id",
        "owner",
        "pool",
        "held_since",
        "recycle_at",
        "department",
        "created_at",
        "updated_at",
        "last_activity_at",
        "first_contacted_at",
        "converted_at",
        *TRACE,
        *BEHAVIOUR,
    )
    sortable = {
        "title": "title_key",
        "created_at": "created_at",
        "last_activity_at": "last_activity_key",
        "score": "score_key",
        "pool": "pool_key",
    }
    search = {
        "person": ("name",),
        "company": ("company",),
        "phone": ("mobile", "phone"),
        "email": ("email",),
        "code": ("external_id", "number", "wechat", "tax_id"),
        "text": ("interest",),
    }
    subtitle = ("company", "source", "owner")
    pills = ("status", "rating")
    quick = ("name", "company", "mobile", "email", "source", "interest")
    sections = {
        _("Who they are"): (
            "name",
            "company",
            "job_title",
            "status",
            "invalid_reason",
            "rating",
            "score",
            "owner",
            "pool",
        ),
        _("Reach"): (
            "mobile",
            "phone",
            "email",
            "wechat",
            "website",
            "language",
            "region",
            "country",
            "city",
            "address",
        ),
        _("Interest"): ("interest", "source", "origin", "industry", "tax_id", "external_id", "number", "description"),
        _("Where from"): TRACE,
        _("Behaviour"): BEHAVIOUR,
        _("What came of it"): (
            "converted_account",
            "converted_contact",
            "converted_opportunity",
            "converted_at",
            "first_contacted_at",
            "last_activity_at",
        ),
    }
    bulk_edit = ("rating", "source", "industry", "region", "language")
    inline = ("name", "company", "job_title", "rating", "source", "mobile", "email", "wechat", "interest", "owner")
    attention = {"all": [MINE, {"field": "status", "op": "in", "value": ["new"]}]}
    board = Board(field="status", move=services.move_lead)
    views = (
        View("mine", _("My open leads"), {"all": [MINE, OPEN]}, "-created_at"),
        View("pool", _("Lead pool"), {"all": [{"field": "pool", "op": "filled"}, OPEN]}, "-created_at"),
        View(
            "recycled_soon",
            _("Soon to the pool"),
            {"all": [MINE, {"field": "recycle_at", "op": "filled"}]},
            "-created_at",
        ),
        View("new", _("New"), {"all": [{"field": "status", "op": "in", "value": ["new"]}]}, "-created_at"),
        View("hot", _("Hot"), {"all": [OPEN, {"field": "rating", "op": "in", "value": ["hot"]}]}, "-created_at"),
        View(
            "converted",
            _("Converted"),
            {"all": [{"field": "status", "op": "in", "value": ["converted"]}]},
            "-created_at",
        ),
    )
    shows_on = {
        "customers.account": "converted_account",
        "customers.contact": "converted_contact",
        "sales.opportunity": "converted_opportunity",
    }
    actions = (
        Action(
            "convert", _("Convert"), convert, "arrows-exchange", ConvertForm, "convert", when=is_workable, primary=True
        ),
        Action(
            "disqualify",
            _("Mark as invalid"),
            services.disqualify_lead,
            "ban",
            InvalidForm,
            when=is_open,
            danger=True,
            bulk=True,
        ),
        Action(
            "revive",
            _("Take up again"),
            services.revive_lead,
            "refresh",
            when=lambda lead: lead.status == Status.INVALID,
        ),
        Action(
            "revert_conversion",
            _("Take the conversion back"),
            services.revert_conversion,
            "arrow-back-up",
            permission="convert",
            when=services.may_revert,
            danger=True,
            automatic=False,
        ),
        replace(ASSIGN_BY_RULES, when=is_open),
        *POOL_ACTIONS,
    )
    workload = {"all": [OPEN]}
    synonyms = {
        "name": ("contact", "contact name", "full name", "姓名", "联系人", "线索名称", "客户姓名", "称呼"),
        "company": (
            "company name",
            "organization",
            "account",
            "公司",
            "公司名称",
            "单位",
            "企业名称",
            "客户名称",
            "Organization Name",
            "Organization 1 - Name",
        ),
        "job_title": (
            "title",
            "position",
            "occupation",
            "What is your current occupation",
            "职务",
            "职位",
            "职业",
            "Organization Title",
            "Organization 1 - Title",
        ),
        "mobile": (
            "mobile phone",
            "cell phone",
            "手机",
            "手机号",
            "手机号码",
            "联系方式",
            "Phone 1 - Value",
            "移动电话",
        ),
        "phone": (
            "telephone",
            "tel",
            "电话",
            "座机",
            "联系电话",
            "Business Phone",
            "Phone 2 - Value",
            "商务电话",
            "单位电话",
        ),
        "email": (
            "mail",
            "e-mail",
            "email address",
            "邮箱",
            "电子邮箱",
            "E-mail 1 - Value",
            "电子邮件地址",
            "电子邮件",
        ),
        "wechat": ("weixin", "wechat id", "微信", "微信号"),
        "status": ("lead status", "线索状态", "状态", "跟进状态"),
        "rating": ("temperature", "线索等级", "热度"),
        "score": ("lead score", "评分", "得分"),
        "source": ("lead source", "线索来源", "来源", "渠道"),
        "origin": ("lead origin", "来源方式", "入口"),
        "external_id": ("prospect id", "lead id", "id", "外部编号", "线索ID"),
        "number": ("lead number", "编号", "线索编号"),
        "industry": ("sector", "行业", "所属行业"),
        "region": ("province", "地区", "区域", "省份"),
        "country": ("国家",),
        "language": ("语言", "沟通语言"),
        "city": ("town", "城市"),
        "address": ("street", "地址", "Business Street", "Address 1 - Formatted", "商务地址 街道"),
        "website": ("url", "网址", "官网"),
        "interest": ("specialization", "product", "product of interest", "意向产品", "感兴趣的产品", "需求"),
        "owner": ("sales_agent", "lead owner", "负责人", "业务员", "销售", "所有人"),
        "description": ("notes", "remark", "备注", "说明", "描述", "附注"),
    }
    # “意向” is how much somebody wants to buy, but also what: then it is no rating.
    levels = {"rating": ("意向", "意向度", "意向程度", "意向等级", "购买意向")}
    keys = ("external_id", "number", "mobile", "email", "name")

    def warnings(self, record: Lead, user: Any) -> list[Match]:
        return warnings_of(record, user)
