"""Answering the questions about a lead, and what is still missing."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from crm.lib.text import clean_text
from crm.records.actor import Actor
from crm.records.log import log
from sales.models import Lead
from sales.qualifying import kinds
from sales.qualifying.models import LONGEST, Answer, LeadQualification, Question
from sales.services.leads import refuse_converted

Kind, Before = Question.Kind, Question.Before
YES, NO = "yes", "no"


def questions() -> list[Question]:
    """What is asked now, in its order."""
    return list(Question.objects.filter(active=True))


@transaction.atomic
def answer(lead: Lead, question: Question, value: str, *, actor: Actor) -> Answer | None:
    """Keep one answer; an empty one takes it back. The lead's timeline tells of it, of texts only that they were given.

    ValidationError where it is none of the choices, or the lead is converted.
    """
    locked = Lead._base_manager.select_for_update(of=("self",)).get(pk=lead.pk)
    refuse_converted(locked)
    value = clean_text(value)
    allowed = {Kind.YES_NO: (YES, NO), Kind.CHOICE: tuple(question.choices)}.get(Kind(question.kind))
    if value and allowed is not None and value not in allowed:
        raise ValidationError(_("Choose one of the answers."))
    if len(value) > LONGEST:
        raise ValidationError(_("This is too long."))
    known = Answer.objects.filter(lead=locked, question=question).first()
    before = known.value if known else ""
    if value == before:
        return known
    if value:
        given = {"value": value, "points": question.points_of(value)}
        known, _made = Answer.objects.update_or_create(lead=locked, question=question, defaults=given)
    elif known:
        known.delete()
        known = None
    told = {} if question.kind == Kind.TEXT else {"was": before, "now": value}
    log(locked, kinds.ANSWERED, actor=actor, question=question.name, kind_of=question.kind, **told)
    add_up([locked.pk])
    return known


def add_up(leads: Collection[int] | None = None) -> None:
    """Work out the scores of leads anew (None: of all that were asked anything)."""
    rows = Answer.objects.filter(question__active=True)
    if leads is None:
        leads = set(Answer.objects.values_list("lead", flat=True).distinct())
    leads = list(Lead._base_manager.filter(pk__in=leads).order_by("pk").values_list("pk", flat=True))
    sums = rows.filter(lead__in=leads).values("lead").annotate(score=Sum("points"), answered=Count("pk")).order_by()
    found = {row["lead"]: (row["score"], row["answered"]) for row in sums}
    figures = [LeadQualification(record_id=pk, score=s, answered=n) for pk in leads for s, n in [found.get(pk, (0, 0))]]
    LeadQualification.objects.bulk_create(
        figures, update_conflicts=True, unique_fields=["record"], update_fields=["score", "answered"], batch_size=1000
    )


@transaction.atomic
def reckon(question: Question) -> None:
    """A question changed: its answers give what it says now."""
    rows = list(Answer.objects.filter(question=question))
    for row in rows:
        row.points = question.points_of(row.value)
    Answer.objects.bulk_update(rows, ["points"], batch_size=1000)
    add_up(sorted({row.lead_id for row in rows}))


def missing(leads: Collection[int], to: str) -> dict[int, list[Question]]:
    """Lead → the questions to be answered before it may go to a status; a lead without such is not in it. At most two queries."""
    befores = {"qualified": [Before.QUALIFIED], "converted": [Before.QUALIFIED, Before.CONVERTED]}.get(to, [])
    wanted = list(Question.objects.filter(active=True, before__in=befores)) if befores else []
    if not wanted:
        return {}
    given = set(Answer.objects.filter(lead__in=leads, question__in=wanted).values_list("lead", "question"))
    found = {pk: [one for one in wanted if (pk, one.pk) not in given] for pk in leads}
    return {pk: some for pk, some in found.items() if some}
