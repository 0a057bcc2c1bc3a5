"""What the bench measures of analytics."""

from __future__ import annotations

from analytics.models import SCORED
from analytics.money import may as may_money
from analytics.rfm import score_all
from analytics.rfm_views import may as may_value
from analytics.sales import may
from crm.demo.steps import World, bench_page, demo_step
from crm.records.actor import Actor
from crm.users.models import User


@demo_step(96, "RFM scores")
def score_accounts(world: World) -> None:
    """How the accounts and the persons buy."""
    for of in SCORED:
        score_all(of, actor=Actor(None, "demo"), today=world.now.date())


@bench_page("customer value", goal=6, roles=("rep", "manager", "admin"), htmx=True)
def value(user: User) -> tuple[str, str, None] | None:
    """Classes and the grid of recency and frequency."""
    return ("GET", "/analytics/rfm/", None) if may_value(user) else None


@bench_page("accounts by RFM score", goal=2.5, roles=("rep", "manager", "admin"))
def by_score(user: User) -> tuple[str, str, None] | None:
    """A list sorted by a contributed field."""
    return (
        ("GET", "/customers/accounts/?cols=name,rfm.class,rfm.score&sort=-rfm.score", None) if may_value(user) else None
    )


@bench_page("dashboard", goal=6, roles=("rep", "manager", "admin"))
def dashboard(user: User) -> tuple[str, str, None] | None:
    """The first paint: filters, what lies in each stage, and the places of the rest."""
    return ("GET", "/analytics/sales/", None) if may(user) else None


@bench_page("dashboard: all at once", goal=6, roles=("rep", "manager", "admin"))
def whole(user: User) -> tuple[str, str, None] | None:
    """The page for whom scripts don't run."""
    return ("GET", "/analytics/sales/?part=all", None) if may(user) else None


@bench_page("report: stages", goal=3, roles=("rep", "manager", "admin"), htmx=True)
def stages(user: User) -> tuple[str, str, None] | None:
    """What stalls in each stage and how things move on."""
    return ("GET", "/analytics/sales/?part=stages", None) if may(user) else None


@bench_page("report: won", goal=3, roles=("rep", "manager", "admin"), htmx=True)
def won(user: User) -> tuple[str, str, None] | None:
    """What was won by month, owner and source."""
    return ("GET", "/analytics/sales/?part=won", None) if may(user) else None


@bench_page("report: wins and losses", goal=3, roles=("rep", "manager", "admin"))
def winloss(user: User) -> tuple[str, str, None] | None:
    """Sales lost by reason."""
    return ("GET", "/analytics/wins/", None) if may(user) else None


@bench_page("report: contracts and money", goal=6, roles=("rep", "manager", "admin"))
def money(user: User) -> tuple[str, str, None] | None:
    """Plan and receipts, ageing, what is sold."""
    return ("GET", "/analytics/money/", None) if may_money(user) else None
