"""What a rule can do to a record: within the rights of whoever it acts for, by the rules of forms, all or nothing."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import translation

from crm.access.models import Scope
from crm.entities import effects
from crm.entities.entity import registry
from crm.entities.testing import every_entity, factory_of
from crm.records.models import Entry
from crm.records.services import change_set
from crm.records.undo import undo
from sales.models import LossReason, Stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def opportunity(seller):
    return factory_of("sales.opportunity")(seller)


def test_fields_are_set_by_the_rules_of_a_form(opportunity, seller, as_actor):
    said = effects.perform(
        "set_fields", opportunity, {"next_step": " Send offer ", "amount": "1.2万"}, actor=as_actor(seller)
    )
    opportunity.refresh_from_db()
    assert (opportunity.next_step, opportunity.amount) == ("Send offer", 12000)
    assert "Send offer" in said
    with pytest.raises(ValidationError, match="Amount"):
        effects.perform("set_fields", opportunity, {"amount": "a lot"}, actor=as_actor(seller))
    assert (
        effects.perform("set_fields", opportunity, {"amount": "12000"}, actor=as_actor(seller)) == "Nothing to change."
    )


def test_rights_are_asked_when_it_runs(opportunity, seller, other, as_actor, field_rule):
    before = Entry.objects.count()
    with pytest.raises(PermissionDenied):
        effects.perform("set_fields", opportunity, {"amount": "5"}, actor=as_actor(other))
    with pytest.raises(PermissionDenied):
        effects.perform("assign", opportunity, {"owner": str(other.pk)}, actor=as_actor(seller))
    field_rule(seller, "sales.opportunity", "amount", "read")
    with pytest.raises(PermissionDenied, match="Amount"):
        effects.perform("set_fields", opportunity, {"amount": "5"}, actor=as_actor(seller))
    assert Entry.objects.count() == before


def test_assigning_asks_for_its_own_right(opportunity, seller, other, as_actor, grant):
    grant(seller, "sales.opportunity", assign=Scope.ALL)
    effects.perform("assign", opportunity, {"owner": str(other.pk)}, actor=as_actor(seller))
    opportunity.refresh_from_db()
    assert opportunity.owner == other


def test_a_verb_is_done_with_what_was_written_down(opportunity, seller, as_actor):
    reason = LossReason.objects.filter(active=True).first() or LossReason.objects.create(name="Price")
    effects.perform("do:lose", opportunity, {"loss_reason": str(reason.pk)}, actor=as_actor(seller))
    opportunity.refresh_from_db()
    assert opportunity.loss_reason == reason
    with pytest.raises(ValidationError):
        effects.perform("do:lose", opportunity, {"loss_reason": str(reason.pk)}, actor=as_actor(seller))
    with pytest.raises(LookupError):
        effects.perform("do:vanish", opportunity, {}, actor=as_actor(seller))


def test_it_says_beforehand_what_it_would_do(seller):
    entity = registry["sales.opportunity"]
    stage = Stage.objects.filter(is_lost=False).first()
    assert effects.describe("do:move", entity, {"stage": str(stage.pk)}, seller) == f"Change stage: Stage: {stage}"
    assert effects.describe("set_fields", entity, {"next_step": "Call"}, seller) == "Set fields: Next step: Call"


def test_all_that_an_actor_does_can_be_one_change_set(opportunity, seller, as_actor):
    changes = change_set("rule", actor=as_actor(seller))
    actor = effects.Actor(seller, "rule:1", changes)
    effects.perform("set_fields", opportunity, {"next_step": "Call"}, actor=actor)
    effects.perform("do:win", opportunity, {}, actor=actor)
    done = undo(changes, actor=as_actor(seller))
    opportunity.refresh_from_db()
    assert (opportunity.next_step, opportunity.state, done.conflicts) == ("", "open", [])


@every_entity
def test_every_effect_of_every_entity_has_a_form_to_write_it_down(label, boss):
    entity = registry[label]
    found = effects.effects_for(entity)
    assert {"set_fields"} <= {e.name for e in found}
    for one in found:
        form = effects.params_form(one, entity, boss)
        assert form is None or form.fields
        assert effects.effect_of(one.name, entity).label == one.label
