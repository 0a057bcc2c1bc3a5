"""The start list of somebody new: what to do first. Apps register steps; each is shown to who may take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.activities.models import FollowUp, Task
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.users.models import User

ACCOUNT = "customers.account"
# Who came longer ago than this knows the way.
NEW = timedelta(days=30)
# The preference that remembers that somebody put the list away.
CLOSED = "start_list_closed"


@dataclass(frozen=True)
class Step:
    """``url(user)`` leads there, or is empty for who may not; ``done(user)`` says whether it is done."""

    order: int
    label: Any
    icon: str
    url: Callable[[Any], str]
    done: Callable[[Any], bool]


_steps: list[Step] = []


def start_step(order: int, label: Any, *, icon: str, url: Callable[[Any], str], done: Callable[[Any], bool]) -> None:
    """Add a step to the start list."""
    _steps.append(Step(order, label, icon, url, done))


def start_list(request: HttpRequest) -> list[dict[str, Any]]:
    """The steps for the user with what is done; empty when all is done, for who is not new, and once it was closed."""
    user = request.user
    if user.date_joined < timezone.now() - NEW or user.preferences.get(CLOSED):
        return []
    ordered = sorted(_steps, key=lambda step: step.order)
    open_to = [(step, url) for step in ordered if (url := step.url(user))]
    found = [{"label": step.label, "icon": step.icon, "url": url, "done": step.done(user)} for step, url in open_to]
    return found if any(not step["done"] for step in found) else []


def close(user: User) -> None:
    """Don't show the list to this person any more, wherever they sign in."""
    user.prefer(CLOSED, True)


def _import_url(user: Any) -> str:
    return reverse("exchange:start", args=[ACCOUNT]) if policy.can(user, ACCOUNT, "import") else ""


def _invite_url(user: Any) -> str:
    return reverse("admin:users_user_add") if user.is_staff and user.has_perm("users.add_user") else ""


def _follow_up_url(user: Any) -> str:
    sees = ACCOUNT in registry and policy.can(user, ACCOUNT, "view")
    return registry[ACCOUNT].url("list") if sees and policy.can(user, "activities.followup", "add") else ""


def _has_customers(user: Any) -> bool:
    return bind(registry[ACCOUNT], user).records().exists()


def _has_activities(user: Any) -> bool:
    return any(model.objects.alive().filter(owner=user).exists() for model in (FollowUp, Task))


start_step(10, _("Bring your customers from a file"), icon="file-import", url=_import_url, done=_has_customers)
start_step(
    20,
    _("Invite the people you work with"),
    icon="user-plus",
    url=_invite_url,
    done=lambda user: User.objects.filter(is_active=True).exclude(pk=user.pk).exists(),
)
start_step(
    40,
    _("Write down a call on the page of a customer, with the next step"),
    icon="phone",
    url=_follow_up_url,
    done=_has_activities,
)
start_step(
    50,
    _("Choose your language and time zone"),
    icon="user-circle",
    url=lambda user: reverse("users:profile"),
    done=lambda user: bool(user.language),
)
