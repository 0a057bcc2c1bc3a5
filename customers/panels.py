"""What customers show on the pages of accounts and people: the org chart, the group and ties. All of it comes when it is opened."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.panels import panel, record_tab
from customers.models import Account, Contact
from customers.structure import trees  # noqa: F401 - register themselves
from customers.structure.groups import group_of
from customers.structure.org import chart_of, superior_of
from customers.structure.relations import ties_of
from customers.suggesting import suggesters  # noqa: F401 - register themselves

ACCOUNT, CONTACT = "customers.account", "customers.contact"


def sees_people(record: Account, user: Any) -> bool:
    """Whether there is a chart to be opened: a company, for who may see people."""
    return not record.is_person and policy.can(user, CONTACT, "view")


@record_tab(ACCOUNT, "org", _("Org chart"), icon="hierarchy-2", template="customers/org_tab.html", when=sees_people)
def org_chart(record: Account, user: Any) -> dict:
    """Who reports to whom."""
    return {"chart": chart_of(record, user), "account": record}


@record_tab(ACCOUNT, "relations", _("Relations"), icon="affiliate", template="customers/relations_tab.html")
def account_relations(record: Account, user: Any) -> dict:
    """The group it belongs to, and its ties."""
    return {"companies": group_of(record, user), "ties": ties_of(record, user)}


@record_tab(CONTACT, "relations", _("Relations"), icon="affiliate", template="customers/relations_tab.html")
def contact_relations(record: Contact, user: Any) -> dict:
    """Whom the person reports to, who reports to them, and their ties."""
    return {"reporting": superior_of(record, user), "ties": ties_of(record, user)}


@panel(ACCOUNT, slot="side", template="customers/insight_place.html", order=-40)
@panel(CONTACT, slot="side", template="customers/insight_place.html", order=-40)
def insight(record: Account | Contact, user: Any) -> dict | None:
    """The place of what is worked out about the record; it comes in a second request."""
    return None if record.deleted_at or getattr(user, "preview", False) else {"label": record.entity_label()}


@panel(CONTACT, slot="menu", template="customers/card_menu.html")
def card_link(contact: Contact, user: Any) -> dict[str, Any] | None:
    """The way to the person's card, for who may export them."""
    return {"record": contact} if bind(registry[CONTACT], user).allowed_on(contact, ["export"]) else None
