"""Whether a level is kept by hand, as fields of accounts."""

from crm.fields.contributed import contribute_fields

contribute_fields("customers.account", "levels", "level_hold", {"kept": "level", "lifecycle_kept": "lifecycle"})
