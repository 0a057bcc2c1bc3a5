"""Effects and nodes as fields of an administration form: cards in an order, every value an ordinary form field, never JSON by hand."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext

from crm.access.models import Role
from crm.approvals import nodes
from crm.entities import effects
from crm.entities.bound import BoundEntity
from crm.entities.builder import builder_fields
from crm.entities.effect_forms import effect_view, read_params
from crm.users.models import User

MOST = 100


class CardsWidget(forms.Widget):
    """Cards that can be added, dragged and removed; their order stands in a hidden input of the field's name."""

    bound: BoundEntity | None = None
    template_name = "approvals/admin/effects.html"

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> str:
        if self.bound is None:
            return render_to_string("approvals/admin/later.html")
        cards = value if isinstance(value, list) else []
        context = {"name": name, "label": self.bound.label, **self.context(cards)}
        return render_to_string(self.template_name, context)

    def context(self, cards: list[Any]) -> dict[str, Any]:
        """What the cards show."""
        raise NotImplementedError

    def ids(self, data: Any, name: str) -> list[str]:
        """The ids of the posted cards, in their order."""
        try:
            found = json.loads(data.get(name) or "[]")
        except ValueError:
            found = []
        found = found if isinstance(found, list) else []
        return [one for one in found if isinstance(one, str) and one.isalnum() and one.isascii() and len(one) < 41][
            :MOST
        ]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data

    def id_for_label(self, id_: str) -> str:
        return ""


class EffectsWidget(CardsWidget):
    """Effects one below the other."""

    def context(self, cards: list[Any]) -> dict[str, Any]:
        assert self.bound is not None
        return {
            "cards": [effect_card(self.bound, one, f"e{secrets.token_hex(5)}") for one in cards],
            "effects": effects.effects_for(self.bound.entity),
            "url": reverse("approvals:effect_card", args=[self.bound.label]),
        }

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        if self.bound is None:
            return []
        return [
            {"effect": effect, "params": read_params(self.bound, data, effect, one)}
            for one in self.ids(data, name)
            if (effect := data.get(f"{one}:effect", ""))
        ]


def effect_card(bound: BoundEntity, one: Mapping[str, Any], card_id: str) -> dict[str, Any]:
    """One effect as the editor shows it."""
    return {"id": card_id, "do": "effect", **effect_view(bound, one, card_id)}


class NodesWidget(CardsWidget):
    """The nodes of a route."""

    template_name = "approvals/admin/nodes.html"

    def context(self, cards: list[Any]) -> dict[str, Any]:
        assert self.bound is not None
        return {
            "cards": [node_card(self.bound, one) for one in cards if isinstance(one, dict)],
            "fields": builder_fields(self.bound),
            "by": nodes.BY.items(),
            "url": reverse("approvals:node_card", args=[self.bound.label]),
        }

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        return [_read_node(data, one) for one in self.ids(data, name)]


def node_card(bound: BoundEntity, node: Mapping[str, Any]) -> dict[str, Any]:
    """One node as the editor shows it."""
    now = nodes.fresh_node() | dict(node)
    chosen = User.objects.filter(pk__in=[pk for pk in now["people"] if isinstance(pk, int)])
    instead = User.objects.filter(pk=now["instead"]).first() if isinstance(now["instead"], int) else None
    entity = bound.entity
    return {
        "id": now["key"],
        "now": now,
        "when": json.dumps(now["when"], ensure_ascii=False) if now["when"] else "",
        "by": _choices(nodes.BY, now["by"]),
        "modes": _choices(nodes.MODE, now["mode"]),
        "selves": _choices(nodes.SELF, now["self"]),
        "nobodies": _choices(nodes.NOBODY, now["nobody"]),
        "lates": _choices(nodes.LATE, now["late"]),
        "people": list(chosen),
        "instead": instead,
        "roles": [(role.pk, role.name, role.pk == now["role"]) for role in Role.objects.all()],
        "people_fields": [(name, label, name == now["field"]) for name, label in nodes.person_fields(bound)],
        "opens": [(name, entity.field(name).label, name in now["opens"]) for name in entity.field_names],
        "edits": [(name, entity.field(name).label, name in now["edits"]) for name in entity.form_names],
    }


def _choices(choices: Mapping[str, Any], chosen: str) -> list[tuple[str, Any, bool]]:
    return [(value, label, value == chosen) for value, label in choices.items()]


def _read_node(data: Any, one: str) -> dict[str, Any]:
    """A node as it was posted; judged by ``check_nodes``."""
    node = nodes.fresh_node() | {"key": one}
    for name in ("name", "kind", "by", "role", "level", "field", "mode", "self", "nobody", "instead", "late"):
        if f"{one}:{name}" in data:
            node[name] = data[f"{one}:{name}"]
    for name in ("hours", "remind"):
        node[name] = data.get(f"{one}:{name}") or 0
    for name in ("people", "opens", "edits"):
        node[name] = [value for value in data.getlist(f"{one}:{name}") if value]
    node["near"] = bool(data.get(f"{one}:near"))
    try:
        node["when"] = json.loads(data.get(f"{one}:when") or "{}")
    except ValueError:
        node["when"] = {"broken": True}
    return node


class CardsField(forms.Field):
    """A list of cards. ``bind_to(bound)`` says of whose fields they speak, and with whose rights."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)
        self.bound: BoundEntity | None = None

    def bind_to(self, bound: BoundEntity) -> None:
        self.bound = self.widget.bound = bound

    def to_python(self, value: Any) -> list[Any]:
        if value and self.bound is None:
            raise ValidationError(gettext("Choose an entity first."))
        return self.judge(value or [])

    def judge(self, value: list[Any]) -> list[Any]:
        """The cards as they are stored."""
        raise NotImplementedError

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != (data or [])


class EffectsField(CardsField):
    """What is done, in order."""

    widget = EffectsWidget

    def judge(self, value: list[Any]) -> list[Any]:
        return nodes.check_effects(value, self.bound) if self.bound else []


class NodesField(CardsField):
    """Who is asked, in order."""

    widget = NodesWidget

    def judge(self, value: list[Any]) -> list[Any]:
        return nodes.check_nodes(value, self.bound) if self.bound else []


class ActivitiesWidget(forms.Widget):
    """So many of a kind: three lines are enough."""

    LINES = 3
    choices: Any = ()

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> str:
        rows = [one for one in value or [] if isinstance(one, dict)][: self.LINES]
        rows += [{"kind": "", "count": 1}] * (self.LINES - len(rows))
        context = {"name": name, "rows": rows, "choices": list(self.choices)}
        return render_to_string("approvals/admin/activities.html", context)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        pairs = zip(data.getlist(f"{name}-kind"), data.getlist(f"{name}-count"), strict=False)
        return [{"kind": kind, "count": count} for kind, count in pairs if kind]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-kind" not in data

    def id_for_label(self, id_: str) -> str:
        return ""


class ActivitiesField(forms.Field):
    """``[{"kind": "visit", "count": 1}]``."""

    widget = ActivitiesWidget

    def __init__(self, *, choices: Mapping[str, Any], **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)
        self.choices = choices
        self.widget.choices = choices.items()

    def to_python(self, value: Any) -> list[dict[str, Any]]:
        found = []
        for one in value or []:
            count = str(one.get("count") or "1")
            if one.get("kind") not in self.choices or not (
                count.isascii() and count.isdigit() and 0 < int(count[:6]) < 100
            ):
                raise ValidationError(gettext("Choose a kind of activity and how many: 1 to 99."))
            found.append({"kind": one["kind"], "count": int(count)})
        return found
