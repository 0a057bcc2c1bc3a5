"""What records of partners need before a test that holds for every entity can save one."""

from __future__ import annotations

from crm.entities.testing import readies
from crm.records.actor import Actor
from sales.partners.forwarding import accept_forward
from sales.partners.models import ForwardReport, LeadForward


@readies("partners.forwardreport")
def accepted(report: ForwardReport) -> None:
    """A partner reports of what they accepted, and of nothing else."""
    if report.forward.state == LeadForward.State.SENT:
        accept_forward(report.forward, actor=Actor(report.forward.owner, "test"), answer="We take it.")
