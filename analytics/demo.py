"""What the bench measures of analytics."""

from __future__ import annotations

from analytics.sales import may
from crm.demo.steps import bench_page
from crm.users.models import User


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
