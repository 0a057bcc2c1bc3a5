"""Partners, the people who sign in for them, what is forwarded to them and what they register."""

from sales.partners.models.forward import ForwardReport, LeadForward
from sales.partners.models.partner import Partner, PartnerLevel
from sales.partners.models.people import PartnerCredential, PartnerPerson
from sales.partners.models.registration import DealRegistration, RegistrationKey

__all__ = [
    "DealRegistration",
    "ForwardReport",
    "LeadForward",
    "Partner",
    "PartnerCredential",
    "PartnerLevel",
    "PartnerPerson",
    "RegistrationKey",
]
