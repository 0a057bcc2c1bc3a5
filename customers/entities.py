"""How accounts, contacts and affiliations are listed, shown, edited and found."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, View, register
from crm.matching.services import Match, warnings_of
from crm.ownership.actions import POOL_ACTIONS
from customers.models import Account, AccountContact, Contact
from customers.profile.figures import health_figure
from customers.structure import tie_entities  # noqa: F401 - registers itself
from customers.tracing import BEHAVIOUR, TRACE

MINE = {"field": "owner", "op": "me"}
IN_POOL = {"field": "pool", "op": "filled"}
TEAM = {"field": "owner", "op": "my_team"}
QUIET = {
    "any": [
        {"field": "last_activity_at", "op": "older_days", "value": 30},
        {"field": "last_activity_at", "op": "empty"},
    ]
}


@register
class AccountEntity(Entity):
    model = Account
    icon = "building"
    columns = ("name", "kind", "level", "industry", "region", "phone", "owner", "last_activity_at", "created_at")
    filters = (
        "name",
        "kind",
        "level",
        "lifecycle",
        "industry",
        "region",
        "source",
        "size",
        "employees",
        "annual_revenue",
        "is_person",
        "phone",
        "email",
        "tax_id",
        "parent",
        "owner",
        "pool",
        "held_since",
        "recycle_at",
        "department",
        "created_at",
        "updated_at",
        "last_activity_at",
        *TRACE,
        *BEHAVIOUR,
    )
    sortable = {
        "name": "name_key",
        "created_at": "created_at",
        "last_activity_at": "last_activity_key",
        "annual_revenue": "revenue_key",
        "employees": "employees_key",
        "pool": "pool_key",
    }
    search = {
        "company": ("name",),
        "phone": ("phone",),
        "email": ("email", "website"),
        "code": ("tax_id",),
        "text": ("address",),
    }
    subtitle = ("industry", "region", "owner")
    pills = ("kind", "level")
    quick = ("name", "is_person", "kind", "level", "industry", "region", "source", "phone")
    sections = {
        _("Who they are"): (
            "name",
            "is_person",
            "kind",
            "level",
            "lifecycle",
            "owner",
            "pool",
            "source",
            "parent",
            "tax_id",
        ),
        _("Reach"): ("phone", "email", "website", "region", "address"),
        _("Business"): ("industry", "size", "employees", "annual_revenue", "currency", "founded"),
        _("Where from"): TRACE,
        _("Behaviour"): BEHAVIOUR,
        _("More"): ("description", "last_activity_at"),
    }
    bulk_edit = ("kind", "level", "lifecycle", "industry", "region", "source", "size")
    inline = (
        "name",
        "kind",
        "level",
        "lifecycle",
        "industry",
        "region",
        "source",
        "phone",
        "email",
        "website",
        "owner",
    )
    views = (
        View("mine", _("My accounts"), {"all": [MINE]}, "-last_activity_at"),
        View("team", _("My team’s accounts"), {"all": [TEAM]}, "-last_activity_at"),
        View("quiet", _("No contact for 30 days"), {"all": [MINE, QUIET]}, "last_activity_at"),
        View("pool", _("Public pool"), {"all": [IN_POOL]}, "-created_at"),
        View(
            "recycled_soon",
            _("Soon to the pool"),
            {"all": [MINE, {"field": "recycle_at", "op": "filled"}]},
            "-created_at",
        ),
        View("vip", _("VIP"), {"all": [{"field": "level", "op": "in", "value": ["vip"]}]}, "name"),
        View(
            "risk",
            _("At risk"),
            {"all": [MINE, {"field": "profile.health", "op": "lte", "value": 59}]},
            "profile.health",
        ),
        View("fresh", _("New this month"), {"all": [{"field": "created_at", "op": "this_month"}]}, "-created_at"),
    )
    actions = POOL_ACTIONS
    shows_on = {"customers.account": "parent"}
    synonyms = {
        "name": (
            *("account", "account name", "company", "company name", "organization", "organisation", "customer"),
            *("客户", "客户名称", "公司", "公司名称", "企业名称", "单位名称", "客户全称", "简称"),
        ),
        "kind": ("type", "account type", "客户类型", "类型"),
        "level": ("rating", "grade", "客户级别", "客户等级", "等级", "级别"),
        "lifecycle": ("status", "客户状态", "状态"),
        "industry": ("sector", "vertical", "行业", "所属行业"),
        "region": (
            "office_location",
            "location",
            "country",
            "province",
            "city",
            "地区",
            "区域",
            "省份",
            "城市",
            "省市",
        ),
        "source": ("lead source", "来源", "客户来源"),
        "parent": ("subsidiary_of", "parent account", "母公司", "上级公司", "上级客户"),
        "size": ("company size", "规模", "人员规模"),
        "employees": ("number of employees", "staff", "headcount", "员工数", "人数", "员工人数"),
        "annual_revenue": ("revenue", "turnover", "年收入", "营业额", "年营业额"),
        "founded": ("year_established", "founded", "year founded", "成立年份", "成立时间"),
        "tax_id": ("uscc", "vat", "vat number", "税号", "统一社会信用代码", "信用代码", "纳税人识别号"),
        "phone": ("telephone", "tel", "电话", "公司电话", "联系电话"),
        "email": ("mail", "e-mail", "邮箱", "电子邮箱", "邮件"),
        "website": ("url", "web", "homepage", "网站", "网址", "官网"),
        "address": ("street", "地址", "详细地址", "公司地址"),
        "owner": ("sales_agent", "sales rep", "account owner", "负责人", "客户经理", "业务员", "所有人", "销售"),
        "description": ("notes", "remark", "备注", "说明", "描述"),
    }
    keys = ("name", "tax_id", "phone", "email")

    def warnings(self, record: Account, user: Any) -> list[Match]:
        return warnings_of(record, user)

    def figures(self, record: Account, user: Any) -> list[dict]:
        return health_figure(record, user)


@register
class ContactEntity(Entity):
    model = Contact
    icon = "user"
    columns = ("name", "account", "job_title", "decision_role", "mobile", "email", "owner", "last_activity_at")
    filters = (
        "name",
        "account",
        "job_title",
        "decision_role",
        "influence",
        "attitude",
        "sex",
        "birthday",
        "lunar_birthday",
        "next_birthday_on",
        "mobile",
        "email",
        "wechat",
        "source",
        "owner",
        "pool",
        "created_at",
        "updated_at",
        "last_activity_at",
        *TRACE,
        *BEHAVIOUR,
    )
    sortable = {"name": "name_key", "created_at": "created_at", "last_activity_at": "last_activity_key"}
    search = {
        "person": ("name",),
        "company": ("account__name",),
        "phone": ("mobile", "phone", "phone2"),
        "email": ("email", "email2"),
        "code": ("wechat",),
    }
    subtitle = ("account", "job_title", "owner")
    pills = ("decision_role", "attitude")
    quick = ("name", "account", "job_title", "mobile", "email", "wechat")
    sections = {
        _("Who they are"): (
            *("name", "account", "job_title", "sex", "birthday", "birthday_calendar", "lunar_birthday"),
            *("next_birthday_on", "owner", "pool", "source"),
        ),
        _("In decisions"): ("decision_role", "influence", "attitude"),
        _("Reach"): ("mobile", "phone", "phone2", "email", "email2", "wechat", "address"),
        _("Where from"): TRACE,
        _("Behaviour"): BEHAVIOUR,
        _("More"): ("description", "last_activity_at"),
    }
    bulk_edit = ("decision_role", "influence", "attitude", "source")
    inline = (
        *("name", "account", "job_title", "decision_role", "influence", "attitude"),
        *("mobile", "phone", "email", "wechat", "owner"),
    )
    views = (
        View("mine", _("My contacts"), {"all": [MINE]}, "-last_activity_at"),
        View(
            "deciders",
            _("Decision makers"),
            {"all": [{"field": "decision_role", "op": "in", "value": ["decider"]}]},
            "name",
        ),
        View("quiet", _("No contact for 30 days"), {"all": [MINE, QUIET]}, "last_activity_at"),
    )
    shows_on = {"customers.account": "account"}
    synonyms = {
        "name": ("contact", "contact name", "full name", "person", "姓名", "名称", "联系人", "联系人姓名", "名字"),
        "account": (
            "company",
            "company name",
            "organization",
            "customer",
            "客户",
            "客户名称",
            "公司",
            "公司名称",
            "单位",
            "Organization Name",
            "Organization 1 - Name",
        ),
        "job_title": (
            "title",
            "position",
            "job",
            "职务",
            "职位",
            "岗位",
            "头衔",
            "Organization Title",
            "Organization 1 - Title",
        ),
        "decision_role": ("role", "决策角色", "角色"),
        "influence": ("power", "影响力", "话语权"),
        "attitude": ("stance", "态度", "支持度"),
        "sex": ("gender", "性别"),
        "birthday_calendar": ("calendar", "生日历法", "农历"),
        "lunar_birthday": ("lunar birth date", "农历生日", "阴历生日"),
        "birthday": ("birth date", "date of birth", "生日", "出生日期"),
        "mobile": (
            "mobile phone",
            "cell",
            "cell phone",
            "手机",
            "手机号",
            "手机号码",
            "移动电话",
            "联系方式",
            "Phone 1 - Value",
            "移动电话号码",
        ),
        "phone": (
            "telephone",
            "tel",
            "office phone",
            "电话",
            "座机",
            "固定电话",
            "办公电话",
            "Business Phone",
            "Phone 2 - Value",
            "商务电话",
            "单位电话",
        ),
        "phone2": ("other phone", "备用电话", "其他电话", "Home Phone", "Phone 3 - Value", "住宅电话"),
        "email": (
            "mail",
            "e-mail",
            "email address",
            "邮箱",
            "电子邮箱",
            "邮件",
            "E-mail 1 - Value",
            "电子邮件地址",
            "电子邮件",
        ),
        "email2": (
            "other email",
            "备用邮箱",
            "E-mail 2 Address",
            "E-mail 2 - Value",
            "电子邮件 2 地址",
            "other e-mail",
        ),
        "wechat": ("weixin", "wechat id", "微信", "微信号"),
        "source": ("lead source", "来源"),
        "address": (
            "street",
            "地址",
            "详细地址",
            "Business Street",
            "Address 1 - Formatted",
            "商务地址 街道",
            "住宅地址 街道",
        ),
        "owner": ("sales_agent", "contact owner", "负责人", "业务员", "所有人", "销售"),
        "description": ("notes", "remark", "备注", "说明", "描述", "附注"),
    }
    keys = ("mobile", "email", "phone", "wechat", "name")

    def warnings(self, record: Contact, user: Any) -> list[Match]:
        return warnings_of(record, user)


@register
class AccountContactEntity(Entity):
    model = AccountContact
    icon = "affiliate"
    nav = False
    columns = ("account", "contact", "job_title", "decision_role", "current")
    filters = ("account", "contact", "decision_role", "current")
    quick = ("account", "contact", "job_title", "decision_role", "current")
    sections = {_("Affiliation"): ("account", "contact", "job_title", "decision_role", "current")}
    inline = ("job_title", "decision_role", "current")
    subtitle = ("job_title", "decision_role")
    shows_on = {"customers.account": "account", "customers.contact": "contact"}
    synonyms = {
        "account": ("company", "客户", "公司"),
        "contact": ("person", "name", "联系人", "姓名"),
        "job_title": ("title", "position", "职务", "职位"),
        "decision_role": ("role", "决策角色", "角色"),
        "current": ("still there", "在职"),
    }
