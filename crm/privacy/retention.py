"""How long records are kept: rules found by condition and age, tried out before, run at night, kept from by legal holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.entities.entity import registry
from crm.fields.conditions import Reader, parse
from crm.fields.field import AnyField
from crm.privacy import erasing, holds
from crm.privacy.models import RetentionRule, RetentionRun
from crm.privacy.people import is_person, kinds
from crm.records.actor import Actor
from crm.records.errors import Conflict, Protected
from crm.records.models import Record
from crm.records.services import delete

BATCH = 200
Then, Age = RetentionRule.Then, RetentionRule.Age


def check(rule: RetentionRule) -> None:
    """ValidationError where the rule does not fit its entity."""
    entity = registry.get(rule.entity)
    if entity is None or not issubclass(entity.model, Record):
        raise ValidationError({"entity": _("There is no such entity.")})
    if rule.then != Then.TRASH and rule.entity not in kinds:
        raise ValidationError({"then": _("Only records of people are anonymised or erased.")})
    if rule.age == Age.ACTIVITY and not _has(entity.model, "last_activity_at"):
        raise ValidationError({"age": _("Its records have no last activity.")})
    parse(rule.condition, AnyField(entity.model)) if rule.condition else None


def due(rule: RetentionRule, now: datetime) -> QuerySet[Record]:
    """The records of which the rule says that their time is over; what a hold keeps is among them."""
    model = registry[rule.entity].model
    reach = Q()
    if rule.condition:
        reach = parse(rule.condition, AnyField(model)).q(Reader(0, (), now))
    moment = Coalesce(F("last_activity_at"), F("created_at")) if rule.age == Age.ACTIVITY else F(rule.age)
    rows = model._base_manager.filter(reach).annotate(aged_at=moment)
    rows = rows.filter(aged_at__lt=now - timedelta(days=rule.days))
    if rule.then == Then.TRASH:
        return rows.filter(deleted_at__isnull=True)
    return rows.filter(kinds[rule.entity].where).exclude(**{f"{kinds[rule.entity].name}__regex": r"^#\d+$"})


def try_out(rule: RetentionRule, now: datetime | None = None) -> dict[str, Any]:
    """How many records it would take now, how many a hold keeps, and the first of them. Nothing is changed."""
    check(rule)
    rows = due(rule, now or timezone.now())
    held = holds.held_ids(rule.entity)
    return {
        "found": rows.count(),
        "held": rows.filter(pk__in=held).count() if held else 0,
        "first": list(rows.order_by("aged_at", "pk")[:20]),
    }


def run(rule: RetentionRule, *, now: datetime | None = None, user: Any = None) -> RetentionRun:
    """Do what the rule says, record by record: one that refuses does not stop the others. Goes on where it stopped when run again."""
    check(rule)
    now = now or timezone.now()
    log = RetentionRun.objects.create(rule=rule, made_by=user)
    reasons: Counter[str] = Counter()
    actor = Actor(user, f"retention:{rule.pk}")
    held = holds.held_ids(rule.entity)
    for record in _all(rule, now):
        log.found += 1
        if record.pk in held:
            log.held += 1
            continue
        reason = _apply(rule, record, actor)
        if reason:
            log.failed += 1
            reasons[reason] += 1
        else:
            log.done += 1
        if log.found % BATCH == 0:
            _tell(log, reasons)
    log.ended_at = timezone.now()
    _tell(log, reasons)
    return log


def run_all(now: datetime | None = None) -> int:
    """Each night: every rule in use, in its order; returns how many records were taken."""
    taken = 0
    for rule in RetentionRule.objects.filter(active=True):
        try:
            taken += run(rule, now=now).done
        except ValidationError as error:
            log = RetentionRun(rule=rule, ended_at=timezone.now(), failed=0)
            log.reasons = {" ".join(error.messages)[:300]: 1}
            log.save()
    return taken


def _all(rule: RetentionRule, now: datetime) -> Iterator[Record]:
    last = 0
    while batch := list(due(rule, now).filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield from batch
        last = batch[-1].pk


def _apply(rule: RetentionRule, record: Record, actor: Actor) -> str:
    """Why it could not be done; empty when it was."""
    left = None
    try:
        with transaction.atomic():
            if rule.then == Then.TRASH:
                delete(record, actor=actor)
            elif not is_person(record):
                return _("no person")
            elif rule.then == Then.ANONYMISE:
                erasing.anonymise_person(record, actor=actor)
            else:
                left = erasing.erase(record, actor=actor)
    except Protected:
        return _("others need it")
    except Conflict:
        return _("changed meanwhile")
    except erasing.Held as held:
        return _("legal hold: %(names)s") % {"names": ", ".join(held.names)}
    except ValidationError as error:
        return " ".join(error.messages)[:200]
    except DatabaseError as error:
        return type(error).__name__
    if left is not None:
        erasing.unlink(left)
    return ""


def _tell(log: RetentionRun, reasons: Counter[str]) -> None:
    log.reasons = dict(reasons.most_common(20))
    log.save()


def _has(model: type, name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
