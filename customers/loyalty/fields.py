"""Points and level as fields of accounts and contacts."""

from crm.fields.contributed import contribute_fields

CODES = {"balance": "balance", "level": "level", "earned": "earned", "since": "joined_at"}

for label in ("customers.account", "customers.contact"):
    contribute_fields(label, "points", "membership", CODES, sortable=("balance",), summed=("balance",))
