"""Requests of people about their data: opened on their page, worked on by whoever holds the right, settled with an answer."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access import policy
from crm.jobs.models import Job
from crm.jobs.services import start_job
from crm.privacy import holds
from crm.privacy.models import PrivacyRequest
from crm.privacy.people import find_person, is_person
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record

RIGHT = "privacy"
State = PrivacyRequest.State


def open_request(
    record: Record,
    *,
    kind: str,
    law: str = PrivacyRequest.Law.PIPL,
    received_on: date | None = None,
    came_by: str = "",
    note: str = "",
    actor: Actor,
) -> PrivacyRequest:
    """Note what a person asks for."""
    if not is_person(record):
        raise ValidationError(_("This is no record of a person."))
    made = PrivacyRequest(
        owner=actor.user,
        kind=kind,
        law=law,
        person_entity=record.entity_label(),
        person_id=record.pk,
        received_on=received_on or timezone.localdate(),
        came_by=came_by,
        note=note,
    )
    records.save(made, actor=actor)
    return made


def person_of(request: PrivacyRequest) -> Record | None:
    """The record it is about, whoever asks."""
    return find_person(request.person_entity, request.person_id)


def _may(request: PrivacyRequest, actor: Actor) -> Record:
    person = person_of(request)
    if person is None:
        raise ValidationError(_("Open the request on the page of the person."))
    if not policy.can(actor.user, request.person_entity, RIGHT):
        raise PermissionDenied
    return person


def _working(request: PrivacyRequest, actor: Actor) -> None:
    if request.state == State.RECEIVED:
        request.state = State.WORKING
        records.save(request, actor=actor)


def start_export(request: PrivacyRequest, *, actor: Actor) -> PrivacyRequest:
    """Put all data of the person into an archive, as a job."""
    person = _may(request, actor)
    _working(request, actor)
    params = {"request": request.pk, "entity": person.entity_label(), "record": person.pk}
    start_job(
        "privacy.export", user=actor.user, params=params, title=_("All data for request %(id)s") % {"id": request.pk}
    )
    return request


def start_plan(request: PrivacyRequest, *, actor: Actor, files_elsewhere: bool = False) -> PrivacyRequest:
    """Find out what an erasure would take and what stays, as a job."""
    _may(request, actor)
    _working(request, actor)
    params = {"request": request.pk, "files_elsewhere": files_elsewhere}
    start_job(
        "privacy.plan", user=actor.user, params=params, title=_("What request %(id)s would erase") % {"id": request.pk}
    )
    return request


def start_erasure(
    request: PrivacyRequest, *, actor: Actor, files_elsewhere: bool = False, sure: bool = True
) -> PrivacyRequest:
    """Erase the person, as a job. ValidationError while a legal hold stands against it."""
    person = _may(request, actor)
    if names := holds.names([(person.entity_label(), person.pk), *map(tuple, request.plan.get("records", ()))]):
        raise ValidationError(_("A legal hold stands against it: %(names)s.") % {"names": ", ".join(names)})
    _working(request, actor)
    params = {"request": request.pk, "files_elsewhere": files_elsewhere}
    start_job(
        "privacy.erase", user=actor.user, params=params, title=_("Erasure for request %(id)s") % {"id": request.pk}
    )
    return request


def settle(request: PrivacyRequest, *, actor: Actor, answer: str = "", done: bool = True) -> PrivacyRequest:
    """End it: done, or refused with the reason."""
    request.state = State.DONE if done else State.REFUSED
    request.answer = answer
    request.done_at, request.done_by = timezone.now(), actor.user
    records.save(request, actor=actor)
    return request


def refuse(request: PrivacyRequest, *, actor: Actor, answer: str) -> PrivacyRequest:
    """Refuse it, with the reason."""
    return settle(request, actor=actor, answer=answer, done=False)


def jobs_of(request: PrivacyRequest, user: Any) -> list[Job]:
    """The user's own jobs about it, the latest first: only who started one gets its result."""
    return list(Job.objects.filter(user=user, kind__startswith="privacy.", params__request=request.pk)[:10])
