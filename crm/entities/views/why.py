"""“Why can(’t) I see this?”"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from crm.access.explain import explain
from crm.entities.links import is_id
from crm.entities.views.base import EntityView
from crm.entities.views.links import people, suggestions
from crm.users.models import User

ACTIONS = (("view", _("See it")), ("change", _("Change it")), ("delete", _("Delete it")), ("assign", _("Assign it")))


class WhyView(EntityView):
    """The reasons behind the policy's decision: for oneself on what one sees, for anybody when one manages access."""

    template = "why"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        manages = manages_access(request.user)
        record = get_object_or_404(self.bound.model._base_manager, pk=pk) if manages else self.get_record(pk)
        person = self._person() if manages else request.user
        answers = [(label, explain(person, record, action)) for action, label in ACTIONS]
        return self.page("answers", record=record, person=person, answers=answers, manages=manages)

    def _person(self) -> Any:
        asked = self.request.GET.get("user", "")
        if not asked:
            return self.request.user
        if not is_id(asked):
            raise Http404
        return get_object_or_404(User, pk=int(asked))


class PeopleView(EntityView):
    """Suggestions of whom to ask about."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not manages_access(request.user):
            raise PermissionDenied
        found = people(User.objects.filter(is_active=True), request.GET.get("q", ""))
        return suggestions(found)


def manages_access(user: Any) -> bool:
    """Who keeps roles may ask for anybody, also about records they don't see in lists."""
    return user.is_superuser or user.has_perm("access.change_grant")
