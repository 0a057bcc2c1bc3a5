"""Whose a sale or a receipt is: the owner's wholly, or that of the deal team by its shares; what nobody has is the owner's.

part = round(worth × (shares before + share)) − round(worth × shares before), so that the parts always add up to the worth.
A part is a figure of whom it counts for: who sees that person's rows sees it, also where the row itself is another's.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Case, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, Round

from crm.entities.bound import knows
from sales.deals.models import DealMember
from sales.planning.models import ZERO, Crediting, Target
from sales.planning.sources import SOURCES, Metric, Source, counted, rows_of
from sales.planning.subjects import Subject, people_within
from sales.planning.worth import YUAN

MEMBER = "deals.dealmember"


def shared(user: Any, metric: str) -> bool:
    """Whether parts of others count; who may not know shares has everything with the owners."""
    return (
        metric in Target.MONEY and knows(user, MEMBER, "user", "share") and Crediting.current() == Crediting.By.SHARES
    )


def parts(user: Any, metric: str, first: date, last: date) -> QuerySet:
    """Rows of a metric for each member that shares in them: ``person``, their department, and ``part`` in yuan.

    ``seen``: the reader sees the row itself, too.
    """
    source = SOURCES[Metric(metric)]
    seen = rows_of(user, metric, first, last)
    alive = Q(**{f"{source.team}__deleted_at__isnull": True, f"{source.team}__share__gt": 0})
    rows = counted(source, source.model.objects.alive(), first, last)
    rows = rows.annotate(of_team=FilteredRelation(source.team, condition=alive)).annotate(
        member=F("of_team__pk"), person=F("of_team__user"), person_department=F("of_team__user__department"),
        share=F("of_team__share"), deal=F("of_team__opportunity"), seen=Exists(seen.filter(pk=OuterRef("pk"))),
    )  # fmt: skip
    rows = rows.filter(Q(seen=True) | people_within(user, source.label, "view", "person", "person_department"))
    rows = rows.filter(member__isnull=False)
    earlier = _given(OuterRef("deal"), pk__lt=OuterRef("member"))
    return rows.annotate(part=_of(earlier + F("share")) - _of(earlier))


def _given(opportunity: Any, **more: Any) -> Coalesce:
    """The shares that members of a sale have, in percent."""
    team = DealMember.objects.filter(opportunity=opportunity, deleted_at__isnull=True, share__gt=0, **more)
    sums = team.order_by().values("opportunity").annotate(given=Sum("share")).values("given")
    return Coalesce(Subquery(sums), ZERO, output_field=YUAN)


def _of(percent: Any) -> Round:
    return Round(F("yuan") * percent / 100, 2, output_field=YUAN)


def credits_of(user: Any, metric: str, subject: Subject, first: date, last: date) -> QuerySet:
    """What ``Actuals.of`` adds up, row by row: ``pk``, ``on`` (the day), ``person`` and ``part``; the latest first."""
    source = SOURCES[Metric(metric)]
    own = rows_of(user, metric, first, last).filter(subject.rows)
    if not shared(user, metric):
        return _told(own.annotate(person=F("owner_id"), part=F("yuan")), source)
    whole = _given(OuterRef(source.team.removesuffix("__team")))
    own = own.annotate(given=whole).annotate(rest=F("yuan") - _of(F("given")))
    kept = Case(When(given=0, then=F("yuan")), default=F("rest"), output_field=YUAN)
    own = own.exclude(given=100).annotate(person=F("owner_id"), part=kept)
    belongs = Q(person_department__in=subject.units) if subject.is_unit else Q(person=subject.pk)
    theirs = parts(user, metric, first, last).filter(belongs)
    both = _told(own, source).union(_told(theirs, source), all=True)
    return both.order_by("-on", "-pk", "person")


def _told(rows: QuerySet, source: Source) -> QuerySet:
    return rows.order_by(f"-{source.day}", "-pk").annotate(on=F(source.day)).values("pk", "on", "person", "part")
