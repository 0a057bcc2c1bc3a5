"""Key figures of sales on the pages of accounts, contacts and opportunities, within the viewer's rights."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from crm.access import policy
from crm.approvals.gating import gate_url, requirements
from crm.entities.bound import bind
from crm.entities.entity import contribute_figures, registry
from crm.entities.panels import panel
from crm.lib.money import format_money, short_money
from crm.records.actor import Actor
from customers.models import Account, Contact
from customers.structure.groups import Sums, group_column
from sales.gates import SOURCE, find, guarded
from sales.models import Opportunity, Stage
from sales.stages import stages_of

LABEL = "sales.opportunity"


def opportunity_figures(record: Opportunity, user: Any) -> list[dict]:
    """Amount, weighted amount, time in the stage."""
    figures = []
    if _knows(user, "amount") and record.amount is not None:
        figures.append({"label": _("Amount"), "value": format_money(record.amount, record.currency)})
        if record.state == Opportunity.State.OPEN and _knows(user, "probability"):
            weighted = record.amount * record.chance / 100
            note = _("at %(chance)s %%") % {"chance": f"{record.chance.normalize():f}"}
            figures.append({"label": _("Weighted"), "value": short(weighted, record.currency), "note": note})
    days = record.days_in_stage
    if record.state == Opportunity.State.OPEN and days is not None and _knows(user, "stage"):
        text = ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
        figures.append({"label": _("In this stage"), "value": text, "tone": "amber" if record.is_stalled else ""})
    return figures


@panel(LABEL, slot="top", template="sales/opportunity_path.html")
def stage_path(record: Opportunity, user: Any) -> dict | None:
    """The stages of its pipeline, the way behind it and the way ahead; a button each for who may move it."""
    if not _knows(user, "stage"):
        return None
    stages = stages_of(record.pipeline_id)
    is_open = record.state == Opportunity.State.OPEN
    entity = registry[LABEL]
    verbs = {"won": entity.url("action", record.pk, "win"), "lost": entity.url("action", record.pk, "lose")}
    steps = [
        {
            "stage": stage,
            "place": _place(stage, record),
            "guarded": (has_gate := guarded(record.stage_id, stage.pk)),
            "ask": verbs.get(stage.state, "") or (gate_url(record, stage.pk) if has_gate else ""),
        }
        for stage in stages
        if stage.pk == record.stage_id or not stage.is_lost or is_open
    ]
    may = is_open and policy.field_mode(user, [(LABEL, "stage")]) is None
    may = may and "change" in bind(entity, user).allowed_on(record, {"change"})
    return {"steps": steps, "may": may, "record": record, "move_url": entity.url("action", record.pk, "move")}


@panel(LABEL, slot="side", template="sales/playbook.html", order=-25)
def playbook(record: Opportunity, user: Any) -> dict | None:
    """What is to be done in this stage, and what the gate to the next one still wants."""
    if not _knows(user, "stage") or record.state != Opportunity.State.OPEN:
        return None
    ahead = [s for s in stages_of(record.pipeline_id) if s.position > record.stage.position and not s.is_lost]
    later = next(iter(ahead), None)
    gates = find([(record.stage_id, later.pk)])[0] if later else []
    needed = []
    if later is not None and gates:
        there = copy(record)
        there.stage = later
        needed = requirements(SOURCE, gates, there, later.pk, actor=Actor(user))
    if not record.stage.playbook and not needed:
        return None
    met = sum(one.met for one in needed)
    url = gate_url(record, later.pk) if later else ""
    return {"stage": record.stage, "later": later, "needed": needed, "met": met, "url": url}


def _place(stage: Stage, record: Opportunity) -> str:
    if stage.pk == record.stage_id:
        return "now"
    return "past" if stage.position < record.stage.position and not stage.is_lost and not record.stage.is_lost else ""


@contribute_figures("customers.account")
def account_figures(account: Account, user: Any) -> list[dict]:
    """What they bought and what is under way."""
    return _figures(Opportunity.objects.restrict(user).filter(account=account), f"account={account.pk}", user)


def _group_sums(ids: Sequence[int], user: Any, state: str) -> Sums | None:
    """The amounts of opportunities of several accounts; None for who may not know them."""
    if not policy.can(user, LABEL, "view") or not all(_knows(user, name) for name in ("account", "state", "amount")):
        return None
    rows = Opportunity.objects.restrict(user).filter(account__in=ids, state=state, amount__isnull=False)
    found: Sums = {}
    for row in rows.values("account", "currency").annotate(total=Sum("amount")).order_by():
        found.setdefault(row["account"], {})[row["currency"]] = row["total"]
    return found


@group_column(gettext_lazy("Won so far"))
def won_in_group(ids: Sequence[int], user: Any) -> Sums | None:
    """What each company of a group bought."""
    return _group_sums(ids, user, Opportunity.State.WON)


@group_column(gettext_lazy("Under way"))
def open_in_group(ids: Sequence[int], user: Any) -> Sums | None:
    """What is under way with each company of a group."""
    return _group_sums(ids, user, Opportunity.State.OPEN)


@contribute_figures("customers.contact")
def contact_figures(contact: Contact, user: Any) -> list[dict]:
    """The open sales that the person takes part in."""
    if not policy.can(user, LABEL, "view"):
        return []
    count = Opportunity.objects.restrict(user).open().filter(people__contact=contact, people__deleted_at=None).count()
    return [{"label": _("Open opportunities"), "value": str(count)}]


def _figures(opportunities: QuerySet, query: str, user: Any) -> list[dict]:
    """Won and open, each linked to its rows; amounts only for who may know them."""
    if not policy.can(user, LABEL, "view") or not _knows(user, "account") or not _knows(user, "state"):
        return []
    rows = (
        opportunities.values("state", "currency").annotate(count=Count("pk"), total=Sum("amount")).order_by("currency")
    )
    found = list(rows)
    address = registry[LABEL].url("list")
    figures = []
    for state, label in (("won", _("Won so far")), ("open", _("Under way"))):
        mine = [row for row in found if row["state"] == state]
        count = sum(row["count"] for row in mine)
        text = ngettext("%(count)d opportunity", "%(count)d opportunities", count) % {"count": count}
        figure = {"label": label, "value": text, "url": f"{address}?{query}&state={state}"}
        totals = [short(row["total"], row["currency"]) for row in mine if row["total"]]
        if _knows(user, "amount") and totals:
            figure |= {"value": " + ".join(totals), "note": text}
        figures.append(figure)
    return figures


def short(amount: Decimal, currency: str) -> str:
    """An amount at a glance, in the reader's language."""
    return short_money(amount, currency, get_language() or "en")


def _knows(user: Any, name: str) -> bool:
    """Whether the user may know the true value of a field of opportunities."""
    return policy.field_mode(user, [(LABEL, name)]) in {None, policy.Mode.READ}
