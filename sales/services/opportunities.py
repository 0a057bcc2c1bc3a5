"""Moving opportunities along their pipeline, and closing them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from sales import kinds
from sales.models import LossReason, Opportunity, Stage, StageHistory
from sales.stages import known_stages

State = Opportunity.State


def save_opportunity(
    opportunity: Opportunity,
    *,
    actor: Actor,
    changes: ChangeSet | None = None,
    before: dict[str, Any] | None = None,
    **data: Any,
) -> Entry | None:
    """Write an opportunity from a form, a file or the API; a changed stage is told as what it means.

    A deal that gets closed without saying when closes today. Raises Conflict on a lost update. ``before``: what it was when it
    was read, from who knows; its version says whether it still is.
    """
    if before is None and not opportunity._state.adding:
        before = _as_stored(opportunity)
    if before is None or before["stage_id"] == opportunity.stage_id:
        return records.save(opportunity, actor=actor, changes=changes, **data)
    target = opportunity.stage
    if target.state != State.OPEN and before["state"] == State.OPEN and opportunity.close_date == before["close_date"]:
        opportunity.close_date = timezone.localdate()
    if target.state != State.LOST:
        opportunity.loss_reason, opportunity.loss_note = None, ""
    data |= {"from": before["stage__name"], "to": target.name}
    return records.save(opportunity, actor=actor, changes=changes, kind=_kind(before["state"], target.state), **data)


def move_stage(
    opportunity: Opportunity, to: Stage | int | str, *, actor: Actor, changes: ChangeSet | None = None
) -> Opportunity:
    """Move to another stage; one that means won or lost closes the opportunity.

    ValidationError when there is no such stage, or (code ``loss_reason``) when the move would lose it without a reason.
    """
    stage = to if isinstance(to, Stage) else _stage(to)
    if stage.is_lost and opportunity.loss_reason_id is None and opportunity.state != State.LOST:
        raise ValidationError(_("Say why it was lost: use “Lose”."), code="loss_reason", params={"action": "lose"})
    before = {
        "stage_id": opportunity.stage_id,
        "stage__name": opportunity.stage.name,
        "state": opportunity.state,
        "close_date": opportunity.close_date,
    }
    opportunity.stage = stage
    save_opportunity(opportunity, actor=actor, changes=changes, before=before)
    return opportunity


def win_opportunity(
    opportunity: Opportunity, *, actor: Actor, amount: Any = None, close_date: date | None = None
) -> Opportunity:
    """Close as won, today unless another day is given. ValidationError when it is closed already."""
    _refuse_closed(opportunity)
    opportunity.stage = _closing_stage(opportunity, is_won=True)
    opportunity.close_date = close_date or timezone.localdate()
    if amount is not None:
        opportunity.amount = amount
    save_opportunity(opportunity, actor=actor, amount=str(opportunity.amount or ""))
    return opportunity


def lose_opportunity(
    opportunity: Opportunity,
    *,
    actor: Actor,
    loss_reason: LossReason,
    loss_note: str = "",
    close_date: date | None = None,
) -> Opportunity:
    """Close as lost, with the reason. ValidationError when it is closed already."""
    _refuse_closed(opportunity)
    opportunity.stage = _closing_stage(opportunity, is_lost=True)
    opportunity.loss_reason, opportunity.loss_note = loss_reason, loss_note
    opportunity.close_date = close_date or timezone.localdate()
    save_opportunity(opportunity, actor=actor, reason=loss_reason.name)
    return opportunity


def reopen_opportunity(opportunity: Opportunity, *, actor: Actor) -> Opportunity:
    """Take a closed opportunity up again in the stage it was closed from, else in the first one."""
    if opportunity.state == State.OPEN:
        raise ValidationError(_("“%(name)s” is open.") % {"name": opportunity})
    stages = opportunity.pipeline.stages.open()
    last = StageHistory.objects.filter(opportunity=opportunity, to_stage=opportunity.stage_id).first()
    stage = (stages.filter(pk=last.from_stage_id).first() if last else None) or stages.first()
    if stage is None:
        raise ValidationError(_("The pipeline “%(name)s” has no open stage.") % {"name": opportunity.pipeline})
    opportunity.stage = stage
    save_opportunity(opportunity, actor=actor)
    return opportunity


def _as_stored(opportunity: Opportunity) -> dict[str, Any] | None:
    """What a move is told from."""
    stored = Opportunity.objects.filter(pk=opportunity.pk)
    return stored.values("stage_id", "stage__name", "state", "close_date").first()


def _kind(before: str, after: str) -> str:
    if after == State.OPEN:
        return kinds.STAGE_MOVED if before == State.OPEN else kinds.REOPENED
    return kinds.WON if after == State.WON else kinds.LOST


def _stage(pk: int | str) -> Stage:
    known = next((stage for stage in known_stages() if str(stage.pk) == str(pk)), None)
    stage = known or (Stage.objects.filter(pk=pk).order_by().first() if str(pk).isdecimal() else None)
    if stage is None:
        raise ValidationError(_("There is no such stage. Load the page again."))
    return stage


def _closing_stage(opportunity: Opportunity, **means: bool) -> Stage:
    stage = opportunity.pipeline.stages.filter(**means).first()
    if stage is None:
        raise ValidationError(
            _("The pipeline “%(name)s” has no stage for that. An administrator can add one.")
            % {"name": opportunity.pipeline}
        )
    return stage


def _refuse_closed(opportunity: Opportunity) -> None:
    if opportunity.state != State.OPEN:
        raise ValidationError(_("“%(name)s” is closed already.") % {"name": opportunity})
