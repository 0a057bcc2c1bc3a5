"""Fixtures that every test may use: people with roles, and the policy's cells by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase
from django.utils import translation

from crm.access.models import FieldRule, Grant, Role, Scope
from crm.customfields import definitions
from crm.records.actor import Actor
from crm.users.models import Department, Membership, Team, User

# What rooms say of their records to the tests that hold for every entity.
pytest_plugins = [
    "marketing.booking.tests.samples",
    "sales.partners.tests.samples",
    "sales.planning.tests.samples",
    "sales.purchasing.tests.samples",
    "sales.receivables.tests.samples",
]
definitions.assume_none()
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that begin with what the migrations wrote come before those that leave an emptied database behind."""

    def transactional(item: pytest.Item) -> bool:
        marker = item.get_closest_marker("django_db")
        return "live_server" in item.fixturenames or bool(marker and marker.kwargs.get("transaction"))

    def begins_full(item: pytest.Item) -> bool:
        marker = item.get_closest_marker("django_db")
        return bool(marker and marker.kwargs.get("serialized_rollback"))

    places = [number for number, item in enumerate(items) if transactional(item)]
    ordered = sorted((items[number] for number in places), key=lambda item: not begins_full(item))
    for number, item in zip(places, ordered, strict=True):
        items[number] = item


_EMPTY = """
do $$ declare name text; filled boolean; begin
    set local session_replication_role = replica;
    foreach name in array string_to_array('{tables}', ',') loop
        execute format('select exists (select from %s)', name) into filled;
        if filled then execute format('delete from %s', name); end if;
    end loop;
end $$
"""


@pytest.fixture(autouse=True, scope="session")
def quick_flush():
    """After a test that commits, only tables that hold something are emptied: to truncate all of them takes three seconds."""
    kept = {"django_migrations", "django_content_type", "auth_permission"}  # what a migration would fill again at once

    def empty(self: TransactionTestCase) -> None:
        tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - kept)
        quoted = ",".join(map(connection.ops.quote_name, tables))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_EMPTY.format(tables=quoted))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(autouse=True)
def private_files(settings, tmp_path):
    """Uploads of a test go to a directory of its own."""
    settings.PRIVATE_ROOT = settings.MEDIA_ROOT = tmp_path / "private"


@pytest.fixture(autouse=True)
def in_english():
    """Each test begins in the language its users read: what an earlier test's last page was in must not decide."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """pytest-playwright drives the machine's own Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(
            "NO BROWSER: Chromium is not installed (Debian: apt-get install chromium), browser tests do not run"
        )
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return {**browser_type_launch_args, "executable_path": found, "args": arguments}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict) -> dict:
    """A Chinese desktop in Shanghai."""
    viewport = {"width": 1440, "height": 900}
    return {**browser_context_args, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": viewport}


@pytest.fixture
def department(db) -> Department:
    return Department.objects.create(name="华东分公司")


@pytest.fixture
def make_user(db) -> Callable[..., User]:
    """``make_user("li")`` signs in as ``li``; keyword arguments are the model's."""

    def make(username: str, **values) -> User:
        values.setdefault("name", username)
        values.setdefault("language", "en")
        return User.objects.create(username=username, **values)

    return make


@pytest.fixture
def rep(make_user) -> User:
    return make_user("rep", name="林晓")


@pytest.fixture
def other(make_user) -> User:
    return make_user("other", name="陈立")


@pytest.fixture
def boss(make_user) -> User:
    """A superuser."""
    return make_user("boss", is_staff=True, is_superuser=True)


@pytest.fixture
def as_actor() -> Callable[[User], Actor]:
    return lambda user: Actor(user, "test")


@pytest.fixture
def grant(db) -> Callable[..., Role]:
    """``grant(user, "sales.lead", view=Scope.OWN)`` gives the user's own test role those cells."""

    def give(user: User, entity: str, **scopes: Scope) -> Role:
        role, _made = Role.objects.get_or_create(
            code=f"test-{user.username}", defaults={"name": f"Test {user.username}"}
        )
        role.users.add(user)
        cells = [Grant(role=role, entity=entity, action=action, scope=scope) for action, scope in scopes.items()]
        Grant.objects.bulk_create(
            cells, update_conflicts=True, unique_fields=["role", "entity", "action"], update_fields=["scope"]
        )
        forget_access(user)
        return role

    return give


@pytest.fixture
def field_rule(db) -> Callable[..., FieldRule]:
    """``field_rule(user, "sales.lead", "phone", "hidden")`` on the user's own test role."""

    def rule(user: User, entity: str, field: str, mode: str) -> FieldRule:
        role = Role.objects.get(code=f"test-{user.username}")
        made = FieldRule.objects.update_or_create(role=role, entity=entity, field=field, defaults={"mode": mode})[0]
        forget_access(user)
        return made

    return rule


@pytest.fixture
def team(db) -> Callable[..., Team]:
    """``team("North", rep, other)``."""

    def make(name: str, *members: User) -> Team:
        made = Team.objects.create(name=name)
        for user in members:
            Membership.objects.create(team=made, user=user)
            forget_access(user)
        return made

    return make


def forget_access(user: User) -> None:
    """Drop the snapshot that a user object carries for the length of a request."""
    user.__dict__.pop("_access", None)
