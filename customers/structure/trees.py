"""Whoever hangs a record elsewhere in a tree waits for their turn, before rows are locked: so that nobody waits in a circle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from crm.records.hooks import before_lock
from customers.models import Account, Contact

# The links that must not lead round in a circle, held by triggers: see the migration “no_circles”.
TREES = {Account: "parent_id", Contact: "reports_to_id"}


@before_lock
def take_turns(model: type, records: Sequence[Any]) -> None:
    """Take the tree's lock before those of the rows, as its trigger would after them."""
    name = TREES.get(model)
    hung = {r.pk: getattr(r, name) for r in records if not r._state.adding and getattr(r, name)} if name else {}
    if not hung:
        return
    rows = model._base_manager.filter(pk__in=list(hung)).values_list("pk", name)
    if any(hung[pk] != now for pk, now in rows):
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{model._meta.db_table}.{name}"])
