"""The scores as fields of accounts and contacts: columns, filters, conditions and orders wherever these are listed."""

from analytics.models import SCORED
from crm.fields.contributed import contribute_fields

CODES = {
    "class": "rfm_class",
    "score": "score",
    "recency": "recency",
    "frequency": "frequency",
    "monetary": "monetary",
    "last_on": "last_on",
    "times": "times",
    "amount": "amount",
}

for label in SCORED:
    contribute_fields(label, "rfm", "rfm", CODES, sortable=("score", "amount"), summed=("amount",))
