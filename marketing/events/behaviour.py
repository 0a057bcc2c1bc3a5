"""What a record keeps of its person's behaviour: when they came last, what they bought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Count, Max, Q, Sum

from customers.tracing import BEHAVIOUR, Traced
from marketing.models import BehaviourEvent


def refresh_behaviour(people: Iterable[tuple[str, int]]) -> None:
    """Set the derived columns of these (entity, id) anew from their events: no version, no entry."""
    by_label: dict[str, set[int]] = defaultdict(set)
    for label, pk in people:
        by_label[label].add(pk)
    for label, ids in by_label.items():
        model = apps.get_model(label)
        if not issubclass(model, Traced):
            continue
        bought = Q(kind__in=BehaviourEvent.PURCHASES)
        rows = BehaviourEvent.objects.filter(on_entity=label, on_id__in=ids).order_by().values("on_id")
        told = rows.annotate(
            last_visit_at=Max("at", filter=Q(kind__in=BehaviourEvent.VISITS)),
            last_purchase_at=Max("at", filter=bought),
            purchase_count=Count("pk", filter=bought),
            purchase_sum=Sum("base_amount", filter=bought),
        )
        found: dict[int, dict[str, Any]] = {pk: dict.fromkeys(BEHAVIOUR) for pk in ids}
        for row in told:
            pk = row.pop("on_id")
            found[pk] = row | {"purchase_count": row["purchase_count"] or None}
        model._base_manager.bulk_update(
            [model(pk=pk, **values) for pk, values in found.items()], BEHAVIOUR, batch_size=500
        )


def forget_events(of: dict[str, Any]) -> int:
    """Take the person out of their events: that somebody bought stays counted, who it was does not."""
    with connection.cursor() as cursor:
        cursor.execute("select set_config('crm.redact', 'on', true)")
        gone = BehaviourEvent.objects.filter(**of).update(identities=[], title="", url="", on_entity="", on_id=None)
        cursor.execute("select set_config('crm.redact', 'off', true)")
    return gone
