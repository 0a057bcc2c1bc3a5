"""How accounts, contacts and affiliations are listed, shown, edited and found."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, register
from customers.models import Account, AccountContact, Contact


@register
class AccountEntity(Entity):
    model = Account
    icon = "building"
    columns = ("name", "kind", "level", "industry", "region", "owner", "last_activity_at", "created_at")
    filters = ("name", "kind", "level", "industry", "region", "source", "owner", "created_at", "last_activity_at")
    sortable = {"name": "name_key", "created_at": "created_at", "last_activity_at": "last_activity_key"}
    search = {"company": ("name",), "phone": ("phone",), "email": ("email", "website"), "code": ("tax_id",)}
    quick = ("name", "phone", "level", "industry", "region", "source")
    sections = {
        _("Account"): (
            "name",
            "kind",
            "level",
            "industry",
            "region",
            "source",
            "owner",
            "phone",
            "email",
            "website",
            "tax_id",
            "parent",
        )
    }
    shows_on = {"customers.account": "parent"}
    keys = ("name", "tax_id")


@register
class ContactEntity(Entity):
    model = Contact
    icon = "user"
    columns = ("name", "account", "job_title", "mobile", "email", "owner", "last_activity_at")
    filters = ("name", "account", "decision_role", "owner", "created_at", "last_activity_at")
    sortable = {"name": "name_key", "created_at": "created_at", "last_activity_at": "last_activity_key"}
    search = {
        "person": ("name",),
        "company": ("account__name",),
        "phone": ("mobile", "phone", "phone2"),
        "email": ("email",),
    }
    quick = ("name", "account", "job_title", "mobile", "email")
    sections = {
        _("Contact"): ("name", "account", "job_title", "decision_role", "mobile", "phone", "email", "wechat", "owner")
    }
    shows_on = {"customers.account": "account"}
    keys = ("mobile", "email", "name")


@register
class AccountContactEntity(Entity):
    model = AccountContact
    icon = "affiliate"
    nav = False
    columns = ("account", "contact", "job_title", "decision_role", "current")
    sections = {_("Affiliation"): ("account", "contact", "job_title", "decision_role", "current")}
    shows_on = {"customers.contact": "contact"}
