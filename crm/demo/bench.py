"""Measuring pages as a signed-in person meets them, beside a floor page served in the same run.

The floor is a bare view: one indexed query of 50 rows in the same base template. Ratios to it say how much a page costs on
any machine; the times themselves say little.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client

from crm.demo.steps import Page, pages
from crm.search.models import SearchRow
from crm.users.models import User

Asked = tuple[str, str, dict | None]


@dataclass
class Measured:
    """One line of the bench; times in milliseconds, ``ratio`` to the floor of the same role."""

    page: str
    role: str
    p50_ms: float
    p95_ms: float
    queries: int
    sql_ms: float
    bytes: int
    ratio: float
    goal: float
    status: int

    @property
    def met(self) -> bool:
        return self.ratio <= self.goal and self.status < 400


@login_required
def floor(request: HttpRequest) -> HttpResponse:
    """The cheapest page that is a page."""
    rows = SearchRow.objects.order_by("-at", "-id")[:50]
    return render(request, "demo/floor.html", {"rows": rows})


class _Sql:
    """Counts and times the statements of a request."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute, sql, params, many, context):
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.count += 1
            self.seconds += time.perf_counter() - began


FLOOR = Page("floor", lambda _user: ("GET", "/bench/floor/", None), 1, (), False)


def measure(roles: dict[str, User], *, rounds: int = 15, only: str = "") -> Iterator[Measured]:
    """The floor and every registered page for every role that it is measured for."""
    for role, user in roles.items():
        client = Client(headers={"host": "localhost", "accept-language": "zh-hans"})
        client.force_login(user, backend="crm.access.backend.AccessBackend")
        for page in (FLOOR, *pages):
            if page is FLOOR or (role in page.roles and only in page.name):
                asked = page.make(user)
                if asked is not None:
                    yield _measure(client, role, page, asked, rounds)


def _measure(client: Client, role: str, page: Page, asked: Asked, rounds: int) -> Measured:
    """Ask for the page and for the floor by turns: whatever else the machine does then slows down both."""
    times, floors, sql, response = [], [], [], None
    for turn in range(rounds + 2):
        took, counter, response = _timed(client, page, asked)
        below = _timed(client, FLOOR, FLOOR.make(None))[0] if page is not FLOOR else took
        if turn >= 2:  # the first two warm caches
            times.append(took * 1000)
            floors.append(below * 1000)
            sql.append((counter.count, counter.seconds * 1000))
    p50 = statistics.median(times)
    return Measured(
        page=page.name,
        role=role,
        p50_ms=round(p50, 2),
        p95_ms=round(sorted(times)[int(len(times) * 0.95) - 1], 2),
        queries=sql[-1][0],
        sql_ms=round(statistics.median(ms for _count, ms in sql), 2),
        bytes=len(response.content),
        ratio=round(p50 / statistics.median(floors), 2),
        goal=page.goal,
        status=response.status_code,
    )


def _timed(client: Client, page: Page, asked: Asked) -> tuple[float, _Sql, HttpResponse]:
    """One request, of which nothing stays: how long it took, what it asked of the database, the answer."""
    counter = _Sql()
    began = time.perf_counter()
    with connection.execute_wrapper(counter), transaction.atomic():
        response = _ask(client, page, *asked)
        took = time.perf_counter() - began
        transaction.set_rollback(True)
    return took, counter, response


def _ask(client: Client, page: Page, method: str, url: str, data: dict | None) -> HttpResponse:
    headers = {"HX-Request": "true"} if page.htmx else {}
    response = (
        client.generic("GET", url, headers=headers) if method == "GET" else client.post(url, data, headers=headers)
    )
    if response.streaming:
        response.content = b"".join(response.streaming_content)
    return response


def as_json(found: list[Measured]) -> list[dict]:
    """The lines as plain objects."""
    return [asdict(one) for one in found]
