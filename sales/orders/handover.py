"""A won deal goes to whoever delivers it: with an owner, a day, a checklist and its documents."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.activities.models import Task
from crm.notifications.services import notify
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import User
from sales.orders import kinds
from sales.orders.models import Order
from sales.orders.notices import HANDED_OVER

KICK_OFF = time(9)
EVENING = time(18)
LINES = 30


@transaction.atomic
def hand_over(
    order: Order, *, actor: Actor, delivery_owner: User, kick_off_on: date, checklist: str = "", note: str = ""
) -> Order:
    """Once: the kick-off and each line of the checklist become tasks on the order, of whoever delivers it."""
    order = Order._base_manager.select_for_update().get(pk=order.pk)
    if order.handed_over_at is not None:
        raise ValidationError(_("“%(order)s” was handed over already.") % {"order": order})
    order.delivery_owner, order.kick_off_on, order.handed_over_at = delivery_owner, kick_off_on, timezone.now()
    records.save(order, actor=actor, kind=kinds.HANDED_OVER, to=str(delivery_owner))
    lines = [line.strip() for line in checklist.splitlines() if line.strip()][:LINES]
    tasks = [_task(order, delivery_owner, _("Kick-off: %(order)s") % {"order": order}, kick_off_on, KICK_OFF, note)]
    tasks[0].kind = Task.Kind.MEETING
    tasks += [_task(order, delivery_owner, line, kick_off_on, EVENING) for line in lines]
    records.save_many(tasks, actor=actor)
    notify([delivery_owner], HANDED_OVER, actor=actor, record=order, key=f"handed_over:{order.pk}")
    return order


def _task(order: Order, owner: User, subject: str, day: date, at: time, note: str = "") -> Task:
    return Task(
        owner=owner,
        subject=subject[:300],
        description=note,
        on_entity=order.entity_label(),
        on_id=order.pk,
        due_at=timezone.make_aware(datetime.combine(day, at)),
    )


def progress(order: Order) -> dict[str, Any]:
    """How far its tasks are."""
    found = Task.objects.filter(on_entity=order.entity_label(), on_id=order.pk, deleted_at__isnull=True)
    states = list(found.exclude(status=Task.Status.CANCELLED).values_list("status", flat=True))
    return {"done": sum(state == Task.Status.DONE for state in states), "all": len(states)}
