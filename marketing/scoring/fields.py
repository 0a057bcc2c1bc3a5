"""The fit score as a field of leads and accounts."""

from crm.fields.contributed import contribute_fields
from marketing.scoring.models import Of

for label in Of.values:
    contribute_fields(label, "fit", "fit", {"score": "score", "hot": "hot_at"}, sortable=("score",))
