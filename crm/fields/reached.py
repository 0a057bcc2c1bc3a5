"""Fields whose value lies beside the record: of the record itself, or of the one that links lead to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import pgettext

from crm.fields.field import Field


@dataclass(frozen=True)
class Reached(Field):
    """A value of the record that ``links`` lead to; of the record itself where there are none. Subclasses say where it lies."""

    links: str
    built_in = False

    @cached_property
    def hops(self) -> tuple[models.Field, ...]:
        """The links that lead to the record with the value."""
        model: Any = self.model
        found: list[Any] = []
        for part in self.links.split("__") if self.links else ():
            hop = model._meta.get_field(part)
            if not hop.is_relation:
                raise FieldDoesNotExist(self.name)
            found.append(hop)
            model = hop.related_model
        return tuple(found)

    @cached_property
    def holder(self) -> type[models.Model]:
        """The model whose records hold the value."""
        last: Any = self.hops[-1] if self.hops else None
        return last.related_model if last else self.model

    @cached_property
    def path(self) -> tuple[models.Field, ...]:
        return (*self.hops, self.source)

    @property
    def own_label(self) -> str:
        """What it is called on the record that holds it."""
        return str(self.source.verbose_name)

    @property
    def label(self) -> str:
        if not self.hops:
            return capfirst(self.own_label)
        return pgettext("field of a linked record", "%(link)s · %(field)s") % {
            "link": capfirst(str(self.hops[-1].verbose_name)),
            "field": self.own_label,
        }

    @property
    def relation(self) -> str:
        return self.links

    def holding(self, record: Any) -> Any:
        """The record that holds the value; None when a link on the way is empty."""
        for hop in self.hops:
            if record is None:
                return None
            record = getattr(record, hop.name)
        return record
