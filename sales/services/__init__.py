"""The verbs of sales."""

from sales.services.conversion import Conversion, convert_lead, lead_candidates, may_revert, revert_conversion
from sales.services.leads import disqualify_lead, move_lead, revive_lead
from sales.services.opportunities import (
    lose_opportunity,
    move_stage,
    reopen_opportunity,
    save_opportunity,
    win_opportunity,
)

__all__ = [
    "Conversion",
    "convert_lead",
    "disqualify_lead",
    "lead_candidates",
    "lose_opportunity",
    "may_revert",
    "move_lead",
    "move_stage",
    "reopen_opportunity",
    "revert_conversion",
    "revive_lead",
    "save_opportunity",
    "win_opportunity",
]
