"""Partners, the people who sign in for them, what is forwarded to them, what they register and tell, what we do together."""

from sales.partners.models.coop import CoopOpportunity
from sales.partners.models.document import PartnerDocument
from sales.partners.models.feedback import PartnerFeedback
from sales.partners.models.forward import ForwardReport, LeadForward
from sales.partners.models.partner import Partner, PartnerLevel
from sales.partners.models.people import PartnerCredential, PartnerPerson
from sales.partners.models.registration import DealRegistration

__all__ = [
    "CoopOpportunity",
    "DealRegistration",
    "ForwardReport",
    "LeadForward",
    "Partner",
    "PartnerCredential",
    "PartnerDocument",
    "PartnerFeedback",
    "PartnerLevel",
    "PartnerPerson",
]
