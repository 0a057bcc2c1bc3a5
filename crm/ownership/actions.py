"""The verb that entities offer whose records are given to people by rule."""

from django.utils.translation import gettext_lazy as _

from crm.access.snapshot import CLAIM, RELEASE
from crm.entities.entity import Action
from crm.ownership import pools
from crm.ownership.pool_forms import GiveForm, MoveForm, PoolForm
from crm.ownership.services import assign_by_rules

ASSIGN_BY_RULES = Action(
    "assign_by_rules", _("Assign by rules"), assign_by_rules, "route", permission="assign", bulk=True
)

POOL_ACTIONS = (
    Action(
        "claim",
        _("Claim"),
        pools.claim,
        "hand-grab",
        permission=CLAIM,
        when=pools.in_pool,
        primary=True,
        bulk=True,
        gone=pools.gone_from_pool,
        automatic=False,
    ),
    Action(
        "give",
        _("Assign from pool"),
        pools.give,
        "user-share",
        GiveForm,
        permission="assign",
        when=pools.in_pool,
        bulk=True,
        automatic=False,
    ),
    Action(
        "move_pool",
        _("Move to another pool"),
        pools.move,
        "transfer",
        MoveForm,
        permission="assign",
        when=pools.in_pool,
        bulk=True,
    ),
    Action(
        "release",
        _("Put into the pool"),
        pools.release,
        "droplet",
        PoolForm,
        permission=RELEASE,
        when=pools.is_owned,
        bulk=True,
    ),
)
"""What every entity offers whose records may lie in pools."""
