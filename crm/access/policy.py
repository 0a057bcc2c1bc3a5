"""Who may do what to which records and fields. The only module that decides.

Everything else asks: query sets through ``restrict()``, views and templates through the bound entity, third-party code
through ``user.has_perm()``. Roles add, they never subtract. Records reach a user by the scope of a grant (own, team,
department and below, all), by a stored condition of a grant, or by a share of that one record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone

from crm.access.assigning import assignable as assignable
from crm.access.assigning import can_assign as can_assign
from crm.access.models import FieldRule, Scope
from crm.access.pooling import outside
from crm.access.snapshot import CLAIM, RELEASE, Access, access_of
from crm.fields.conditions import Reader, parse
from crm.fields.field import AnyField

EVERYTHING = Q()
NOTHING = Q(pk__in=[])
Mode = FieldRule.Mode

# How much of a value a mode lets through, least first.
STRICTNESS = (Mode.HIDDEN, Mode.MASKED, Mode.READ)


def entity_label(model: type[models.Model]) -> str:
    """The string that grants, entries, links and search rows key on: ``"sales.opportunity"``."""
    return model._meta.label_lower


@dataclass(frozen=True)
class Owned:
    """Records belong to their ``owner``; scopes widen from that person to their team and department."""

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        reach, beyond = self.scope(access, entity_label(model), action), beyond_scope(access, model, action)
        if beyond is None:
            return reach
        return beyond if reach == NOTHING else reach | beyond

    def scope(self, access: Access, label: str, action: str) -> Q:
        """The part of it that the scope of the grant decides, by owner and department alone.

        Records that a condition adds and those shared one by one are not in it: ``beyond_scope``.
        """
        scope = access.scope(label, action)
        if scope == Scope.ALL:
            return EVERYTHING
        if scope == Scope.NONE:
            return NOTHING
        reach = Q(owner_id=access.user_id)
        if scope >= Scope.TEAM and len(access.team_ids) > 1:
            reach = Q(owner_id__in=access.team_ids)
        if scope == Scope.DEPARTMENT and access.department_ids:
            reach |= Q(department_id__in=access.department_ids)
        return reach


class _Among(Func):
    """``id = ANY(array)``."""

    template, arg_joiner = "%(expressions)s)", " = ANY("
    output_field: Any = models.BooleanField()


@dataclass(frozen=True)
class Joined(Owned):
    """Owned records that also reach those who take part: the rows ``people`` of a record, each with a ``user`` and whether
    that person ``acts`` on it. Who takes part sees it, who acts changes it, where their roles grant the action at all."""

    people: str = ""

    def joined(self, access: Access, model: type[models.Model], action: str) -> Q | None:
        """The records that reach the user by taking part; None: no such way for the action."""
        if action not in {"view", "change"}:
            return None
        relation: Any = model._meta.get_field(self.people)
        mine = relation.related_model._base_manager.filter(user_id=access.user_id)
        if action == "change":
            mine = mine.filter(acts=True)
        # As an array, which the database looks up by index beside the other branches; a subquery it would test row by row.
        return Q(_Among(F("pk"), ArraySubquery(mine.values(relation.field.attname))))


@dataclass(frozen=True)
class Pooled(Owned):
    """Owned records that may lie in a ``pool`` instead, owned by nobody: its members see and claim them there.

    Whoever keeps the pool does there what their grants let them do with records at all, and assigns from it. For all others,
    except those who see all, a record in a pool is there to be looked at and claimed, whatever else reaches it.
    """

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        label = entity_label(model)
        if action == CLAIM:
            return self.pooled(access, label)
        if action == RELEASE:
            action = "change"
        reach = super().rows(access, model, action)
        beside = self.pools_of(label) not in access.pools or access.scope(label, "view") == Scope.ALL
        if beside or not access.granted(label, action):
            return reach
        if action != "view" and reach not in (NOTHING, Q(owner_id=access.user_id)):
            reach &= Q(pool__isnull=True)
        pools = self.pooled(access, label, keeper=action != "view")
        if pools == NOTHING or reach == EVERYTHING:
            return reach
        return pools if reach == NOTHING else reach | pools

    def pools_of(self, label: str) -> str:
        """The entity whose pools they lie in."""
        return label

    def pooled(self, access: Access, label: str, *, keeper: bool = False) -> Q:
        """The records in the pools that the user is of, or keeps."""
        ids = access.pool_ids(self.pools_of(label), keeper=keeper)
        return Q(pool_id__in=ids) if ids else NOTHING


@dataclass(frozen=True)
class PooledWith(Pooled):
    """Records that go with the one that ``whole`` leads to into its pool, and out of it with who gets that one.

    They are what a claim is for: in the pool only its keepers see them, and who sees all. They are never claimed by themselves.
    """

    whole: str = ""

    def pools_of(self, label: str) -> str:
        whole: Any = apps.get_model(label)._meta.get_field(self.whole).related_model
        return entity_label(whole)

    def pooled(self, access: Access, label: str, *, keeper: bool = False) -> Q:
        return super().pooled(access, label, keeper=True)


@dataclass(frozen=True)
class Via:
    """Records are parts of ``parent``: seeing the parent shows them, changing the parent changes them."""

    parent: str

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        parent: Any = model._meta.get_field(self.parent).related_model
        above = "view" if action in {"view", "export"} else "change"
        if not access.granted(entity_label(model), action):
            return NOTHING
        inner = rows(access, parent, above)
        if inner == EVERYTHING:
            return EVERYTHING
        return Q(**{f"{self.parent}__in": parent._base_manager.filter(inner)})


@dataclass(frozen=True)
class ViaBoth(Via):
    """Ties between two records: who sees both sees the tie, who may also change the ``parent`` may change it."""

    other: str = ""

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        reach, beyond = super().rows(access, model, action), Via(self.other).rows(access, model, "view")
        if NOTHING in (reach, beyond):
            return NOTHING
        return reach & beyond


@dataclass(frozen=True)
class Shared:
    """Records that belong to the company: whoever has the grant, at whatever scope, reaches all of them (by condition alone: those)."""

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        if access.scope(entity_label(model), action) != Scope.NONE:
            return EVERYTHING
        return beyond_scope(access, model, action) or NOTHING


@dataclass(frozen=True)
class Open:
    """Lists that everyone who is signed in may read and choose from (sources, stages); changing them needs the grant."""

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        return EVERYTHING if action == "view" else Shared().rows(access, model, action)


@dataclass(frozen=True)
class SumsOf:
    """Sums over the owned records of the entity ``label``, a row for each owner and department: whoever sees the records sees
    their sums. Records that were shared one by one are not among them: ``shared_beyond`` finds those."""

    label: str

    def rows(self, access: Access, model: type[models.Model], action: str) -> Q:
        return Owned().scope(access, self.label, action)


@dataclass(frozen=True)
class Attached:
    """Records that hang on one of any entity, named by ``on_entity`` and ``on_id``: who sees that one sees them.

    No grant of their own: who may change the other one may change them. With ``authored`` only their owner may, as long as
    the other one is seen. What hangs on nothing yet is its owner's alone; what hangs on something in the trash is not seen.
    """

    authored: bool = False
    # Administrators too reach it only through what it hangs on: that may be private correspondence.
    private: ClassVar[bool] = True

    def rows(self, access: Access, model: type[models.Model], action: str, labels: Collection[str] | None = None) -> Q:
        """``labels``: only of these entities is it asked what hangs on their records (None: of all)."""
        above = "view" if self.authored or action in {"view", "export"} else "change"
        mine = Q(owner_id=access.user_id)
        reach = Q(on_entity="") & mine
        for holder in holders():
            if labels is not None and entity_label(holder) not in labels:
                continue
            inner = rows(access, holder, above)
            if inner != NOTHING:
                if shut := isinstance(holder.access, Pooled) and access.shut(entity_label(holder)):
                    inner &= outside(shut)
                alive = Q(deleted_at__isnull=True) if hasattr(holder, "deleted_at") else EVERYTHING
                found = holder._base_manager.filter(inner, alive, pk=models.OuterRef("on_id"))
                reach |= Q(on_entity=entity_label(holder)) & Q(models.Exists(found))
        return reach & mine if self.authored and action not in {"view", "export"} else reach


def beyond_scope(access: Access, model: type[models.Model], action: str) -> Q | None:
    """Records that reach the user besides the scope of their grants: by a condition of a grant, shared one by one, or by taking
    part; None: none can.

    A condition that can't be understood any more reaches nothing.
    """
    label = entity_label(model)
    if access.scope(label, action) == Scope.ALL or not access.granted(label, action):
        return None
    found: Q | None = None
    for stored in access.conditions_of(label, action):
        reach = _where(access, model, stored)
        found = reach if found is None else found | reach
    if shared := access.shared_ids(label, action):
        found = Q(pk__in=shared) if found is None else found | Q(pk__in=shared)
    if isinstance(model.access, Joined) and (joined := model.access.joined(access, model, action)) is not None:
        found = joined if found is None else found | joined
    return found


def _where(access: Access, model: type[models.Model], stored: dict) -> Q:
    try:
        condition = parse(stored, AnyField(model))
    except ValidationError:
        return NOTHING
    reach = condition.q(Reader(access.user_id, access.team_ids, timezone.now()))
    return NOTHING if reach == EVERYTHING else reach


def joined_records(access: Access, model: type[models.Model]) -> models.QuerySet:
    """The records in which the user takes part, or which lie in a pool that the user is of."""
    joins: Q | None = None
    if isinstance(model.access, Joined):
        joins = model.access.joined(access, model, "view")
    elif isinstance(model.access, Pooled) and access.granted(entity_label(model), "view"):
        joins = model.access.pooled(access, entity_label(model))
    return model._base_manager.filter(NOTHING if joins is None else joins)


def has_joined(access: Access, model: type[models.Model]) -> bool:
    """Whether records of the model may reach the user beside owner, department, condition and share."""
    pooled = isinstance(model.access, Pooled) and model.access.pooled(access, entity_label(model)) != NOTHING
    return pooled or isinstance(model.access, Joined)


def fits(user, record: models.Model, stored: dict) -> bool:
    """Whether the record fulfils a grant's stored condition, read as ``user``."""
    model = type(record)
    return model._base_manager.filter(_where(access_of(user), model, stored), pk=record.pk).exists()


