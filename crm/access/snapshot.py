"""The access of one user as one immutable snapshot, kept per process under the policy version."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from django.apps import apps
from django.db.models import Q
from django.utils import timezone

from crm.access.models import FieldRule, Grant, PolicyVersion, RecordShare, Scope
from crm.users.models import Department, Membership

_KEPT: dict[int, Access] = {}
_KEEP_AT_MOST = 2000
# Told at each request which version of the definitions that admins make is the present one. Filled by rooms above.
registry_watchers: list[Callable[[int], None]] = []
# Tells in which pools records of each entity may lie and what they are to a user; set by the room that keeps pools.
pool_sources: list[Callable[..., dict[str, dict[int, PoolReach]]]] = []
# The more a rule lets through, the higher it ranks: over several roles the most permissive one counts.
Mode = FieldRule.Mode
# What pools grant by themselves: whoever is of one may claim, whoever keeps one may assign from it. No role need say so.
CLAIM, RELEASE = "claim", "release"
OF_POOLS = frozenset({CLAIM, "assign"})
# Who may change a record may put it into a pool, where there are any.
NOT_GRANTED = frozenset({CLAIM, RELEASE})
_RANK = {FieldRule.Mode.HIDDEN: 0, FieldRule.Mode.MASKED: 1, FieldRule.Mode.READ: 2}


@dataclass(frozen=True)
class PoolReach:
    """What one pool is to a user: whether they are of it and keep it, which fields are hidden there until a record is claimed,
    and whether its members may write about records before that."""

    name: str
    member: bool = False
    keeper: bool = False
    hidden: frozenset[str] = frozenset()
    notes: bool = False


@dataclass(frozen=True)
class Access:
    """What a user reaches: merged grants with their conditions, field rules, colleagues, departments and shared records."""

    user_id: int
    version: int
    superuser: bool
    scopes: MappingProxyType
    rules: MappingProxyType
    team_ids: tuple[int, ...]
    department_ids: tuple[int, ...]
    shares: MappingProxyType = field(default_factory=lambda: MappingProxyType({}))
    conditions: MappingProxyType = field(default_factory=lambda: MappingProxyType({}))
    preview: bool = False
    roles: tuple[int, ...] = ()
    registry: int = 0
    pools: MappingProxyType = field(default_factory=lambda: MappingProxyType({}))
    # The conditions on rows that ``policy`` has made for it: kept as long as it is itself, where no clock has a say in them.
    reaches: dict[tuple, tuple] = field(default_factory=dict, init=False, compare=False, repr=False)

    @cached_property
    def timeless(self) -> bool:
        """Whether the rows that it reaches do not depend on the moment: no stored condition, no share that ends."""
        lasting = all(until is None for shares in self.shares.values() for _pk, _level, until in shares)
        return lasting and not self.conditions

    def scope(self, label: str, action: str) -> Scope:
        """How far the user reaches with ``action`` on the entity."""
        return Scope.ALL if self.superuser else self.scopes.get((label, action), Scope.NONE)

    def conditions_of(self, label: str, action: str) -> tuple[dict, ...]:
        """Stored conditions whose records the user reaches beyond the scope; none where the scope is all."""
        return () if self.scope(label, action) == Scope.ALL else self.conditions.get((label, action), ())

    def granted(self, label: str, action: str) -> bool:
        """Whether a grant reaches any records at all."""
        if action == RELEASE:
            return self.superuser or (label in self.pools and self.granted(label, "change"))
        if self.scope(label, action) != Scope.NONE or bool(self.conditions_of(label, action)):
            return True
        return action in OF_POOLS and bool(self.pool_ids(label, keeper=action != CLAIM))

    def pool_ids(self, label: str, *, keeper: bool = False) -> tuple[int, ...]:
        """The pools of the entity that the user is of, or keeps."""
        pools = self.pools.get(label, {})
        return tuple(pk for pk, pool in pools.items() if (pool.keeper if keeper else pool.member))

    def closed(self, label: str, name: str) -> frozenset[int]:
        """The pools in which the field is hidden from the user until a record is claimed; who sees all sees that, too."""
        if self.superuser or not self.pools or self.scope(label, "view") == Scope.ALL:
            return frozenset()
        pools = self.pools.get(label, {})
        return frozenset(pk for pk, pool in pools.items() if name in pool.hidden and not pool.keeper)

    def shut(self, label: str) -> frozenset[int]:
        """The pools in which anything is hidden from the user until a record is claimed."""
        if self.superuser or not self.pools or self.scope(label, "view") == Scope.ALL:
            return frozenset()
        return frozenset(pk for pk, pool in self.pools.get(label, {}).items() if pool.hidden and not pool.keeper)

    def field(self, label: str, name: str) -> str | None:
        """The rule for one field, or None when it is free."""
        return None if self.superuser else self.rules.get((label, name))

    def shared_ids(self, label: str, action: str, now: datetime | None = None) -> list[int]:
        """Ids of single records opened to the user, as long as the share lasts; only reading and editing can be shared."""
        now = now or timezone.now()
        wanted = {"view": {"read", "edit"}, "change": {"edit"}}.get(action, set())
        return [
            pk for pk, level, until in self.shares.get(label, ()) if level in wanted and (until is None or until > now)
        ]


def access_of(user) -> Access:
    """The user's access: looked up once a request, rebuilt only when the policy version has moved."""
    found = getattr(user, "_access", None)
    if found is None:
        version, registry = PolicyVersion.objects.values_list("version", "registry").first() or (0, 0)
        for watcher in registry_watchers:
            watcher(registry)
        found = _KEPT.get(user.pk)
        if (
            found is None
            or found.version != version
            or found.registry != registry
            or found.superuser != _is_superuser(user)
        ):
            if len(_KEPT) >= _KEEP_AT_MOST:
                _KEPT.clear()
            found = _KEPT[user.pk] = _build(user, version, registry)
        if getattr(user, "preview", False):
            found = replace(found, preview=True)
        user._access = found
    return found


