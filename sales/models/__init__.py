"""What we sell to whom: leads, pipelines and opportunities."""

from sales.models.gate import StageGate
from sales.models.lead import Lead
from sales.models.opportunity import Opportunity, OpportunityContact, StageHistory
from sales.models.pipeline import LossReason, Pipeline, Stage
from sales.models.tally import DealTally, MoveTally

__all__ = [
    "DealTally",
    "Lead",
    "LossReason",
    "MoveTally",
    "Opportunity",
    "OpportunityContact",
    "Pipeline",
    "Stage",
    "StageGate",
    "StageHistory",
]