def holders() -> list[type[models.Model]]:
    """Every model whose records others can hang on."""
    return [m for m in apps.get_models() if hasattr(m, "access") and not isinstance(m.access, Attached | SumsOf)]


def follows(label: str) -> bool:
    """Whether the entity's records are reached through those they hang on, without grants of their own."""
    try:
        access = getattr(apps.get_model(label), "access", None)
    except (LookupError, ValueError):
        return False
    return isinstance(access, Attached) or getattr(access, "follows", False)


def rows(access: Access, model: type[models.Model], action: str) -> Q:
    """The condition that keeps only rows of ``model`` on which the user may perform ``action``.

    Correspondence that is ``private`` stays so before administrators, too.
    """
    if not access.timeless:
        return _rows(access, model, action)
    here = apps.get_models()  # the same list as long as there are the same models
    kept = access.reaches.get((model, action))
    if kept is None or kept[0] is not here:
        kept = access.reaches[model, action] = (here, _rows(access, model, action))
    return kept[1]


def _rows(access: Access, model: type[models.Model], action: str) -> Q:
    private = getattr(model.access, "private", False)
    if access.preview and private:
        return NOTHING
    if access.superuser and not private:
        return EVERYTHING
    reach = model.access.rows(access, model, action)
    if action == "view" or reach == NOTHING:
        return reach
    seen = model.access.rows(access, model, "view")  # nobody does anything to what they may not see
    return reach if seen in (EVERYTHING, reach) else reach & seen


