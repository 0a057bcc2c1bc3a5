"""Who gets a record, and where it lies while nobody has it."""

from crm.ownership.models.assignment import AssignmentMember, AssignmentRule
from crm.ownership.models.pooled import AlongRecord, InPool, PooledRecord
from crm.ownership.models.pools import HoldingLimit, Pool, PoolMember, PoolUse
from crm.ownership.models.recycling import RecycleRule, RecycleRun, RecycleVerdict

__all__ = [
    "AlongRecord",
    "AssignmentMember",
    "AssignmentRule",
    "HoldingLimit",
    "InPool",
    "Pool",
    "PoolMember",
    "PoolUse",
    "PooledRecord",
    "RecycleRule",
    "RecycleRun",
    "RecycleVerdict",
]
