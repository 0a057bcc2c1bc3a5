"""Colleagues from a file: inactive, without a password, until an administrator lets them in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import models, transaction
from django.db.models import ProtectedError
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.exchange.importing.makers import Maker, makers
from crm.exchange.importing.rows import CREATE, Row
from crm.exchange.importing.targets import Target, TargetField, adapters, headings_of
from crm.exchange.models import Import
from crm.fields.field import resolve
from crm.lib.pinyin import pinyin_key
from crm.records.actor import Actor
from crm.records.audit import audit
from crm.records.models import AuditEvent, ChangeSet
from crm.users.models import Department, User

LABEL = "users.user"
CREATED = "people_imported"

SYNONYMS = {
    "name": (
        "姓名",
        "full name",
        "display name",
        "employee",
        "sales agent",
        "agent",
        "sales rep",
        "员工",
        "员工姓名",
        "销售",
        "业务员",
        "销售员",
    ),
    "username": ("用户名", "login", "account", "user", "账号", "登录名", "工号"),
    "email": ("邮箱", "mail", "email address", "邮件", "电子邮箱"),
    "mobile": ("手机", "phone", "cell", "telephone", "电话", "手机号"),
    "department": ("部门", "office", "regional office", "branch", "region", "team", "分公司", "区域", "团队"),
    "manager": ("上级", "supervisor", "boss", "reports to", "team lead", "主管", "经理", "直属上级"),
}


def may_import(user: Any) -> bool:
    """Whether ``user`` may bring people in: administrators, and whom a role grants it."""
    return bool(user.is_authenticated and user.is_active) and policy.can(user, LABEL, "import")


class PeopleTarget(Target):
    """Users as the rows of a file."""

    icon = "users"
    label = LABEL
    model = User
    keys = ["username", "email", "name"]
    compose: dict[str, Sequence[str]] = {}
    levels: dict[str, tuple[str, ...]] = {}  # type: ignore[assignment]

    def __init__(self, user: Any) -> None:
        self.user = user

    name = gettext_lazy("User")  # type: ignore[assignment]
    plural = gettext_lazy("Users")  # type: ignore[assignment]

    @property
    def url(self) -> str:
        return reverse("admin:users_user_changelist") if self.user.is_superuser else reverse("jobs:list")

    def fitting(self, name: str, rows: Any) -> Any:
        """Any of them."""
        return rows

    @property
    def allowed(self) -> bool:
        return may_import(self.user)

    can_create = can_update = True  # type: ignore[assignment]

    @cached_property
    def fields(self) -> dict[str, TargetField]:
        found = {name: resolve(User, name) for name in SYNONYMS}
        return {
            name: TargetField(field, headings_of(field, SYNONYMS[name]), given=name == "username")
            for name, field in found.items()
        }

    @cached_property
    def checks(self) -> list:
        return []

    @cached_property
    def taken(self) -> set[str]:
        """Names for signing in that exist already."""
        return {name.lower() for name in User.objects.values_list("username", flat=True)}

    def new(self) -> models.Model:
        return User(is_active=False, password=make_password(None))

    def existing(self) -> models.QuerySet:
        return User.objects.all()

    def changeable(self, ids: Any) -> set[int]:
        """A file changes nobody who can sign in: their account is theirs and the administrator's."""
        return set(User.objects.filter(pk__in=ids, is_active=False, is_superuser=False).values_list("pk", flat=True))

    def arrive(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row.verdict == CREATE and not row.record.username:
                row.record.username = username_for(row.record, self.taken)
                self.taken.add(row.record.username.lower())

    def save(self, records: Sequence[Any], *, actor: Actor, changes: ChangeSet | None) -> set[int]:
        new = [r for r in records if r._state.adding]
        old = [r for r in records if not r._state.adding]
        create_people(new, actor)
        if old:
            User.objects.bulk_update(old, list(SYNONYMS), batch_size=500)
        return {r.pk for r in records}


def username_for(person: User, taken: set[str]) -> str:
    """A free name for signing in: the mail's local part, else the name in Latin letters, numbered where needed."""
    source = person.email.partition("@")[0] or pinyin_key(person.name, person=True)
    base = re.sub(r"[^a-z0-9]+", ".", source.lower()).strip(".")[:100] or "user"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}{number}"
    return name


def create_people(people: Sequence[User], actor: Actor) -> None:
    """Create inactive people, and note who did so."""
    if people:
        User.objects.bulk_create(people, batch_size=500)
        audit(actor.user, CREATED, entity=LABEL, record_ids=[p.pk for p in people], cause=actor.cause)


def undo_people(run: Import) -> dict:
    """Delete the people an import created, except those who are in use by now."""
    ids = {
        pk
        for event in AuditEvent.objects.filter(action=CREATED, data__cause=f"import:{run.pk}")
        for pk in event.record_ids
    }
    gone, kept = 0, 0
    for person in User.objects.filter(pk__in=ids):
        try:
            with transaction.atomic():
                if person.is_active or person.last_login:
                    kept += 1
                else:
                    person.delete()
                    gone += 1
        except ProtectedError:
            kept += 1
    ChangeSet.objects.filter(pk=run.changes_id).update(undone_at=Now(), undone_by=run.user)
    return {"records": gone, "conflicts": kept}


def _make_people(names: list[str], user: Any, actor: Actor) -> dict[str, Any]:
    taken = {name.lower() for name in User.objects.values_list("username", flat=True)}
    made = {}
    for name in names:
        made[name] = User(name=name[:100], is_active=False, password=make_password(None))
        made[name].username = username_for(made[name], taken)
        taken.add(made[name].username)
    create_people(list(made.values()), actor)
    return made


def _make_departments(names: list[str], user: Any, actor: Actor) -> dict[str, Any]:
    """New departments stand below the company, where there is just one."""
    roots = list(Department.objects.filter(parent=None)[:2])
    parent = roots[0] if len(roots) == 1 else None
    return {name: Department.objects.get_or_create(name=name[:100], parent=parent)[0] for name in names}


adapters[LABEL] = PeopleTarget
makers[User] = Maker(may_import, _make_people)
makers[Department] = Maker(may_import, _make_departments)
