"""How leads and opportunities are listed, shown, edited, boarded and found."""

from sales.entities.leads import LeadEntity
from sales.entities.opportunities import OpportunityContactEntity, OpportunityEntity

__all__ = ["LeadEntity", "OpportunityContactEntity", "OpportunityEntity"]
