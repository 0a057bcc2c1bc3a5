"""The indexes every large table of records needs, so that each scope walks its own order."""

from __future__ import annotations

from django.db.models import Index, Q

ALIVE = Q(deleted_at__isnull=True)


def scope_indexes(prefix: str, **keys: str) -> list[Index]:
    """For each sort column: an index for all, for one owner and for one department, over what is not in the trash.

    One more is for the trash, the latest first. ``keys`` maps a short name, used in the index's own name, to the column. Names hold at most 30 characters.
    """
    alive = [
        Index(fields=[*scope, column, "id"], condition=ALIVE, name=f"{prefix}_{name}{suffix}")
        for name, column in keys.items()
        for scope, suffix in (((), "_all"), (("owner",), "_owner"), (("department",), "_dept"))
    ]
    return [*alive, Index(fields=["deleted_at", "id"], condition=~ALIVE, name=f"{prefix}_trash")]
