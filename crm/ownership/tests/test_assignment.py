"""Who gets a record by rule: in turn, by load, by weight; who is passed over and why; nothing doubled when many ask at once."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.access.models import Scope
from crm.lib.tests.test_worktime import SHANGHAI
from crm.ownership.choosing import Chooser
from crm.ownership.models import AssignmentMember, AssignmentRule
from crm.ownership.services import assign_many
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import ChangeSet, Entry
from crm.reference.loading import load_regions
from crm.reference.models import Region
from crm.users.models import Absence
from sales.factories import make_lead, make_opportunity, make_stage
from sales.models import Lead

pytestmark = pytest.mark.django_db
SYSTEM = Actor(None, "test")


@pytest.fixture
def people(make_user):
    return [make_user(name) for name in ("ann", "bob", "cai")]


@pytest.fixture
def make_rule(people):
    def make(*who, members=None, **values):
        rule = AssignmentRule.objects.create(**{"entity": "sales.lead", "name": "All", "when": "by_hand", **values})
        for i, user in enumerate(who or people):
            AssignmentMember.objects.create(rule=rule, user=user, position=i, **(members or {}).get(user.username, {}))
        return rule

    return make


@pytest.fixture
def leads(rep):
    return lambda count, **values: [make_lead(owner=rep, **values) for _i in range(count)]


def owners(batch) -> list[str]:
    return [Lead.objects.get(pk=lead.pk).owner.username for lead in batch]


def test_in_turn_goes_on_where_it_stopped(make_rule, leads):
    make_rule()
    first, second = leads(4), leads(2)
    assign_many(first, actor=SYSTEM)
    assign_many(second, actor=SYSTEM)
    assert owners(first) == ["ann", "bob", "cai", "ann"] and owners(second) == ["bob", "cai"]


def test_the_first_rule_that_fits_decides_and_regions_reach_below(make_rule, leads, people, rep):
    load_regions(Region)
    east, hangzhou = Region.objects.get(name="华东"), Region.objects.get(name="杭州市")
    condition = {"all": [{"field": "region", "op": "under", "value": [str(east.pk)]}]}
    make_rule(people[1], name="East", position=0, condition=condition)
    make_rule(people[2], name="Others", position=1)
    inside, outside = leads(1, region=hangzhou), leads(1)
    decisions = assign_many(inside + outside, actor=SYSTEM)
    assert owners(inside + outside) == ["bob", "cai"]
    assert decisions[1].passed == ["East"]


def test_what_lies_below_a_region_is_asked_once_for_a_batch(make_rule, leads, django_assert_max_num_queries):
    load_regions(Region)
    east, hangzhou = Region.objects.get(name="华东"), Region.objects.get(name="杭州市")
    make_rule(condition={"all": [{"field": "region", "op": "under", "value": [str(east.pk)]}]})
    batch = leads(3, region=hangzhou)
    with CaptureQueriesContext(connection) as asked:
        Chooser("sales.lead", timezone.now()).choose(batch[0])
    with django_assert_max_num_queries(len(asked)):
        chooser = Chooser("sales.lead", timezone.now())
        assert [chooser.choose(lead).user.username for lead in batch] == ["ann", "bob", "cai"]


def test_least_busy_counts_open_records_only(make_rule, leads, people):
    ann, bob, _cai = people
    for _i in range(2):
        make_lead(owner=ann)
    for _i in range(3):
        make_lead(owner=bob, status="invalid", invalid_reason="x")
    make_rule(ann, bob, strategy="least_busy")
    batch = leads(3)
    assign_many(batch, actor=SYSTEM)
    assert owners(batch) == ["bob", "bob", "ann"]


def test_shares_follow_weight_and_performance(make_rule, leads, people):
    ann, bob, cai = people
    won = make_stage("赢单")
    make_opportunity(owner=ann, stage=won, amount=Decimal(300), close_date=timezone.localdate())
    make_opportunity(owner=bob, stage=won, amount=Decimal(100), close_date=timezone.localdate())
    make_rule(ann, bob, strategy="weighted", measure="won_90_days")
    batch = leads(40)
    assign_many(batch, actor=SYSTEM)
    assert Counter(owners(batch)) == {"ann": 30, "bob": 10}
    AssignmentRule.objects.all().delete()
    make_rule(bob, cai, strategy="weighted", members={"cai": {"weight": Decimal(3)}})
    batch = leads(8)
    assign_many(batch, actor=SYSTEM)
    assert Counter(owners(batch)) == {"bob": 2, "cai": 6}


def test_who_can_not_take_it_is_passed_over_and_the_log_says_why(make_rule, leads, people, make_user):
    ann, bob, cai = people
    now = datetime(2026, 11, 22, 10, tzinfo=SHANGHAI)  # a Sunday
    gone = make_user("gone", is_active=False)
    Absence.objects.create(user=ann, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1))
    make_lead(owner=bob)
    rule = make_rule(ann, bob, cai, gone, members={"bob": {"capacity": 1}, "cai": {"per_day": 1}})
    batch = leads(2)
    decisions = assign_many(batch, actor=SYSTEM, now=now)
    assert owners(batch) == ["cai", "rep"] and decisions[1].user is None
    entry = Entry.objects.get(kind="ownership.assigned", record_id=batch[0].pk)
    assert entry.data["rule"] == "All"
    assert [(p["user"], p["why"]) for p in entry.data["people"]] == [
        ("ann", "away"), ("bob", "full"), ("cai", "chosen"), ("gone", "inactive"),
    ]  # fmt: skip
    assert [p["why"] for p in decisions[1].people] == []
    rule.fallback = bob
    rule.working_hours = True
    rule.save()
    tomorrow = now + timedelta(days=7)
    fallen = assign_many([batch[1]], actor=SYSTEM, now=tomorrow)[0]
    assert owners(batch[1:]) == ["bob"] and fallen.fallback
    assert {p["user"]: p["why"] for p in fallen.people}["cai"] == "off_hours"


def test_new_records_find_their_owner_in_the_same_transaction(make_rule, rep, people):
    make_rule(people[0], when="received")
    typed = Lead(name="Typed", owner=rep)
    records.save(typed, actor=Actor(rep, "request:1"))
    received = Lead(name="Received", owner=rep)
    records.save(received, actor=Actor(rep, "import:1"))
    named = Lead(name="Named", owner=people[2])
    records.save(named, actor=Actor(rep, "import:1"))
    assert owners([typed, received, named]) == ["rep", "ann", "cai"]
    assert received.version == 2 and received.owner == people[0]


def test_rules_at_rest_or_broken_give_nothing_away(make_rule, leads):
    make_rule(active=False)
    make_rule(condition={"all": [{"field": "nothing", "op": "is", "value": "x"}]})
    batch = leads(1)
    assert assign_many(batch, actor=SYSTEM)[0].user is None and owners(batch) == ["rep"]


def test_the_verb_on_one_record_and_on_many_with_undo(client, make_rule, leads, rep, grant):
    make_rule()
    grant(rep, "sales.lead", view=Scope.ALL, change=Scope.ALL, assign=Scope.ALL)
    client.force_login(rep)
    one, *many = leads(4)
    assert client.post(f"/sales/leads/{one.pk}/do/assign_by_rules/", {"version": one.version}).status_code == 302
    data = {"apply": "1", "selected": [lead.pk for lead in many]}
    assert client.post("/sales/leads/bulk/do-assign_by_rules/", data).status_code == 302
    assert owners([one, *many]) == ["ann", "bob", "cai", "ann"]
    client.post(f"/undo/set/{ChangeSet.objects.latest('id').pk}/")
    assert owners([one, *many]) == ["ann", "rep", "rep", "rep"]


def test_the_verb_needs_the_right_to_assign(client, make_rule, leads, rep, grant):
    make_rule()
    grant(rep, "sales.lead", view=Scope.ALL, change=Scope.ALL)
    client.force_login(rep)
    (lead,) = leads(1)
    assert client.post(f"/sales/leads/{lead.pk}/do/assign_by_rules/", {"version": 1}).status_code == 403
    data = {"apply": "1", "selected": [lead.pk]}
    assert client.post("/sales/leads/bulk/do-assign_by_rules/", data).status_code == 403
    assert client.post("/sales/leads/bulk/do-convert/", data).status_code == 404


def test_a_rule_is_made_in_the_administration_and_previewed(client, boss, people, leads):
    client.force_login(boss)
    url = "/admin/ownership/assignmentrule/"
    posted = {
        "entity": "sales.lead", "name": "East", "position": "0", "when": "by_hand", "strategy": "turn", "active": "on", "condition": "",
        "members-TOTAL_FORMS": "1", "members-INITIAL_FORMS": "0", "members-0-user": people[0].pk, "members-0-weight": "1",
        "members-0-position": "0",
    }  # fmt: skip
    made = client.post(url + "add/", posted)
    rule = AssignmentRule.objects.get()
    assert made.status_code == 302 and made["Location"].startswith(f"{url}{rule.pk}/change/")
    member = rule.members.get()
    change = posted | {"members-INITIAL_FORMS": "1", "members-0-id": member.pk, "members-0-rule": rule.pk}
    bad = client.post(f"{url}{rule.pk}/change/", change | {"condition": '{"all":[{"field":"nothing"}]}'})
    assert bad.status_code == 200 and "There is no field" in bad.content.decode()
    good = '{"all": [{"field": "rating", "op": "in", "value": ["hot"]}]}'
    assert client.post(f"{url}{rule.pk}/change/", change | {"condition": good}).status_code == 302
    hot, cold = leads(1, rating="hot")[0], leads(1)[0]
    before = Entry.objects.count()
    page = client.get(f"{url}{rule.pk}/preview/")
    found = {record.pk: decision.user for record, decision, _why in page.context["lines"]}
    assert found == {hot.pk: people[0], cold.pk: None}
    assert Entry.objects.count() == before and rule.members.get().given == 0
    assert "is one of" in client.get(url).content.decode()


@pytest.mark.django_db(transaction=True)
def test_turns_are_never_doubled_when_many_ask_at_once(make_rule, leads):
    make_rule()
    batches = [leads(3) for _i in range(6)]
    start = Barrier(len(batches))

    def give(batch):
        start.wait()
        assign_many(batch, actor=SYSTEM)
        connection.close()

    threads = [Thread(target=give, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(owners([lead for batch in batches for lead in batch])) == {"ann": 6, "bob": 6, "cai": 6}
    assert sorted(AssignmentMember.objects.values_list("given", flat=True)) == [6, 6, 6]


@pytest.mark.parametrize(("when", "goes_to"), [("received", "rep"), ("all", "ann")])
def test_what_people_enter_in_a_form_stays_theirs_unless_the_rule_says_all(
    client, rep, grant, make_rule, when, goes_to
):
    grant(rep, "sales.lead", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    if when == "all":
        grant(rep, "sales.lead", view=Scope.ALL, add=Scope.ALL, change=Scope.ALL)
    make_rule(when=when)
    client.force_login(rep)
    answer = client.post(
        "/sales/leads/add/", {"name": "王小明", "mobile": "13911170022", "status": "new", "owner": rep.pk}
    )
    assert answer.status_code == 302, answer.context["form"].errors
    assert Lead.objects.get().owner.username == goes_to
