"""One record named by an address or a form, as far as somebody sees it: how pages beside the record page find theirs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404

from crm.access.snapshot import access_of
from crm.entities.bound import BoundEntity, bind
from crm.entities.entity import registry


def seen_record(
    user: Any, label: str, pk: int | str, action: str = "view", *, among: Collection[str] | None = None
) -> tuple[BoundEntity, Any]:
    """The record of the entity ``label`` and the entity bound to ``user``, who may do ``action`` on it.

    404 hides what they don't see, whether it exists or not, what is no entity (of ``among``), and a ``pk`` that is no number;
    403 where they see it but may not do that.
    """
    access_of(user)  # which also brings entities in line that admins made meanwhile
    if label not in registry or (among is not None and label not in among) or not _is_number(pk):
        raise Http404
    bound = bind(registry[label], user)
    if not bound.can("view"):
        raise Http404
    record = get_object_or_404(bound.records(), pk=int(pk))
    if action != "view" and not bound.can_record(action, record):
        raise PermissionDenied
    return bound, record


def _is_number(pk: int | str) -> bool:
    text = str(pk)
    return text.isascii() and text.isdigit() and len(text) < 19
