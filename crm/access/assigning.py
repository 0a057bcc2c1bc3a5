"""To whom a user may assign records: what the ``assign`` scope covers. A part of the policy, which hands it on."""

from __future__ import annotations

from django.db.models import Q

from crm.access.models import Scope
from crm.access.snapshot import access_of


def can_assign(user, label: str, owner) -> bool:
    """Whether ``user`` may make ``owner`` the owner of records of the entity: the ``assign`` scope must cover them."""
    access = access_of(user)
    scope = access.scope(label, "assign")
    match scope:
        case Scope.ALL:
            return True
        case Scope.DEPARTMENT:
            return owner.department_id in access.department_ids or owner.pk in access.team_ids
        case Scope.TEAM:
            return owner.pk in access.team_ids
        case Scope.OWN:
            return owner.pk == access.user_id
    return False


def assignable(user, label: str) -> Q:
    """The condition on users that keeps those to whom ``user`` may assign records of the entity."""
    access = access_of(user)
    match access.scope(label, "assign"):
        case Scope.ALL:
            return Q()
        case Scope.DEPARTMENT:
            return Q(department_id__in=access.department_ids) | Q(pk__in=access.team_ids)
        case Scope.TEAM:
            return Q(pk__in=access.team_ids)
    return Q(pk=access.user_id)
