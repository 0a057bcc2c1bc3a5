"""What the bench measures of analytics."""

from __future__ import annotations

from analytics.sales import may
from crm.demo.steps import bench_page
from crm.users.models import User


@bench_page("dashboard", goal=6, roles=("rep", "manager", "admin"))
def dashboard(user: User) -> tuple[str, str, None] | None:
    """All of this year."""
    return ("GET", "/analytics/sales/", None) if may(user) else None
