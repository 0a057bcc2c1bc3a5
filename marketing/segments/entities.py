"""Segments as records."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, contribute, register
from marketing.segments.forms import ConditionsForm, ListForm
from marketing.segments.models import Segment
from marketing.segments.services import add_to_list, freeze, set_conditions, take_off_list


@register
class SegmentEntity(Entity):
    model = Segment
    icon = "users-group"
    area = "marketing"
    columns = ("name", "of", "kind", "size", "counted_at", "owner", "created_at")
    filters = ("name", "of", "kind", "size", "owner", "created_at", "updated_at")
    search = {"text": ("name", "description")}
    pills = ("of", "kind")
    subtitle = ("owner",)
    quick = ("name", "of", "kind", "description")
    sections = {_("Segment"): ("name", "of", "kind", "description", "size", "counted_at", "owner")}
    inline = ("name", "description", "owner")
    views = (
        View("lists", _("Chosen lists"), {"all": [{"field": "kind", "op": "in", "value": ["static"]}]}, "-created_at"),
    )
    importable = False
    actions = (
        Action(
            "set_conditions", _("Set conditions"), set_conditions, "filter", ConditionsForm, primary=True,
            when=lambda segment: not segment.is_static, automatic=False,
        ),
        Action("freeze", _("Keep as a list"), freeze, "lock", automatic=False),
    )  # fmt: skip


for label in Segment.Of.values:
    contribute(
        label,
        Action(
            "add_to_list",
            _("Add to a list"),
            add_to_list,
            "list-check",
            ListForm,
            "segment",
            bulk=True,
            automatic=False,
        ),
    )
    contribute(
        label,
        Action(
            "take_off_list",
            _("Take off a list"),
            take_off_list,
            "list",
            ListForm,
            "segment",
            bulk=True,
            automatic=False,
        ),
    )
