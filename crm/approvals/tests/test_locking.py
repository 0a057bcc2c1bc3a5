"""Under approval a record is locked through every door; afterwards the fields that its process names."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from crm.access.models import Scope
from crm.approvals import services
from crm.approvals.tests.conftest import approve, ask, node, open_task
from crm.entities import bulk, effects
from crm.entities.entity import registry
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from crm.records.undo import undo_entry
from crm.users.models import Absence
from sales.factories import make_role
from sales.models import Opportunity

pytestmark = pytest.mark.django_db
OPPORTUNITY = registry["sales.opportunity"]


def fresh(opportunity):
    return Opportunity.objects.get(pk=opportunity.pk)


def actor(user):
    return Actor(user, "test")


@pytest.fixture
def locked(seller, signers, opportunity, make_process):
    records.save(_with(opportunity, next_step="Before"), actor=actor(seller))
    return ask(make_process(node(signers[0], edits=["next_step"])), opportunity, seller)


def _with(opportunity, **values):
    found = fresh(opportunity)
    for name, value in values.items():
        setattr(found, name, value)
    return found


def test_every_door_is_locked(locked, seller, robot, client, opportunity):
    client.force_login(seller)
    url = OPPORTUNITY.url
    stage = fresh(opportunity).pipeline.stages.exclude(pk=opportunity.stage_id).first()
    before = Opportunity.objects.values().get()
    forms = {
        "edit": (
            url("edit", opportunity.pk),
            {"name": "x", "stage": opportunity.stage_id, "currency": "CNY", "amount": "1"},
        ),
        "inline": (url("cell", opportunity.pk, "amount"), {"amount": "1"}),
        "board": (url("move", opportunity.pk), {"to": stage.pk}),
        "verb": (url("action", opportunity.pk, "win"), {"amount": "1"}),
    }
    for name, (address, data) in forms.items():
        answer = client.post(address, data)
        assert answer.status_code == 422, name
        assert "is locked while" in answer.content.decode(), (
            name,
            answer.context and answer.context.get("form") and answer.context["form"].errors,
        )
    client.post(
        url("bulk", "edit"), {"apply": "1", "selected": opportunity.pk, "change_probability": "1", "probability": "5"}
    )
    client.post(url("delete", opportunity.pk))
    with pytest.raises(ValidationError):
        effects.perform("set_fields", fresh(opportunity), {"amount": "1"}, actor=Actor(robot, "rule:1"))
    with pytest.raises(ValidationError):
        records.save_many([_with(opportunity, amount=1)], actor=Actor(robot, "import:1"))
    changed = Entry.objects.filter(kind="sales.opportunity.changed").latest("id")
    done = undo_entry(changed, actor=actor(seller))
    assert (done.records, len(done.conflicts)) == (0, 1)
    assert Opportunity.objects.values().get() == before


def test_bulk_tells_why(locked, seller, opportunity):
    changes = records.change_set("bulk_edit", actor=actor(seller), entity="sales.opportunity")
    outcome = bulk.run("edit", Opportunity.objects.all(), {"probability": 5}, actor=actor(seller), changes=changes)
    assert outcome.changed == 0
    assert [reason for reason in outcome.refused if "locked while" in reason] and sum(outcome.refused.values()) == 1


def test_the_signer_changes_what_the_node_names_and_nobody_else(locked, seller, signers, robot, opportunity, grant):
    grant(signers[0], "sales.opportunity", change=Scope.ALL)
    records.save(_with(opportunity, next_step="Checked"), actor=actor(signers[0]))
    assert fresh(opportunity).next_step == "Checked"
    for who, values in ((signers[0], {"amount": 1}), (seller, {"next_step": "x"}), (robot, {"next_step": "x"})):
        with pytest.raises(ValidationError) as refused:
            records.save(_with(opportunity, **values), actor=actor(who))
        assert set(refused.value.message_dict) == set(values)
    approve(locked, signers[0])
    with pytest.raises(ValidationError):
        ask(locked.process, opportunity, seller) and records.save(_with(opportunity, amount=1), actor=actor(seller))


def test_a_deputy_may_change_it_too(locked, seller, signers, opportunity):
    now = timezone.now()
    Absence.objects.create(
        user=signers[0], starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), deputy=signers[1]
    )
    records.save(_with(opportunity, next_step="By the deputy"), actor=actor(signers[1]))
    assert fresh(opportunity).next_step == "By the deputy"


def test_its_parts_are_locked_with_it(locked, seller, opportunity):
    from customers.factories import make_contact

    contact = make_contact(owner=seller)
    with pytest.raises(ValidationError, match="locked while"):
        make_role(opportunity, contact)
    services.withdraw(locked, actor=actor(seller))
    make_role(opportunity, contact)


def test_returned_or_withdrawn_it_is_open(locked, seller, signers, opportunity):
    services.send_back(open_task(locked), actor=actor(signers[0]), comment="x")
    records.save(_with(opportunity, amount=2), actor=actor(seller))
    services.ask_again(locked, actor=actor(seller))
    with pytest.raises(ValidationError):
        records.save(_with(opportunity, amount=3), actor=actor(seller))
    services.withdraw(locked, actor=actor(seller))
    records.save(_with(opportunity, amount=3), actor=actor(seller))


def test_fields_stay_locked_until_somebody_with_the_right_unlocks(seller, signers, opportunity, make_process, grant):
    process = make_process(
        node(signers[0]), locks=["amount"], approved=[{"effect": "set_fields", "params": {"amount": "60000"}}]
    )
    instance = ask(process, opportunity, seller)
    approve(instance, signers[0])
    assert fresh(opportunity).amount == 60_000
    records.save(_with(opportunity, next_step="open"), actor=actor(seller))
    with pytest.raises(ValidationError, match="Locked since"):
        records.save(_with(opportunity, amount=1), actor=actor(seller))
    with pytest.raises(PermissionDenied):
        services.unlock(instance, actor=actor(seller))
    grant(signers[1], "sales.opportunity", unlock=Scope.ALL)
    services.unlock(instance, actor=actor(signers[1]))
    records.save(_with(opportunity, amount=1), actor=actor(seller))
    assert Entry.objects.filter(kind="approvals.unlocked", actor=signers[1]).count() == 1


def test_requests_go_with_a_record_that_is_removed_for_good(seller, signers, boss, opportunity, make_process):
    from crm.records.purge import purge

    instance = ask(make_process(node(signers[0])), opportunity, seller)
    services.withdraw(instance, actor=actor(seller))
    records.delete(fresh(opportunity), actor=actor(seller))
    purge([fresh(opportunity)], actor=actor(boss))
    assert not type(instance).objects.exists()
