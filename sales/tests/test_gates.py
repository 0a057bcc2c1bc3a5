"""Stage gates give the same verdict at every door: form, inline, board, verb, bulk, import, effect, API."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone, translation

from crm.access.models import Role, Scope
from crm.activities.models import FollowUp
from crm.api.tests.conftest import Caller
from crm.approvals import services as approvals
from crm.approvals import writing
from crm.approvals.gating import GateRefused
from crm.approvals.models import ApprovalInstance, ApprovalProcess, ApprovalTask
from crm.approvals.nodes import fresh_node
from crm.customfields import definitions
from crm.customfields.models import LogicRule
from crm.entities import bulk, effects
from crm.entities.entity import registry
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.records.undo import undo_entry
from sales import services
from sales.factories import make_opportunity, make_pipeline, make_stage
from sales.models import Opportunity, StageGate, StageHistory

pytestmark = pytest.mark.django_db
ENTITY = registry["sales.opportunity"]
ACTIONS = ("view", "add", "change", "delete", "import")


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def seller(rep, grant):
    for label in ("customers.account", "sales.opportunity", "activities.followup"):
        grant(rep, label, **dict.fromkeys(ACTIONS, Scope.OWN))
    return rep


@pytest.fixture
def deal(seller):
    return make_opportunity(owner=seller, amount=Decimal("1000"), next_step="")


@pytest.fixture
def make_gate(deal):
    def make(to="方案设计", start=None, **values) -> StageGate:
        roles = values.pop("roles", ())
        before = make_stage(start) if start else None
        made = StageGate.objects.create(pipeline=make_pipeline(), from_stage=before, to_stage=make_stage(to), **values)
        made.roles.set(roles)
        return made

    return make


def fresh(deal) -> Opportunity:
    return Opportunity.objects.get(pk=deal.pk)


def at(deal) -> str:
    return fresh(deal).stage.name


def doors(client, seller, deal):
    """Every way to move the deal to 方案设计, each says whether it went there."""
    stage = make_stage("方案设计")
    url = ENTITY.url
    now = fresh(deal)
    fields = {"name": deal.name, "stage": stage.pk, "currency": "CNY", "amount": now.amount, "next_step": now.next_step}

    def moved() -> bool:
        return at(deal) == "方案设计"

    def post(address, data):
        answer = client.post(address, data)
        assert answer.status_code in {200, 204, 302, 422}, (address, answer.status_code)
        return answer

    def attempt(act) -> bool:
        try:
            act()
        except ValidationError:
            return False
        return moved()

    def write_many():
        found = fresh(deal)
        found.stage = stage
        records.save_many([found], actor=Actor(seller, "import:1"))

    def in_bulk():
        changes = records.change_set("bulk", actor=Actor(seller), entity="sales.opportunity")
        verb = bulk.verb_of(_bound(seller), "do-move")
        outcome = bulk.run(
            verb, Opportunity.objects.filter(pk=deal.pk), {"stage": stage}, actor=Actor(seller), changes=changes
        )
        assert outcome.changed + sum(outcome.refused.values()) == 1

    api = Caller.of(seller)
    here = f"sales/opportunities/{deal.pk}/"

    def call(answer) -> bool:
        assert answer[0] in {200, 422}, answer
        return moved()

    return {
        "API": lambda: call(api.patch(here, {"fields": {"stage": stage.pk}})),
        "API verb": lambda: call(api.post(f"{here}do/move/", {"fields": {"stage": stage.pk}})),
        "form": lambda: post(url("edit", deal.pk), fields) and moved(),
        "inline": lambda: post(url("cell", deal.pk, "stage"), {"stage": stage.pk}) and moved(),
        "board": lambda: post(url("move", deal.pk), {"to": stage.pk}) and moved(),
        "verb": lambda: post(url("action", deal.pk, "move"), {"stage": stage.pk}) and moved(),
        "service": lambda: attempt(lambda: services.move_stage(fresh(deal), stage, actor=Actor(seller))),
        "bulk": lambda: in_bulk() or moved(),
        "import": lambda: attempt(write_many),
        "effect": lambda: attempt(
            lambda: effects.perform("set_fields", fresh(deal), {"stage": str(stage.pk)}, actor=Actor(seller))
        ),
    }


def _bound(user):
    from crm.entities.bound import bind

    return bind(ENTITY, user)


def back(deal) -> None:
    Opportunity.objects.filter(pk=deal.pk).update(
        stage=make_stage("需求分析"), stage_entered_at=timezone.now() - timedelta(days=1)
    )


def every_door(client, seller, deal) -> dict[str, bool]:
    verdicts = {}
    client.force_login(seller)
    for name, go in doors(client, seller, deal).items():
        verdicts[name] = go()
        back(deal)
    return verdicts


def test_without_a_gate_every_door_is_open(client, seller, deal):
    assert set(every_door(client, seller, deal).values()) == {True}


GATES = {
    "fields": {"needs": ["next_step"]},
    "condition": {"condition": {"all": [{"field": "amount", "op": "gte", "value": "5000"}]}},
    "activities": {"activities": [{"kind": "visit", "count": 1}]},
}


@pytest.mark.parametrize("what", [*GATES, "roles", "approval"])
def test_every_door_refuses_and_lets_through_the_same(what, client, seller, deal, make_gate, boss):
    role = Role.objects.create(name="Closers", code="closers")
    process = ApprovalProcess.objects.create(entity="sales.opportunity", name="Offer", principal=boss)
    writing.save_version(process, {"nodes": [fresh_node() | {"by": "people", "people": [boss.pk]}]}, actor=Actor())
    writing.switch(process, True)
    values = GATES.get(what) or ({"roles": [role]} if what == "roles" else {"approval": process})
    make_gate(**values)
    back(deal)
    assert set(every_door(client, seller, deal).values()) == {False}
    assert not StageHistory.objects.exists()
    match what:
        case "fields":
            Opportunity.objects.update(next_step="Send the offer")
        case "condition":
            Opportunity.objects.update(amount=5000)
        case "activities":
            visit = FollowUp(owner=seller, kind="visit", text="Was there", on_entity="sales.opportunity", on_id=deal.pk)
            records.save(visit, actor=Actor(seller))
        case "roles":
            role.users.add(seller)
        case "approval":
            made = approvals.start(process, fresh(deal), actor=Actor(seller))
            approvals.approve(ApprovalTask.objects.get(instance=made), actor=Actor(boss))
    verdicts = every_door(client, seller, deal)
    assert set(verdicts.values()) == {True}, verdicts


def test_activities_count_since_it_came_into_the_stage(seller, deal, make_gate):
    make_gate(activities=[{"kind": "visit", "count": 1}])
    visit = FollowUp(
        owner=seller,
        kind="visit",
        text="Long ago",
        on_entity="sales.opportunity",
        on_id=deal.pk,
        happened_at=timezone.now() - timedelta(days=9),
    )
    records.save(visit, actor=Actor(seller))
    with pytest.raises(ValidationError, match="Visit"):
        services.move_stage(fresh(deal), make_stage("方案设计"), actor=Actor(seller))


def test_only_its_transition_is_held(seller, deal, make_gate):
    make_gate(start="方案设计", to="合同谈判", needs=["next_step"])
    services.move_stage(fresh(deal), make_stage("合同谈判"), actor=Actor(seller))
    back(deal)
    services.move_stage(fresh(deal), make_stage("方案设计"), actor=Actor(seller))
    with pytest.raises(ValidationError):
        services.move_stage(fresh(deal), make_stage("合同谈判"), actor=Actor(seller))


def test_creating_and_undoing_are_no_transitions(seller, deal, make_gate):
    services.move_stage(fresh(deal), make_stage("方案设计"), actor=Actor(seller))
    moved = Entry.objects.get(kind="sales.opportunity.stage_moved")
    make_gate(needs=["next_step"])
    make_gate(to="需求分析", needs=["next_step"])
    assert undo_entry(moved, actor=Actor(seller)).records == 1
    assert at(deal) == "需求分析"
    assert make_opportunity(owner=seller, stage=make_stage("方案设计")).stage.name == "方案设计"


def test_the_win_dialog_is_held_too(client, seller, deal, make_gate):
    make_gate(to="赢单", needs=["next_step"])
    client.force_login(seller)
    answer = client.post(ENTITY.url("action", deal.pk, "win"), {"amount": "1"})
    assert answer.status_code == 422 and "Fill in “Next step”" in answer.content.decode()
    assert f"/approvals/gate/sales.opportunity/{deal.pk}/" in answer.content.decode()
    assert fresh(deal).state == "open"


def test_the_board_names_where_to_do_what_is_needed_and_the_move_goes_on_there(client, seller, deal, make_gate):
    make_gate(needs=["next_step", "close_date"])
    client.force_login(seller)
    refused = client.post(ENTITY.url("move", deal.pk), {"to": make_stage("方案设计").pk})
    assert refused.status_code == 422 and "Fill in “Next step”" in refused.content.decode()
    dialog = client.get(refused["X-Dialog"], headers={"HX-Request": "true"})
    assert dialog.status_code == 200 and 'name="next_step"' in dialog.content.decode()
    half = client.post(refused["X-Dialog"], {"next_step": "Call"}, headers={"HX-Request": "true"})
    assert half.status_code == 422 and at(deal) == "需求分析" and fresh(deal).next_step == ""
    done = client.post(
        refused["X-Dialog"], {"next_step": "Call", "close_date": "2030-01-01"}, headers={"HX-Request": "true"}
    )
    assert done.status_code == 204 and done["HX-Refresh"] == "true"
    assert (at(deal), fresh(deal).next_step) == ("方案设计", "Call")
    assert Entry.objects.filter(kind="sales.opportunity.stage_moved").count() == 1


def test_a_dynamic_rule_that_refuses_a_move_asks_for_what_is_missing_by_the_same_dialog(client, seller, deal):
    there = make_stage("方案设计")
    where = {"all": [{"field": "stage", "op": "in", "value": [there.pk]}]}
    LogicRule.objects.create(entity="sales.opportunity", target="next_step", effect="required", where=where)
    definitions.look_again()
    client.force_login(seller)
    refused = client.post(ENTITY.url("move", deal.pk), {"to": there.pk})
    assert refused.status_code == 422 and refused["X-Dialog"].endswith(f"/{deal.pk}/?to={there.pk}")
    verb = client.post(ENTITY.url("action", deal.pk, "move"), {"stage": there.pk}).content.decode()
    assert f"/approvals/gate/sales.opportunity/{deal.pk}/" in verb
    dialog = client.get(refused["X-Dialog"], headers={"HX-Request": "true"}).content.decode()
    assert 'name="next_step"' in dialog and "is required as things stand" in dialog
    half = client.post(refused["X-Dialog"], {"next_step": ""}, headers={"HX-Request": "true"})
    assert half.status_code == 422 and at(deal) == "需求分析"
    done = client.post(refused["X-Dialog"], {"next_step": "Call"}, headers={"HX-Request": "true"})
    assert done.status_code == 204 and (at(deal), fresh(deal).next_step) == ("方案设计", "Call")
    definitions.assume_none()


def test_an_approval_asked_for_at_the_gate_moves_it(client, seller, deal, make_gate, boss):
    process = ApprovalProcess.objects.create(entity="sales.opportunity", name="Offer", principal=boss, by_hand=False)
    writing.save_version(process, {"nodes": [fresh_node() | {"by": "people", "people": [boss.pk]}]}, actor=Actor())
    writing.switch(process, True)
    make_gate(approval=process)
    client.force_login(seller)
    stage = make_stage("方案设计")
    refused = client.post(ENTITY.url("move", deal.pk), {"to": stage.pk})
    dialog = client.get(refused["X-Dialog"], headers={"HX-Request": "true"}).content.decode()
    ask = f"/approvals/ask/sales.opportunity/{deal.pk}/{process.pk}/?to={stage.pk}"
    assert ask in dialog
    assert client.post(ask, {"comment": "Big one"}).status_code == 302
    instance = ApprovalInstance.objects.get()
    assert instance.carry == {"effect": "do:move", "params": {"stage": str(stage.pk)}} and at(deal) == "需求分析"
    approvals.approve(ApprovalTask.objects.get(), actor=Actor(boss))
    assert at(deal) == "方案设计"
    assert Entry.objects.get(kind="sales.opportunity.stage_moved").actor == seller
    # It counts for this stay in the stage alone.
    Opportunity.objects.update(stage=make_stage("需求分析"), stage_entered_at=timezone.now())
    with pytest.raises(ValidationError):
        services.move_stage(fresh(deal), stage, actor=Actor(seller))


def test_by_hand_only_where_the_process_says_so(client, seller, deal, make_gate, boss):
    process = ApprovalProcess.objects.create(entity="sales.opportunity", name="Offer", principal=boss, by_hand=False)
    writing.save_version(process, {"nodes": [fresh_node() | {"by": "people", "people": [boss.pk]}]}, actor=Actor())
    writing.switch(process, True)
    client.force_login(seller)
    address = f"/approvals/ask/sales.opportunity/{deal.pk}/{process.pk}/"
    assert client.post(address, {"comment": "x"}).status_code == 403
    assert client.post(f"{address}?to={make_stage('方案设计').pk}", {"comment": "x"}).status_code == 403
    assert not ApprovalInstance.objects.exists()


def test_what_follows_is_done_in_the_same_transaction(seller, deal, make_gate, boss):
    follow = [{"effect": "set_fields", "params": {"next_step": "Visit"}}]
    gate = make_gate(effects=follow, principal=boss)
    opportunity = services.move_stage(fresh(deal), make_stage("方案设计"), actor=Actor(seller))
    assert fresh(deal).next_step == "Visit" and opportunity.version == fresh(deal).version
    assert Entry.objects.latest("id").cause == f"gate:{gate.pk}"
    back(deal)
    gate.effects = [{"effect": "set_fields", "params": {"amount": "-1"}}]
    gate.save()
    with pytest.raises(ValidationError, match="could not be done"):
        services.move_stage(fresh(deal), make_stage("方案设计"), actor=Actor(seller))
    assert at(deal) == "需求分析"


def test_hostile_addresses_are_refused_politely(client, seller, other, deal, make_gate):
    make_gate(needs=["next_step"])
    client.force_login(seller)
    base = f"/approvals/gate/sales.opportunity/{deal.pk}/"
    for query in ("", "?to=", "?to=x", "?to=-1", "?to=99999999999999999999", "?to=٣", "?to=1'"):
        assert client.get(base + query).status_code == 404, query
    assert client.get(f"/approvals/gate/sales.lead/{deal.pk}/?to=1").status_code == 404
    assert client.get("/approvals/gate/no.such/1/?to=1").status_code == 404
    client.force_login(other)
    assert client.get(f"{base}?to={make_stage('方案设计').pk}").status_code == 404


def test_the_page_shows_the_playbook_and_what_is_missing(client, seller, deal, make_gate):
    stage = deal.stage
    stage.playbook = "Ask for the budget.\n\nMeet the decider."
    stage.save()
    make_gate(needs=["next_step"])
    client.force_login(seller)
    page = client.get(ENTITY.url("record", deal.pk)).content.decode()
    assert "Meet the decider." in page and "Fill in “Next step”" in page and 'class="guarded"' in page


def test_every_process_follows_a_gate_that_was_made_or_taken_away_elsewhere(client, seller, deal, make_gate):
    client.force_login(seller)
    page = ENTITY.url("record", deal.pk)
    assert "guarded" not in client.get(page).content.decode()
    known = definitions.current()
    gate = make_gate(needs=["next_step"])
    definitions._known[:] = [known]  # another process, which was told nothing
    with pytest.raises(GateRefused):
        services.move_stage(fresh(deal), make_stage("方案设计"), actor=Actor(seller))
    assert "guarded" in client.get(page).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("update sales_stagegate set active = false where id = %s", [gate.pk])
    assert "guarded" not in client.get(page).content.decode()
    services.move_stage(fresh(deal), make_stage("方案设计"), actor=Actor(seller))
    assert at(deal) == "方案设计"


def test_the_page_of_an_opportunity_costs_few_queries(client, seller, deal, make_gate, django_assert_max_num_queries):
    client.force_login(seller)
    client.get(ENTITY.url("record", deal.pk))
    with django_assert_max_num_queries(11):
        client.get(ENTITY.url("record", deal.pk))
    make_gate(needs=["next_step"])
    client.get(ENTITY.url("record", deal.pk))
    with django_assert_max_num_queries(14):
        assert "guarded" in client.get(ENTITY.url("record", deal.pk)).content.decode()


def test_every_process_follows_a_stage_that_was_renamed_elsewhere(client, seller, deal):
    client.force_login(seller)
    board = ENTITY.url("board") + f"?pipeline={deal.pipeline_id}"
    assert "方案设计" in client.get(board).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("update sales_stage set name = '做方案' where name = '方案设计'")
    assert "做方案" in client.get(board).content.decode()


def test_an_approval_that_is_not_meant_for_the_record_holds_nothing_back(deal, make_gate, seller):
    process = ApprovalProcess.objects.create(entity="sales.opportunity", name="Large ones", principal=seller)
    large = {"all": [{"field": "amount", "op": "gte", "value": "5000"}]}
    said = {"condition": large, "nodes": [fresh_node() | {"by": "people", "people": [seller.pk]}]}
    writing.save_version(process, said, actor=Actor(seller))
    writing.switch(process, True)
    make_gate(approval=process)
    services.move_stage(deal, make_stage("方案设计"), actor=Actor(seller))
    big = make_opportunity(owner=seller, amount=Decimal("5000"))
    with pytest.raises(ValidationError, match="Large ones"):
        services.move_stage(big, make_stage("方案设计"), actor=Actor(seller))
