"""What migrations make step by step, with classes that grow, is what Django makes of the same state anew."""

from __future__ import annotations

from django.db import models
from django.db.migrations.state import ModelState, ProjectState

from crm.embedded.growing import GrowingState


def steps(state: ProjectState) -> None:
    """A model, another that names it, then a field, an index and a constraint."""
    state.add_model(ModelState("a", "House", [("id", models.AutoField(primary_key=True))]))
    state.add_model(
        ModelState(
            "b",
            "Door",
            [("id", models.AutoField(primary_key=True)), ("house", models.ForeignKey("a.House", models.CASCADE))],
        )
    )
    state.add_field("b", "door", "opens", models.ForeignKey("a.House", models.CASCADE, related_name="+"), True)
    state.add_field("b", "door", "wide", models.IntegerField(default=3), False)
    state.add_index("b", "door", models.Index(fields=["wide"], name="wide"))
    state.add_constraint("b", "door", models.CheckConstraint(condition=models.Q(wide__gt=0), name="open"))


def told(state: ProjectState) -> dict:
    """What the classes of a state say of themselves."""
    house, door = (state.apps.get_model(*name) for name in (("a", "house"), ("b", "door")))
    return {
        "fields": [(field.name, field.column, field.has_default()) for field in door._meta.local_fields],
        "to": [field.related_model is house for field in door._meta.local_fields if field.is_relation],
        "back": [(relation.name, relation.related_model is door) for relation in house._meta.related_objects],
        "made": [index.name for index in [*door._meta.indexes, *door._meta.constraints]],
    }


def test_grown_classes_are_those_made_anew():
    grown, plain = GrowingState(), ProjectState()
    assert grown.apps.get_models() == []  # the classes live from here on
    before = grown.clone()
    steps(grown)
    steps(plain)
    assert told(grown) == told(plain)
    assert told(plain) == {
        "fields": [
            ("id", "id", False),
            ("house", "house_id", False),
            ("opens", "opens_id", False),
            ("wide", "wide", False),
        ],
        "to": [True, True],
        "back": [("door", True)],
        "made": ["wide", "open"],
    }
    assert before.apps.get_models() == []
    assert type(before) is GrowingState


def test_a_change_to_what_is_there_makes_the_classes_anew():
    grown = GrowingState()
    assert grown.apps.get_models() == []
    steps(grown)
    old = grown.apps.get_model("b", "door")
    grown.alter_field("b", "door", "wide", models.CharField(max_length=9), True)
    door = grown.apps.get_model("b", "door")
    assert door is not old
    assert isinstance(door._meta.get_field("wide"), models.CharField)


def test_a_copy_links_what_was_there_to_what_came_since():
    first = GrowingState()
    assert first.apps.get_models() == []
    first.add_model(ModelState("a", "House", [("id", models.AutoField(primary_key=True))]))
    copy = first.clone()
    copy.add_model(ModelState("b", "Door", [("id", models.AutoField(primary_key=True))]))
    copy.add_field("a", "house", "door", models.ForeignKey("b.Door", models.CASCADE, null=True), True)
    house, door = copy.apps.get_model("a", "house"), copy.apps.get_model("b", "door")
    assert house._meta.get_field("door").related_model is door
