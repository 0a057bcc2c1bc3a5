"""The qualification score as a field of leads: columns, filters, conditions, rules."""

from crm.fields.contributed import contribute_fields

contribute_fields(
    "sales.lead", "qualification", "qualification", {"score": "score", "answered": "answered"}, sortable=("score",)
)
