"""Sales on the home page: money under way and won, what stalls, the funnel, who leads."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics import sales
from analytics.sales import Tally
from crm.access import policy
from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.home.start import start_step
from crm.home.widgets import widget
from sales import tallies
from sales.models import Lead, Opportunity, Stage

LEAD = "sales.lead"
SHOWN = 5
RANKED = 8
COUNTED = 999


def leads_people(user: Any) -> bool:
    """Whether the numbers are those of a team."""
    return sales.may(user) and sales.is_wide(user)


@widget("sales", slot="cards", order=10, allowed=sales.may)
def cards(user: Any) -> dict | None:
    """Under way, and won this month."""
    known = sales.readable(user)
    if not known >= {"state", "close_date"}:
        return None
    first, last = sales.month_span(sales.today_of())
    query = sales.mine_query(user)
    found = {
        "open": Tally(url=sales.address(state="open", **query)),
        "won": Tally(url=sales.address(state="won", close_date__between=f"{first},{last}", **query)),
    }
    money, here = "amount" in known, sales.home(user)
    for row in tallies.deals(user, where=here & Q(state="open"), money=money, weighted="probability" in known):
        found["open"].add(row)
    for row in tallies.deals(user, where=here & Q(state="won"), months=(first, last), money=money, weighted=False):
        found["won"].add(row)
    under_way = _card(_("Open opportunities"), found["open"])
    if found["open"].expected:
        under_way["note"] = _("weighted %(money)s · %(count)s") % {
            "money": found["open"].expected,
            "count": found["open"].counted,
        }
    return {"cards": [under_way, _card(_("Won this month"), found["won"])]}


def _card(label: str, tally: Tally) -> dict:
    """The sums where there are some, else how many."""
    value, note = (tally.money, tally.counted) if tally.sums else (str(tally.count), "")
    return {"label": label, "value": value, "note": note, "url": tally.url}


def knows_new_leads(user: Any) -> bool:
    """Whether the user may know which leads are new."""
    return policy.can(user, LEAD, "view") and "status" in bind(registry[LEAD], user).filterable


@widget("new_leads", slot="cards", order=40, allowed=knows_new_leads)
def new_leads(user: Any) -> dict:
    """Leads that nobody has contacted yet, as far as it matters how many."""
    rows = Lead.objects.restrict(user).filter(status=Lead.Status.NEW)
    wide = policy.access_of(user).scope(LEAD, "view") >= Scope.TEAM
    found = (rows if wide else rows.filter(owner=user)).order_by().values_list("pk")[: COUNTED + 1].count()
    value = f"{COUNTED}+" if found > COUNTED else str(found)
    url = f"{registry[LEAD].url('list')}?status=new{'' if wide else '&owner__me=1'}"
    note = _("waiting for a first contact") if found else ""
    card = {"label": _("New leads"), "value": value, "note": note, "state": "amber" if found else "", "url": url}
    said = ngettext(
        "%(count)s new lead waits for a first contact", "%(count)s new leads wait for a first contact", found
    )
    return {"cards": [card], "summary": said % {"count": value} if found else ""}


@widget("stalled", slot="main", order=20, template="analytics/stalled.html", allowed=sales.may, lazy=True)
def stalled(user: Any) -> dict | None:
    """The opportunities that have lain in their stage for the longest."""
    known = sales.readable(user)
    if not known >= {"state", "stage", "stage_entered_at"}:
        return None
    rows = sales.mine(user).stalled(timezone.now())
    found = list(rows.select_related("account", "stage", "owner").order_by("stage_entered_at")[:SHOWN])
    wide = sales.is_wide(user) and "owner" in known
    names = bind(registry[sales.LABEL], user).texts(found, ("account",))
    lines = [{"row": row, "account": names[row.pk].get("account", "")} for row in found]
    return {"rows": lines, "money": "amount" in known, "wide": wide}


@widget("funnel", slot="side", order=10, template="analytics/funnel_small.html", allowed=sales.may, lazy=True)
def funnel(user: Any) -> dict | None:
    """What lies in each stage of the first pipeline."""
    known = sales.readable(user)
    if not known >= {"state", "stage"}:
        return None
    stages = list(Stage.objects.open().filter(pipeline__active=True).select_related("pipeline"))
    stages = [stage for stage in stages if stage.pipeline_id == stages[0].pipeline_id]
    found = {s.pk: Tally(url=sales.address(state="open", stage=s.pk, **sales.mine_query(user))) for s in stages}
    here = sales.home(user) & Q(state="open", stage__in=found)
    for row in tallies.deals(user, "stage", where=here, money="amount" in known, weighted=False):
        found[row["stage"]].add(row)
    most = max((tally.count for tally in found.values()), default=0)
    if not most:
        return {"steps": [], "wide": sales.is_wide(user)}
    steps = [
        {"stage": stage, "tally": found[stage.pk], "width": 40 + 60 * found[stage.pk].count // most} for stage in stages
    ]
    return {"steps": steps, "pipeline": stages[0].pipeline, "wide": sales.is_wide(user)}


@widget("stuck", slot="side", order=15, template="analytics/stuck.html", allowed=leads_people, lazy=True)
def stuck(user: Any) -> dict | None:
    """How many opportunities stall in each stage, and the money in them."""
    known = sales.readable(user)
    if not known >= {"state", "stage", "stage_entered_at"}:
        return None
    stages = {s.pk: s for s in Stage.objects.open().filter(rotting_days__isnull=False).select_related("pipeline")}
    found: dict[int, Tally] = {}
    total = Tally()
    rows = sales.mine(user).stalled(timezone.now())
    for row in sales.grouped(rows, "stage", money="amount" in known):
        found.setdefault(row["stage"], Tally(url=sales.stalled_address(stages[row["stage"]]))).add(row)
        total.add(row)
    return {"rows": [(stage, found[pk]) for pk, stage in stages.items() if pk in found], "total": total}


@widget("leaders", slot="side", order=20, template="analytics/leaders.html", allowed=leads_people, lazy=True)
def leaders(user: Any) -> dict | None:
    """Who won most this month, as far as the user sees it."""
    known = sales.readable(user)
    if not known >= {"state", "owner", "close_date"}:
        return None
    first, last = sales.month_span(sales.today_of())
    money, found = "amount" in known, {}
    won = sales.home(user) & Q(state="won")
    for row in tallies.deals(
        user, "owner", "owner__name", where=won, months=(first, last), money=money, weighted=False
    ):
        span = f"{first},{last}"
        url = sales.address(state="won", owner=row["owner"], close_date__between=span)
        found.setdefault((row["owner__name"], row["owner"]), Tally(url=url)).add(row)
    ranked = sorted(found.items(), key=lambda item: (-max(item[1].sums.values(), default=0), -item[1].count))
    return {"people": [(name, tally) for (name, _pk), tally in ranked[:RANKED]], "money": money}


def _opportunity_url(user: Any) -> str:
    return registry[sales.LABEL].url("add") if policy.can(user, sales.LABEL, "add") else ""


start_step(
    30,
    gettext_lazy("Add an opportunity, or convert a lead"),
    icon="coin",
    url=_opportunity_url,
    done=lambda user: Opportunity.objects.alive().filter(owner=user).exists(),
)
