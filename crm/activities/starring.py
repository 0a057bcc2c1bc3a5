"""A person's own stars on records of any entity: set, told to lists, and asked by conditions (“starred by me”)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.activities.models import Star
from crm.entities.panels import panel
from crm.entities.refs import Ref, refs
from crm.entities.starring import tell_stars
from crm.fields.contributed import EVERY, Contributed, Contribution, put_contribution
from crm.records.models import Record

NOTHING = Q(pk__in=())
CHUNK = 100


def set_star(record: Record, user: Any, *, on: bool) -> None:
    """Star a record, or not any more. It is no change of the record: no version, no entry."""
    key = {"entity": record.entity_label(), "record_id": record.pk, "user": user}
    if on:
        Star.objects.bulk_create([Star(**key)], ignore_conflicts=True)
    else:
        Star.objects.filter(**key).delete()


def among(user: Any, label: str, ids: Collection[int]) -> set[int]:
    """Those of the records that the user starred; one query."""
    return set(Star.objects.filter(user=user, entity=label, record_id__in=ids).values_list("record_id", flat=True))


def latest(user: Any, limit: int) -> list[tuple[str, Ref]]:
    """(entity, record) of what the user starred last, as far as they may still see it; a query an entity."""
    stars = Star.objects.filter(user=user).order_by("-since", "-id").values_list("entity", "record_id")
    found: list[tuple[str, Ref]] = []
    for start in range(0, 10 * CHUNK, CHUNK):
        keys = list(stars[start : start + CHUNK])
        seen = refs(user, keys)
        found += [(key[0], seen[key]) for key in keys if seen[key].url]
        if len(found) >= limit or len(keys) < CHUNK:
            break
    return found[:limit]


def star_prefix(label: str) -> str:
    """Where stars on records of the entity are set, but for the id."""
    return reverse("activities:star", args=[label, 0]).removesuffix("0/")


@dataclass(frozen=True)
class StarredField(Contributed):
    """Whether its reader starred the record. Nobody asks about somebody else's stars: without a reader it is never true nor false."""

    user_id: int | None = None

    @cached_property
    def source(self) -> models.Field:
        found = models.BooleanField(_("starred by me"), editable=False)
        found.model, found.name, found.attname, found.column = self.holder, self.given.name, self.given.name, ""
        return found

    def seen_by(self, user: Any) -> StarredField:
        """With the stars of this reader."""
        return StarredField(self.model, self.name, self.links, self.given, user.pk)

    @property
    def relation(self) -> str:
        return self.links

    def raw(self, record: Any) -> bool | None:
        holding = self.holding(record)
        if holding is None or holding.pk is None or self.user_id is None:
            return None
        return bool(among(self.user_id, self.holder._meta.label_lower, [holding.pk]))

    def value(self, record: Any) -> bool | None:
        return self.raw(record)

    def q(self, lookup: str, value: Any) -> Q:
        if self.user_id is None:
            return NOTHING
        stars = Star.objects.filter(user=self.user_id, entity=self.holder._meta.label_lower)
        way = self.links or "pk"
        starred = Q(**{f"{way}__in": stars.values("record_id")})
        return starred if value else ~starred & Q(**{f"{way}__isnull": False})

    def empty(self) -> Q:
        return NOTHING


@panel("*", slot="head", template="activities/star.html")
def star(record: Record, user: Any) -> dict | None:
    """The reader's own star beside the name of a record that is not in the trash."""
    if getattr(record, "deleted_at", None):
        return None
    label = record.entity_label()
    return {"star_url": f"{star_prefix(label)}{record.pk}/", "starred": bool(among(user, label, [record.pk]))}


tell_stars(among=among, address=star_prefix)
put_contribution(Contribution(EVERY, "stars", "mine", shown=False, field=StarredField))
