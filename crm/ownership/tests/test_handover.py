"""A leaver's whole portfolio goes to somebody else in one job, with history, and comes back in one undo."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from crm.access.models import Scope
from crm.jobs.models import Job
from crm.notifications.models import Notification
from crm.ownership.models import AssignmentMember, AssignmentRule
from crm.records import hooks, services
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from customers.factories import make_account
from customers.models import Account
from sales.factories import make_lead
from sales.models import Lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client, make_user, grant):
    user = make_user("manager", name="周明远")
    for label in ("customers.account", "sales.lead"):
        grant(user, label, view=Scope.ALL, change=Scope.ALL, assign=Scope.ALL)
    client.force_login(user)
    return user


def post(client, person, to, *labels, query="", **more):
    data = {"to": to.pk, "entities": labels, **more}
    return client.post(f"/handover/?person={person.pk}{query}", data)


def test_everything_goes_over_and_comes_back(client, manager, rep, other, django_capture_on_commit_callbacks):
    accounts, leads = [make_account(owner=rep) for _i in range(3)], [make_lead(owner=rep) for _i in range(2)]
    kept = make_lead(owner=manager)
    page = client.get(f"/handover/?person={rep.pk}")
    assert [(b.label, n) for b, n in page.context["form"].found] == [("customers.account", 3), ("sales.lead", 2)]
    with django_capture_on_commit_callbacks(execute=True):
        done = post(client, rep, other, "customers.account", "sales.lead")
    job = Job.objects.get()
    assert done["Location"] == f"/jobs/{job.pk}/" and (job.state, job.updated) == ("done", 5)
    assert not Account.objects.filter(owner=rep).exists() and not Lead.objects.filter(owner=rep).exists()
    assert Lead.objects.get(pk=kept.pk).owner == manager
    entry = Entry.objects.get(kind="ownership.handed_over", entity="sales.lead", record_id=leads[0].pk)
    assert entry.changes == {"owner": [rep.pk, other.pk]} and entry.actor == manager
    client.post(f"/undo/set/{ChangeSet.objects.get().pk}/")
    assert Account.objects.filter(owner=rep).count() == 3 and Lead.objects.filter(owner=rep).count() == 2
    assert accounts[0].pk in set(Account.objects.filter(owner=rep).values_list("pk", flat=True))


def told(user):
    found = Notification.objects.filter(user=user, kind__in=["assigned", "assigned_many"])
    return sorted((one.kind, one.entity, one.data.get("count")) for one in found)


def test_who_got_it_in_vain_is_not_told_any_more(
    client, manager, rep, other, grant, django_capture_on_commit_callbacks
):
    for label in ("customers.account", "sales.lead"):
        grant(other, label, view=Scope.OWN)
    for _i in range(5):
        make_lead(owner=rep)
    [make_account(owner=rep) for _i in range(2)]
    with django_capture_on_commit_callbacks(execute=True):
        post(client, rep, other, "customers.account", "sales.lead")
    assert told(other) == [("assigned", "customers.account", None)] * 2 + [("assigned_many", "", 5)]
    kept = Lead.objects.filter(owner=other).first()
    kept.owner = manager
    services.save(kept, actor=Actor(manager))  # it has moved on: the undo leaves it
    client.post(f"/undo/set/{ChangeSet.objects.get(kind='handover').pk}/")
    assert Lead.objects.filter(owner=rep).count() == 4 and Account.objects.filter(owner=rep).count() == 2
    assert told(other) == [("assigned_many", "", 1)]


def test_what_is_locked_stays_and_is_told_and_all_the_rest_goes(
    client, manager, rep, other, django_capture_on_commit_callbacks
):
    leads = [make_lead(owner=rep) for _i in range(4)]

    def hold(batch):
        if any(record.pk == leads[1].pk for record in batch.after):
            raise ValidationError({"owner": "Under approval."})

    hooks._guards.append(hold)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            post(client, rep, other, "sales.lead")
    finally:
        hooks._guards.remove(hold)
    job = Job.objects.get()
    assert (job.state, job.done, job.updated, job.failed) == ("done", 4, 3, 1)
    assert set(Lead.objects.filter(owner=rep)) == {leads[1]}
    assert "1 × Under approval." in client.get(f"/jobs/{job.pk}/").content.decode()
    client.post(f"/undo/set/{ChangeSet.objects.get().pk}/")
    assert Lead.objects.filter(owner=rep).count() == 4


def test_only_open_work_and_by_rules_first(client, manager, rep, other, make_user, django_capture_on_commit_callbacks):
    hot, cold = make_lead(owner=rep, rating="hot"), make_lead(owner=rep)
    over = make_lead(owner=rep, status="invalid", invalid_reason="x")
    condition = {"all": [{"field": "rating", "op": "in", "value": ["hot"]}]}
    rule = AssignmentRule.objects.create(entity="sales.lead", name="Hot", when="by_hand", condition=condition)
    star = make_user("star")
    AssignmentMember.objects.create(rule=rule, user=star)
    with django_capture_on_commit_callbacks(execute=True):
        post(client, rep, other, "sales.lead", query="&open_only=on", by_rules="on")
    assert [Lead.objects.get(pk=lead.pk).owner for lead in (hot, cold, over)] == [star, other, rep]


def test_it_reaches_no_further_than_the_right_to_assign(client, rep, other, make_user, grant):
    grant(rep, "sales.lead", view=Scope.ALL, change=Scope.ALL, assign=Scope.OWN)
    client.force_login(rep)
    assert client.get("/handover/").status_code == 403
    boss = make_user("teamlead")
    grant(boss, "sales.lead", view=Scope.ALL, assign=Scope.TEAM)
    make_lead(owner=other)
    client.force_login(boss)
    page = client.get(f"/handover/?person={other.pk}")
    assert page.context["form"].found == []
    refused = post(client, other, rep, "sales.lead")
    assert refused.status_code == 422 and not Job.objects.exists()


def test_nobody_gives_to_whom_they_may_not(client, make_user, rep, other, team, grant):
    lead = make_lead(owner=rep)
    boss = make_user("teamlead")
    team("North", boss, rep)
    grant(boss, "sales.lead", view=Scope.TEAM, assign=Scope.TEAM)
    client.force_login(boss)
    refused = post(client, rep, other, "sales.lead")
    assert refused.status_code == 422 and "may not give" in refused.content.decode()
    assert Lead.objects.get(pk=lead.pk).owner == rep


def test_people_are_found_as_one_types(client, manager, rep, other, make_user):
    gone = make_user("gone", name="高离任", is_active=False)
    make_account(owner=rep)
    page = client.get(f"/handover/?person={rep.pk}").content.decode()
    assert 'data-remote="/handover/people/all/"' in page and 'data-remote="/handover/people/active/"' in page
    assert str(rep) in page and other.name not in page

    def found(which: str) -> list[int]:
        return [one["id"] for one in client.get(f"/handover/people/{which}/", {"q": "高离"}).json()["results"]]

    assert (found("all"), found("active")) == ([gone.pk], [])
    assert client.get("/handover/people/nobody/").status_code == 404
    client.force_login(rep)
    assert client.get("/handover/people/all/").status_code == 403
