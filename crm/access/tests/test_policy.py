"""The policy's cells, one by one. All of them together stand against an oracle in test_oracle.py."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conftest import forget_access
from crm.access import policy
from crm.access.models import FieldRule, Grant, RecordShare, Role, Scope
from crm.access.snapshot import access_of
from crm.users.models import Department, User
from sales.factories import make_lead
from sales.models import Lead

pytestmark = pytest.mark.django_db
LABEL = "sales.lead"


def test_no_role_reaches_nothing(rep):
    assert not policy.can(rep, LABEL, "view")
    assert access_of(rep).scope(LABEL, "view") == Scope.NONE


def test_roles_add(rep, grant):
    grant(rep, LABEL, view=Scope.OWN)
    wide = Role.objects.create(name="Wide", code="wide")
    Grant.objects.create(role=wide, entity=LABEL, action="view", scope=Scope.ALL)
    wide.users.add(rep)
    forget_access(rep)
    assert access_of(rep).scope(LABEL, "view") == Scope.ALL


def test_an_inactive_superuser_reaches_nothing(boss):
    assert policy.can(boss, LABEL, "delete")
    boss.is_active = False
    boss.save()
    forget_access(boss)
    assert not policy.can(boss, LABEL, "delete")


def test_a_field_rule_counts_only_if_every_granting_role_has_it(rep, grant, field_rule):
    grant(rep, LABEL, view=Scope.OWN)
    field_rule(rep, LABEL, "phone", "hidden")
    assert policy.field_mode(rep, [(LABEL, "phone")]) == "hidden"
    free = Role.objects.create(name="Free", code="free")
    free.users.add(rep)
    forget_access(rep)
    assert policy.field_mode(rep, [(LABEL, "phone")]) == "hidden", "a role that does not grant the entity has no vote"
    Grant.objects.create(role=free, entity=LABEL, action="view", scope=Scope.OWN)
    forget_access(rep)
    assert policy.field_mode(rep, [(LABEL, "phone")]) is None
    FieldRule.objects.create(role=free, entity=LABEL, field="phone", mode="read")
    forget_access(rep)
    assert policy.field_mode(rep, [(LABEL, "phone")]) == "read", "of several rules the most permissive counts"


def test_a_hidden_hop_hides_the_path(rep, grant, field_rule):
    grant(rep, LABEL, view=Scope.OWN)
    field_rule(rep, LABEL, "account", "hidden")
    assert policy.field_mode(rep, [(LABEL, "account"), ("customers.account", "name")]) == "hidden"


def test_any_change_of_rights_is_seen_by_the_next_request(rep, grant):
    grant(rep, LABEL, view=Scope.OWN)
    assert policy.can(rep, LABEL, "view")
    Grant.objects.all().delete()
    assert not policy.can(User.objects.get(pk=rep.pk), LABEL, "view")


def test_assigning_reaches_as_far_as_the_grant(rep, other, team, grant):
    grant(rep, LABEL, view=Scope.ALL, assign=Scope.TEAM)
    assert not policy.can_assign(rep, LABEL, other)
    team("North", rep, other)
    assert policy.can_assign(rep, LABEL, other)


def test_a_department_moves_with_its_path():
    root = Department.objects.create(name="总部")
    east = Department.objects.create(name="华东", parent=root)
    team = Department.objects.create(name="一组", parent=east)
    west = Department.objects.create(name="华西", parent=root)
    east.parent = west
    east.save()
    team.refresh_from_db()
    assert team.path == f"/{root.pk}/{west.pk}/{east.pk}/{team.pk}/"


def test_a_department_can_not_lie_below_itself():
    root = Department.objects.create(name="总部")
    east = Department.objects.create(name="华东", parent=root)
    root.parent = east
    with pytest.raises(Exception, match="below itself"):
        root.save()


def test_a_share_ends(rep, grant):
    grant(rep, LABEL, view=Scope.OWN)
    now = timezone.now()
    RecordShare.objects.create(entity=LABEL, record_id=5, user=rep, until=now + timedelta(hours=1))
    RecordShare.objects.create(entity=LABEL, record_id=6, user=rep, level="edit")
    forget_access(rep)
    access = access_of(rep)
    assert sorted(access.shared_ids(LABEL, "view")) == [5, 6]
    assert access.shared_ids(LABEL, "change") == [6]
    assert access.shared_ids(LABEL, "view", now + timedelta(hours=2)) == [6]
    assert access.shared_ids(LABEL, "delete") == []


def test_conditions_on_rows_are_kept_only_where_no_clock_decides(rep, other, grant, monkeypatch):
    grant(rep, LABEL, view=Scope.OWN)
    lead = make_lead(owner=other)
    forget_access(rep)
    assert policy.rows(access_of(rep), Lead, "view") is policy.rows(access_of(rep), Lead, "view")
    until = timezone.now() + timedelta(hours=1)
    RecordShare.objects.create(entity=LABEL, record_id=lead.pk, user=rep, until=until)
    forget_access(rep)
    assert list(Lead.objects.restrict(rep)) == [lead]
    monkeypatch.setattr(timezone, "now", lambda: until + timedelta(seconds=1))
    assert not Lead.objects.restrict(rep).exists()
