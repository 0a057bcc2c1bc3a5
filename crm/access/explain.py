"""“Why can(’t) I see this?”: the reasons behind a decision of the policy, for any user and record."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext as _

from crm.access import policy
from crm.access.models import Grant, Scope


@dataclass(frozen=True)
class Explanation:
    """The answer and the sentences that lead to it."""

    allowed: bool
    reasons: list[str]


def explain(user, record: models.Model, action: str = "view") -> Explanation:
    """Say why ``user`` may or may not perform ``action`` on ``record``."""
    label = policy.entity_label(type(record))
    access = policy.access_of(user)
    allowed = policy.can_record(user, record, action)
    if not user.is_active:
        return Explanation(False, [_("The account of %(user)s is not active.") % {"user": user}])
    if access.superuser:
        return Explanation(True, [_("%(user)s is an administrator and reaches everything.") % {"user": user}])
    grants = list(Grant.objects.filter(role__users=user, entity=label, action=action).select_related("role"))
    reasons = [
        _("Role “%(role)s” reaches: %(scope)s.") % {"role": grant.role.name, "scope": grant.get_scope_display()}
        for grant in grants
        if grant.scope
    ]
    for grant in grants:
        if grant.condition:
            fits = policy.fits(user, record, grant.condition)
            said = _("Role “%(role)s” reaches records by a condition, and this is one of them.")
            other = _("Role “%(role)s” reaches records by a condition that this one does not fulfil.")
            reasons.append((said if fits else other) % {"role": grant.role.name})
    if not reasons:
        reasons.append(_("No role of %(user)s grants “%(action)s” here.") % {"user": user, "action": action})
    if hasattr(record, "owner_id"):
        reasons += _ownership(access, record, action)
    if isinstance(type(record).access, policy.Via):
        reasons.append(_("It is a part of another record: who sees that one sees this one."))
    return Explanation(allowed, reasons)


def _ownership(access: policy.Access, record: models.Model, action: str) -> list[str]:
    label = policy.entity_label(type(record))
    if getattr(record, "pool_id", None):
        return _pool(access, record, label)
    reasons = [_("The owner is %(owner)s.") % {"owner": record.owner}]
    if record.owner_id == access.user_id:
        reasons.append(_("That is the same person."))
    elif record.owner_id in access.team_ids:
        reasons.append(_("The owner is in the same team."))
    if record.department_id and record.department_id in access.department_ids:
        reasons.append(_("It belongs to the department or one below it."))
    if record.pk in access.shared_ids(label, action):
        reasons.append(_("The record was shared."))
    if policy.joined_records(access, type(record)).filter(pk=record.pk).exists():
        reasons.append(_("That person takes part in it."))
    scope = access.scope(label, action)
    if scope not in {Scope.ALL, Scope.NONE} and len(reasons) == 1:
        reasons.append(_("The owner is outside of that reach."))
    return reasons


def _pool(access: policy.Access, record: models.Model, label: str) -> list[str]:
    """The record lies in a pool: what the user is to that pool, and what it hides."""
    pools = access.pools.get(type(record).access.pools_of(label), {})
    name, reach = str(record.pool), pools.get(record.pool_id)
    reasons = [_("It has no owner: it lies in the pool “%(pool)s”.") % {"pool": name}]
    if reach is not None and reach.keeper:
        reasons.append(_("That person keeps the pool “%(pool)s”.") % {"pool": name})
    elif reach is not None and isinstance(type(record).access, policy.PooledWith):
        reasons.append(_("It goes to whoever claims what it belongs to; until then only the pool’s keepers see it."))
    elif reach is not None and reach.member:
        reasons.append(_("That person is a member of the pool “%(pool)s” and may claim it.") % {"pool": name})
    else:
        reasons.append(_("That person is not a member of the pool “%(pool)s”.") % {"pool": name})
    if record.pk in access.shared_ids(label, "view"):
        reasons.append(_("The record was shared."))
    model = type(record)
    hidden = [str(model._meta.get_field(f).verbose_name) for f in sorted(reach.hidden) if "." not in f] if reach else []
    if record.pool_id in access.shut(label) and hidden:
        reasons.append(_("Hidden until it is claimed: %(fields)s.") % {"fields": ", ".join(hidden)})
    return reasons
