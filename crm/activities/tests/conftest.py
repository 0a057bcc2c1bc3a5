"""People who keep activities."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from crm.access.models import Scope
from crm.activities.models import Task
from crm.records import services as records
from crm.records.actor import Actor

EVERYTHING = ("view", "add", "change", "delete", "assign")


@pytest.fixture
def keeps(grant) -> Callable[..., None]:
    """``keeps(user)`` keeps tasks and follow-ups of their own; ``keeps(user, view=Scope.ALL)`` sees more."""

    def give(user, scope=Scope.OWN, **scopes):
        for label in ("activities.task", "activities.followup"):
            grant(user, label, **dict.fromkeys(EVERYTHING, scope) | scopes)

    return give


@pytest.fixture
def make_activity() -> Callable[..., Task]:
    """A saved activity of ``owner`` that begins tomorrow at ten and lasts an hour, where nothing else is said."""

    def make(owner, **values) -> Task:
        start = (timezone.localtime() + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
        given = {"subject": "拜访设备部", "kind": "visit", "due_at": start}
        given["ends_at"] = values.get("due_at", start) + timedelta(hours=1) if values.get("due_at", start) else None
        task = Task(owner=owner, **given | values)
        records.save(task, actor=Actor(owner, "test"))
        task.refresh_from_db()
        return task

    return make
