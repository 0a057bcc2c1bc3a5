"""How leads and opportunities are listed, shown, edited, boarded and found."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Entity, register
from sales.models import Lead, Opportunity, OpportunityContact


@register
class LeadEntity(Entity):
    model = Lead
    icon = "target"
    columns = ("title", "company", "status", "source", "mobile", "owner", "created_at")
    filters = ("name", "company", "status", "source", "owner", "created_at")
    sortable = {"title": "title_key", "created_at": "created_at", "last_activity_at": "last_activity_key"}
    search = {
        "person": ("name",),
        "company": ("company",),
        "phone": ("mobile", "phone"),
        "email": ("email",),
        "code": ("external_id",),
    }
    quick = ("name", "company", "mobile", "source")
    sections = {_("Lead"): ("name", "company", "mobile", "phone", "email", "status", "source", "owner")}
    keys = ("external_id", "mobile", "email")


@register
class OpportunityEntity(Entity):
    model = Opportunity
    icon = "coin"
    slug = "opportunities"
    columns = ("name", "account", "stage", "amount", "close_date", "owner")
    filters = ("name", "account", "pipeline", "stage", "state", "amount", "close_date", "owner", "created_at")
    sortable = {"created_at": "created_at", "amount": "amount_key", "close_date": "close_date_key"}
    sums = ("amount",)
    search = {"text": ("name",), "company": ("account__name",), "code": ("external_id",)}
    quick = ("name", "account", "stage", "amount", "close_date")
    sections = {
        _("Opportunity"): ("name", "account", "stage", "amount", "currency", "probability", "close_date", "owner")
    }
    shows_on = {"customers.account": "account"}
    keys = ("external_id", "name")


@register
class OpportunityContactEntity(Entity):
    model = OpportunityContact
    icon = "users"
    nav = False
    columns = ("opportunity", "contact", "role", "is_primary")
    sections = {_("Contact role"): ("opportunity", "contact", "role", "is_primary")}
    shows_on = {"sales.opportunity": "opportunity", "customers.contact": "contact"}
