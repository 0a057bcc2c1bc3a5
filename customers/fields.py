"""What is worked out about accounts and people as fields: columns, filters, conditions and orders wherever they are listed."""

from crm.fields.contributed import contribute_fields

contribute_fields(
    "customers.account",
    "profile",
    "profile",
    {"health": "health", "completeness": "completeness"},
    sortable=("health", "completeness"),
)
contribute_fields(
    "customers.contact", "profile", "profile", {"completeness": "completeness"}, sortable=("completeness",)
)
