"""Suggestions for link fields that point at people and at lists kept by admins; entities suggest by their own page."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from crm.entities.links import link_rows, narrowed
from crm.entities.views.base import EntityView
from crm.lib.pinyin import pinyin_forms
from crm.lib.text import fold
from crm.users.models import User

AT_MOST = 30
PEOPLE = 2000


class LinkView(EntityView):
    """JSON of what one link field may point at: by name, by sign-in name, by pinyin."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        field = self.bound.bind_field(self.bound.field(name)) if name in self.bound.field_names else None
        if field is None or not field.source.is_relation or "__" in name:
            raise Http404
        if field.masked:
            raise PermissionDenied
        rows = narrowed(link_rows(self.bound, field.source), request.GET, request.user)
        asked = request.GET.get("q", "")
        return suggestions(people(rows, asked) if field.source.related_model is User else _named(rows, asked))


def suggestions(found: list) -> JsonResponse:
    """What a remote select reads."""
    results = [{"id": row.pk, "text": str(row), "hint": _hint(row)} for row in found[:AT_MOST]]
    return JsonResponse({"results": results, "more": len(found) > AT_MOST})


def _plain(asked: str) -> str:
    return fold(asked[:100].replace("\x00", ""))


def _hint(row: Any) -> str:
    """Where a person or a node of a tree belongs."""
    return str(getattr(row, "department", None) or getattr(row, "parent", None) or "")


def people(rows: QuerySet, asked: str) -> list[User]:
    """There are hundreds of people at most: they are compared one by one, also by the pinyin of their names."""
    asked = _plain(asked)
    found = rows.select_related("department").order_by("name", "pk")[:PEOPLE]
    return [person for person in found if not asked or _answers(person, asked)]


def _answers(person: User, asked: str) -> bool:
    full, initials = pinyin_forms(person.name, person=True)
    return (
        asked in fold(person.name)
        or fold(person.username).startswith(asked)
        or full.startswith(asked)
        or initials.startswith(asked)
    )


def _named(rows: QuerySet, asked: str) -> list:
    names, asked = {f.name for f in rows.model._meta.concrete_fields}, _plain(asked)
    if asked:
        like = Q()
        for name in names & {"name", "code", "name_key"}:
            like |= Q(**{f"{name}__icontains": asked})
        rows = rows.filter(like) if like else rows.none()
    parents = [f.name for f in rows.model._meta.concrete_fields if f.name == "parent" and f.is_relation]
    return list(rows.select_related(*parents)[: AT_MOST + 1] if parents else rows[: AT_MOST + 1])
