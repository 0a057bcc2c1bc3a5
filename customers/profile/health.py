"""The health of accounts, worked out of their risks for many at once and kept beside them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from customers.models import Account
from customers.profile.risks import ACCOUNT, FULL, Finding, RiskKind, risk_kinds

BATCH = 5000


@dataclass(frozen=True)
class Told:
    """A risk as a person reads it."""

    code: str
    name: str
    text: str
    url: str
    points: int


def risks_of(account: Account, user: Any, now: datetime) -> list[Told]:
    """The risks of one account that the user may know, the gravest first."""
    found: list[tuple[RiskKind, Finding]] = []
    for kind in risk_kinds(ACCOUNT):
        finding = kind.find([account.pk], now, user).get(account.pk)
        if finding is not None:
            found.append((kind, finding))
    found.sort(key=lambda pair: -pair[1].points)
    return [Told(k.code, str(k.name), k.told(f), k.url(account, f), f.points) for k, f in found]


def scores(ids: Collection[int], now: datetime) -> dict[int, dict[str, int]]:
    """The points that each account loses, by risk."""
    lost: dict[int, dict[str, int]] = defaultdict(dict)
    for kind in risk_kinds(ACCOUNT):
        for pk, finding in kind.find(ids, now).items():
            lost[pk][kind.code] = finding.points
    return lost


def refresh(ids: Collection[int], now: datetime | None = None) -> int:
    """Work out and keep the health of accounts; how many it changed. The last other score stays beside it: the trend."""
    now = now or timezone.now()
    lost = scores(ids, now)
    pks = list(ids)
    values = [max(0, FULL - sum(lost[pk].values())) if pk in lost else FULL for pk in pks]
    with connection.cursor() as cursor:
        cursor.execute(
            """update customers_accountprofile p set
                   before = case when p.health <> v.n then p.health else p.before end,
                   changed_on = case when p.health <> v.n then %s else p.changed_on end,
                   health = v.n, risks = v.r
               from unnest(%s::bigint[], %s::smallint[], %s::jsonb[]) v(pk, n, r)
               where p.account_id = v.pk and (p.health, p.risks) is distinct from (v.n, v.r)""",
            [timezone.localdate(now), pks, values, [json.dumps(lost.get(pk, {})) for pk in pks]],
        )
        return int(cursor.rowcount)


def refresh_all(now: datetime | None = None) -> Iterator[int]:
    """All accounts, batch by batch; yields how many of each changed."""
    after = 0
    rows = Account._base_manager.filter(deleted_at__isnull=True).order_by("pk").values_list("pk", flat=True)
    while batch := list(rows.filter(pk__gt=after)[:BATCH]):
        after = batch[-1]
        yield refresh(batch, now)
