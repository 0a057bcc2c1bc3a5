"""Working leads: along their statuses, out of them and back."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.records import services as records
from crm.records.actor import Actor
from sales import kinds
from sales.models import Lead

Status = Lead.Status


def move_lead(lead: Lead, to: str, *, actor: Actor) -> Lead:
    """Set the status by hand; converting and invalidating are verbs of their own."""
    refuse_converted(lead)
    if to == Status.CONVERTED:
        raise ValidationError(_("Use “Convert” for that."), code="convert", params={"action": "convert"})
    if to == Status.INVALID:
        raise ValidationError(
            _("Say why it is invalid: use “Mark as invalid”."), code="invalid", params={"action": "disqualify"}
        )
    if to not in Status.values:
        raise ValidationError(_("There is no such status. Load the page again."))
    lead.status, lead.invalid_reason = to, ""
    records.save(lead, actor=actor)
    return lead


def disqualify_lead(lead: Lead, *, actor: Actor, invalid_reason: str) -> Lead:
    """Put a lead aside, with the reason."""
    refuse_converted(lead)
    lead.status, lead.invalid_reason = Status.INVALID, invalid_reason
    records.save(lead, actor=actor, kind=kinds.DISQUALIFIED, reason=invalid_reason)
    return lead


def revive_lead(lead: Lead, *, actor: Actor) -> Lead:
    """Work on an invalid lead again."""
    if lead.status != Status.INVALID:
        raise ValidationError(_("“%(name)s” is not invalid.") % {"name": lead})
    lead.status, lead.invalid_reason = Status.CONTACTED, ""
    records.save(lead, actor=actor, kind=kinds.REVIVED)
    return lead


def refuse_converted(lead: Lead) -> None:
    """ValidationError when the lead has become an account already."""
    if lead.status == Status.CONVERTED:
        raise ValidationError(_("“%(name)s” is converted already.") % {"name": lead})