def _is_superuser(user) -> bool:
    return bool(user.is_active and user.is_superuser)


def _build(user, version: int, registry: int) -> Access:
    if not user.is_active:
        return Access(
            user.pk, version, False, MappingProxyType({}), MappingProxyType({}), (user.pk,), (), registry=registry
        )
    grants = list(
        Grant.objects.filter(role__users=user).values_list("role_id", "entity", "action", "scope", "condition")
    )
    teams, departments = _teams(user), _departments(user)
    return Access(
        user_id=user.pk,
        version=version,
        superuser=_is_superuser(user),
        scopes=MappingProxyType(_merge_scopes(grants)),
        rules=MappingProxyType(_merge_rules(user, grants)),
        team_ids=teams,
        department_ids=departments,
        shares=MappingProxyType(_shares(user)),
        conditions=MappingProxyType(_merge_conditions(grants)),
        roles=tuple(sorted({role for role, *_cell in grants})),
        registry=registry,
        pools=MappingProxyType({label: found for source in pool_sources for label, found in source(user).items()}),
    )


def _merge_scopes(grants: list[tuple]) -> dict[tuple[str, str], Scope]:
    scopes: dict[tuple[str, str], Scope] = {}
    for _role, entity, action, scope, _condition in grants:
        scopes[entity, action] = max(scopes.get((entity, action), Scope.NONE), Scope(scope))
    return scopes


def _merge_conditions(grants: list[tuple]) -> dict[tuple[str, str], tuple[dict, ...]]:
    """Roles add: a record that any of the conditions holds for is reached."""
    found: dict[tuple[str, str], tuple[dict, ...]] = {}
    for _role, entity, action, _scope, condition in grants:
        if condition:
            found[entity, action] = (*found.get((entity, action), ()), condition)
    return found


def _merge_rules(user, grants: list[tuple]) -> dict[tuple[str, str], str]:
    """A rule counts only if every role that grants the entity has one; then the most permissive counts."""
    granting = defaultdict(set)
    for role, entity, _action, scope, condition in grants:
        if scope or condition:
            granting[entity].add(role)
    modes: dict[tuple[str, str], str] = {}
    votes: Counter = Counter()
    for role, entity, name, mode in FieldRule.objects.filter(role__users=user).values_list(
        "role_id", "entity", "field", "mode"
    ):
        if role in granting[entity]:
            key = entity, name
            votes[key] += 1
            modes[key] = max(modes.get(key, mode), mode, key=lambda held: _RANK[Mode(held)])
    return _with_derived({key: mode for key, mode in modes.items() if votes[key] == len(granting[key[0]])})


def _with_derived(modes: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """What says the same as a guarded field is guarded as strictly: ``Model.says_same`` names it."""
    found = dict(modes)
    for (label, name), mode in modes.items():
        try:
            told = getattr(apps.get_model(label), "says_same", {}).get(name, ())
        except (LookupError, ValueError):  # an entity that admins made has been removed
            continue
        for other in told:
            found[label, other] = min(found.get((label, other), mode), mode, key=lambda held: _RANK[Mode(held)])
    return found


def _teams(user) -> tuple[int, ...]:
    mine = Membership.objects.filter(user=user).values("team_id")
    return tuple(sorted({user.pk, *Membership.objects.filter(team__in=mine).values_list("user_id", flat=True)}))


def _departments(user) -> tuple[int, ...]:
    if user.department_id is None:
        return ()
    root = Department.objects.values_list("path", flat=True).get(pk=user.department_id)
    return tuple(Department.objects.filter(path__startswith=root).values_list("pk", flat=True))


def _shares(user) -> dict[str, list[tuple[int, str, datetime | None]]]:
    mine = Q(user=user) | Q(team__members=user)
    if user.department_id:
        mine |= Q(department=user.department_id)
    found = defaultdict(list)
    for entity, pk, level, until in RecordShare.objects.filter(mine).values_list(
        "entity", "record_id", "level", "until"
    ):
        found[entity].append((pk, level, until))
    return dict(found)
