"""Links into trees (regions, industries, departments): a node stands for everything below it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet, Subquery

UNDER = ("under", "not_under")


@cache
def is_tree(source: models.Field) -> bool:
    """Whether a field links to nodes that keep their ``path`` from the root down ("/1/4/")."""
    target = source.related_model if source.is_relation else None
    return target is not None and any(field.name == "path" for field in target._meta.concrete_fields)


def below(source: models.Field, ids: Sequence[Any]) -> QuerySet:
    """Ids of the nodes ``ids`` and of all below them, as a subquery: the paths are read by the same statement."""
    nodes = source.related_model._base_manager
    parts = (Q(path__startswith=Subquery(nodes.filter(pk=pk).values("path")[:1])) for pk in ids)
    return nodes.filter(reduce(or_, parts, Q(pk__in=[]))).values("pk")
