"""How ties and preferences are listed, shown and noted. They show on both sides in a tab of their own (``customers.panels``)."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, register
from customers.models import AccountRelation, ContactRelation, Preference


class TieEntity(Entity):
    """What ties of accounts and of people have in common."""

    icon = "affiliate"
    nav = False
    inline = ("type", "note")
    subtitle = ("type", "note")
    between = ""

    def link_rows(self, name: str, rows: QuerySet) -> QuerySet:
        """A tie is of a kind that is meant for its sides."""
        return rows.filter(between=self.between) if name == "type" else rows


@register
class AccountRelationEntity(TieEntity):
    model = AccountRelation
    between = "account"
    columns = ("account", "type", "other", "note", "created_at")
    filters = ("account", "type", "other", "created_at")
    quick = ("account", "type", "other", "note")
    sections = {_("Tie"): ("account", "type", "other", "note")}
    synonyms = {
        "account": ("company", "客户", "公司", "本方"),
        "other": ("other company", "related account", "对方", "关联客户"),
        "type": ("kind", "relation", "关系", "关系类型"),
        "note": ("remark", "备注", "说明"),
    }


@register
class ContactRelationEntity(TieEntity):
    model = ContactRelation
    between = "contact"
    columns = ("contact", "type", "other", "note", "created_at")
    filters = ("contact", "type", "other", "created_at")
    quick = ("contact", "type", "other", "note")
    sections = {_("Tie"): ("contact", "type", "other", "note")}
    synonyms = {
        "contact": ("person", "联系人", "姓名"),
        "other": ("other person", "对方", "关联联系人"),
        "type": ("kind", "relation", "关系", "关系类型"),
        "note": ("remark", "备注", "说明"),
    }


@register
class PreferenceEntity(Entity):
    model = Preference
    icon = "heart"
    nav = False
    columns = ("contact", "kind", "text", "created_at")
    filters = ("contact", "kind", "created_at")
    quick = ("contact", "kind", "text")
    sections = {_("Preference"): ("contact", "kind", "text")}
    inline = ("kind", "text")
    subtitle = ("contact",)
    shows_on = {"customers.contact": "contact"}
    synonyms = {
        "contact": ("person", "联系人", "姓名"),
        "kind": ("type", "类别", "类型"),
        "text": ("preference", "偏好", "内容"),
    }
