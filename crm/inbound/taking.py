"""Records of another program become ours: through the same form as everything else, one by one, each on its own."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm.api.parsing import by_field
from crm.api.values import form_of, unwritable
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry
from crm.inbound.models import Connection, Delivery, ExternalId
from crm.inbound.paths import at
from crm.inbound.reading import external_id, translated, values_of
from crm.matching.services import matching_ids
from crm.records.actor import Actor
from crm.records.errors import Conflict
from crm.records.models import Record

Mode, State = Connection.Mode, Delivery.State
MOST = 500
SURE = ("phone", "email", "tax_id")


class _Refused(Exception):
    """One record could not be taken: messages by field, under "" those about the whole."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(str(errors))
        self.errors = errors


def take(delivery: Delivery) -> Delivery:
    """Write what a delivery holds and note what became of it. Taken again, only what failed is tried."""
    connection = delivery.connection
    delivery.attempts += 1
    with translation.override(connection.user.language or "zh-hans"):
        try:
            items = items_of(connection, json.loads(delivery.body))
            bound = _bound(connection)
        except _Refused as refused:
            delivery.state, delivery.error = State.FAILED, " ".join(refused.errors[""])[:500]
            delivery.save(update_fields=["state", "error", "attempts"])
            return delivery
        before = delivery.results if len(delivery.results) == len(items) else [None] * len(items)
        delivery.results = [
            old if old and old["done"] != "failed" else _one(connection, bound, item)
            for item, old in zip(items, before, strict=True)
        ]
    failed = sum(result["done"] == "failed" for result in delivery.results)
    delivery.state = State.DONE if not failed else State.FAILED if failed == len(items) else State.PARTLY
    delivery.error = _in_words(delivery.results)
    delivery.save(update_fields=["state", "error", "results", "attempts"])
    return delivery


def items_of(connection: Connection, body: Any) -> list[Any]:
    """The records in a body."""
    if not connection.items:
        return [body]
    found = at(body, connection.items)
    if not isinstance(found, list):
        raise _Refused({"": [_("There is no list at “%(path)s”.") % {"path": connection.items}]})
    if not found or len(found) > MOST:
        raise _Refused({"": [_("Send 1 to %(most)s records at once.") % {"most": MOST}]})
    return found


def preview(connection: Connection, body: Any) -> list[dict[str, Any]]:
    """What would become of a body now; nothing is written."""
    try:
        items, bound = items_of(connection, body)[:5], _bound(connection)
    except _Refused as refused:
        return [{"done": "failed", "errors": refused.errors}]
    with transaction.atomic():
        found = [_one(connection, bound, item, shown=True) for item in items]
        transaction.set_rollback(True)
    return found


def _bound(connection: Connection) -> BoundEntity:
    if connection.entity not in registry:
        raise _Refused({"": [_("This connection makes no records.")]})
    if not connection.user.is_active:
        raise _Refused({"": [_("The person as whom the connection acts has no access any more.")]})
    return bind(registry[connection.entity], connection.user)


def _one(connection: Connection, bound: BoundEntity, item: Any, *, shown: bool = False) -> dict[str, Any]:
    try:
        if not isinstance(item, dict):
            raise _Refused({"": [_("This is no JSON object.")]})
        with transaction.atomic():
            record, done, given = _write(connection, bound, item)
    except _Refused as refused:
        return {"done": "failed", "errors": refused.errors}
    except ValidationError as error:
        return {"done": "failed", "errors": by_field(error)}
    told: dict[str, Any] = {"done": done, "id": record.pk}
    if shown:
        told |= {"title": str(record), "values": {name: bound.visible([name])[0].text(record) for name in given}}
    return told


def _write(connection: Connection, bound: BoundEntity, item: dict[str, Any]) -> tuple[Record, str, dict[str, Any]]:
    given, outer = values_of(connection, item), external_id(connection, item)
    if errors := unwritable(bound, given):
        raise _Refused(errors)
    given = translated(connection, bound, given)
    found = _found(connection, bound, outer, given)
    if found is None and connection.mode == Mode.UPDATE:
        raise _Refused({"": [_("There is no such record, and none is made.")]})
    if found is not None and connection.mode == Mode.CREATE:
        raise _Refused({"": [_("There is such a record already, and none is changed.")]})
    record, adding = found or bound.entity.fresh(connection.user, {}), found is None
    if adding and not bound.can("add"):
        raise _Refused({"": [_("The person as whom the connection acts may not add such records.")]})
    form = form_of(bound, record, given)
    if not form.is_valid():
        raise _Refused(_told(form))
    try:
        if not form.write(actor=Actor(connection.user, f"inbound:{connection.pk}")):
            raise _Refused(_told(form))
    except Conflict:
        raise _Refused({"": [_("The record was changed in the meantime.")]}) from None
    if outer:
        _keep(connection, outer, form.instance)
    return form.instance, "created" if adding else "updated" if form.entry else "same", given


def _found(connection: Connection, bound: BoundEntity, outer: str, given: dict[str, Any]) -> Record | None:
    """The record that is meant, locked; _Refused where it is there but not within the person's reach."""
    pk = None
    if outer:
        with_id = ExternalId.objects.filter(connection=connection, value=outer, on_entity=bound.label)
        pk = with_id.values_list("on_id", flat=True).first()
    if pk is None and connection.by_match and connection.mode != Mode.CREATE:
        form = form_of(bound, bound.entity.fresh(connection.user, {}), given)
        form.errors  # noqa: B018  (cleans the form, so that the instance holds what was given)
        ids = matching_ids([form.instance], model=bound.model, kinds=SURE)[0]
        pk = min(ids, default=None)
    if pk is None or not bound.model._base_manager.filter(pk=pk, deleted_at__isnull=True).exists():
        return None
    record = bound.records("change").select_for_update(of=("self",)).filter(pk=pk).first()
    if record is None:
        raise _Refused({"": [_("There is such a record, but the connection may not change it.")]})
    return record


def _keep(connection: Connection, outer: str, record: Record) -> None:
    place = {"on_entity": record.entity_label(), "on_id": record.pk}
    ExternalId.objects.update_or_create(connection=connection, value=outer, defaults=place)


def _told(form: Any) -> dict[str, list[str]]:
    return {"" if name == "__all__" else name: [str(m) for m in messages] for name, messages in form.errors.items()}


def _in_words(results: list[dict[str, Any]]) -> str:
    lines = [
        f"{number}: " + " ".join(f"{name} {' '.join(texts)}".strip() for name, texts in result["errors"].items())
        for number, result in enumerate(results, 1)
        if result["done"] == "failed"
    ]
    return " · ".join(lines)[:500]