def can(user, label: str, action: str) -> bool:
    """Whether the user may perform ``action`` on any record of the entity at all."""
    if not user.is_authenticated:
        return False
    if follows(label):
        return bool(user.is_active) and action in {"view", "change", "delete", "export"}
    return access_of(user).granted(label, action)


def can_record(user, record: models.Model, action: str) -> bool:
    """Whether the user may perform ``action`` on this one record (one query, as rows are decided in SQL)."""
    if not can(user, entity_label(type(record)), action):
        return False
    reach = rows_among(access_of(user), type(record), action, [record.pk])
    return type(record)._base_manager.filter(reach, pk=record.pk).exists()


def rows_among(access: Access, model: type[models.Model], action: str, ids: Collection[int]) -> Q:
    """The condition of ``rows`` where it is only asked about a few ids: what these hang on need not be sought everywhere."""
    if not isinstance(model.access, Attached):
        return rows(access, model, action)
    labels = set(model._base_manager.filter(pk__in=ids).values_list("on_entity", flat=True))
    return model.access.rows(access, model, action, labels)


def allowed(user, record: models.Model, actions: Iterable[str]) -> set[str]:
    """Those of ``actions`` that the user may perform on the record: one query for each reach, not for each action."""
    model, label = type(record), entity_label(type(record))
    reaches: list[tuple[Q, list[str]]] = []
    for action in actions:
        if can(user, label, action):
            reach = rows_among(access_of(user), model, action, [record.pk])
            same = next((names for known, names in reaches if known == reach), None)
            same.append(action) if same is not None else reaches.append((reach, [action]))
    found: set[str] = set()
    for reach, names in reaches:
        if reach == EVERYTHING or model._base_manager.filter(reach, pk=record.pk).exists():
            found.update(names)
    return found


def visible_ids(user, model: type[models.Model], ids: Iterable[int], action: str = "view") -> set[int]:
    """Those of ``ids`` that the user may reach; one query a batch and entity."""
    ids = list(ids)
    if not ids or not can(user, entity_label(model), action):
        return set()
    reach = rows_among(access_of(user), model, action, ids)
    return set(model._base_manager.filter(reach, pk__in=ids).values_list("pk", flat=True))


def shared_beyond(user, model: type[models.Model], action: str = "view") -> Q | None:
    """The condition on records of an owned ``model`` that reach the user by conditions and shares alone; None where none can."""
    access = access_of(user)
    beyond, reach = beyond_scope(access, model, action), Owned().scope(access, entity_label(model), action)
    if beyond is None or reach == EVERYTHING:
        return None
    return beyond if reach == NOTHING else beyond & ~reach


def field_mode(user, steps: Iterable[tuple[str, str]]) -> str | None:
    """The strictest rule on a path of (entity, field) steps: a hidden hop hides the whole path; None when it is free."""
    access = access_of(user)
    if access.superuser or not access.rules:
        return None
    modes = {access.field(label, name) for label, name in steps}
    return next((mode for mode in STRICTNESS if mode in modes), None)
