"""Steps of requests in words."""

from django import template

from crm.approvals.kinds import DID
from crm.approvals.models import ApprovalStep
from crm.approvals.picture import skip_reason

register = template.Library()


@register.filter
def did_what(step: ApprovalStep) -> str:
    """What somebody did, to be read after a name."""
    return str(DID.get(step.did, step.did))


@register.filter
def why_passed(step: ApprovalStep) -> str:
    """Why a node needed nobody."""
    return skip_reason(str(step.data.get("why", "")))
