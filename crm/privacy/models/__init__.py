"""The models of privacy."""

from crm.privacy.models.consent import Channel, ConsentPurpose, ConsentRecord, ConsentText
from crm.privacy.models.keeping import RetentionRule, RetentionRun
from crm.privacy.models.people import LegalHold, PersonalField, Suppression, SuppressionHit
from crm.privacy.models.requests import PrivacyRequest

__all__ = [
    "Channel",
    "ConsentPurpose",
    "ConsentRecord",
    "ConsentText",
    "LegalHold",
    "PersonalField",
    "PrivacyRequest",
    "RetentionRule",
    "RetentionRun",
    "Suppression",
    "SuppressionHit",
]
