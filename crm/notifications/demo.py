"""What the bench measures of notifications."""

from __future__ import annotations

from crm.demo.steps import bench_page
from crm.users.models import User


@bench_page("notifications", goal=6)
def inbox(user: User) -> tuple[str, str, None]:
    """The inbox."""
    return "GET", "/notifications/", None


@bench_page("bell", goal=1, htmx=True)
def bell(user: User) -> tuple[str, str, None]:
    """The number beside the bell, which every page asks for."""
    return "GET", "/notifications/count/", None
