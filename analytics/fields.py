"""The scores as fields of accounts: columns, filters, conditions and orders wherever accounts are listed."""

from crm.fields.contributed import contribute_fields
from customers.purchases import ACCOUNT

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

contribute_fields(ACCOUNT, "rfm", "rfm", CODES, sortable=("score", "amount"), summed=("amount",))
