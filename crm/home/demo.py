"""What the bench measures of the shell."""

from __future__ import annotations

from crm.demo.steps import bench_page
from crm.users.models import User


@bench_page("home", goal=6)
def home(user: User) -> tuple[str, str, None]:
    """My day."""
    return "GET", "/", None
