"""Performing a declared verb on one record."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.entities.entity import Action, entity_of
from crm.entities.undoing import done_since, undo_url
from crm.entities.views.base import EntityView
from crm.records.errors import Conflict, Protected
from crm.records.models import Record


class ActionView(EntityView):
    """GET asks for what the verb needs, as a page or as a dialog; POST performs it."""

    template = "action"
    opens = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404:
            if hasattr(self, "bound") and (said := self._gone(kwargs["pk"], kwargs["name"])):
                return said
            raise

    def get(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        record, action = self._find(pk, name)
        if action.page:
            return HttpResponseRedirect(action.page(self.bound.entity, [pk]))
        return self._ask(record, action, self._form(record, action))

    def post(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        record, action = self._find(pk, name)
        if not action.when(record):
            return self._ask(record, action, None, status=409)
        form = self._form(record, action, request.POST)
        if form is not None and not form.is_valid():
            return self._ask(record, action, form, status=422)
        if request.POST.get("version", "") not in {"", str(record.version)}:
            return self._refuse(
                record, action, form, _("%(name)s was changed in the meantime.") % {"name": record}, 409
            )
        started = timezone.now()
        try:
            result = action.perform(record, actor=self.actor, **(form.cleaned_data if form is not None else {}))
        except ValidationError as error:
            return self._invalid(record, action, form, error)
        except Conflict:
            return self._refuse(
                record, action, form, _("%(name)s was changed in the meantime.") % {"name": record}, 409
            )
        except Protected:
            return self._refuse(record, action, form, _("Other records still need %(name)s.") % {"name": record}, 409)
        url = undo_url(done_since(record, started, request.user))
        said = _("%(verb)s: %(name)s") % {"verb": action.label, "name": record}
        messages.success(request, said, extra_tags=f"undo={url}" if url else "")
        return self._go(result if isinstance(result, Record) else record)

    def _gone(self, pk: int, name: str) -> HttpResponse | None:
        """What became of a record that is out of reach since a moment ago, where the verb may tell."""
        action = next((a for a in self.bound.entity.all_actions if a.name == name and a.gone is not None), None)
        if action is None or action.gone is None:
            return None
        told = action.gone(self.bound, pk)
        if not told:
            return None
        dialog = bool(self.request.htmx and not self.request.htmx.boosted)
        return self.page(template="action_gone_dialog" if dialog else "action_gone", status=409, verb=action, told=told)

    def _find(self, pk: int, name: str) -> tuple[Any, Action]:
        """404: no such record or verb. 403: not for this person, or not now."""
        record = self.get_record(pk)
        action = next((a for a in self.bound.entity.all_actions if a.name == name), None)
        if action is None:
            raise Http404
        if not self.bound.may_do(action, record):
            raise PermissionDenied
        return record, action

    def _form(self, record: Model, action: Action, data: Any = None) -> Any:
        form = action.form(data, user=self.request.user, record=record) if action.form else None
        if form is not None and data is not None:
            form.files = self.request.FILES
        return form

    def _ask(
        self, record: Any, action: Action, form: Any, *, status: int = 200, error: str = "", needs: str = ""
    ) -> HttpResponse:
        """``needs`` is the address of what would have to be done first."""
        fits = action.when(record)
        error = error or ("" if fits else _("This can't be done with %(name)s as it is now.") % {"name": record})
        dialog = bool(self.request.htmx and not self.request.htmx.boosted)
        return self.page(
            template="action_dialog" if dialog else "",
            status=status,
            record=record,
            verb=action,
            form=form,
            fits=fits,
            error=error,
            needs=needs,
            here=self.request.get_full_path(),
            cancel_url=self.bound.url("record", record.pk),
        )

    def _invalid(self, record: Any, action: Action, form: Any, error: ValidationError) -> HttpResponse:
        if form is not None:
            named = getattr(error, "error_dict", None)
            if named:
                for field, errors in named.items():
                    form.add_error(field if field in form.fields else None, errors)
            else:
                form.add_error(None, error)
            # The one at hand holds what was refused.
            return self._ask(self.get_record(record.pk), action, form, status=422, needs=getattr(error, "url", ""))
        return self._refuse(record, action, form, " ".join(error.messages), 422, needs=getattr(error, "url", ""))

    def _refuse(self, record: Any, action: Action, form: Any, text: str, status: int, needs: str = "") -> HttpResponse:
        record = self.get_record(record.pk)
        return self._ask(record, action, form, status=status, error=text, needs=needs)

    def _go(self, record: Model) -> HttpResponse:
        """To the record's page, or to the list when it has left the person's reach."""
        entity = entity_of(record)
        seen = type(record).objects.restrict(self.request.user).filter(pk=record.pk).exists()
        url = entity.url("record", record.pk) if seen else entity.url("list")
        if self.request.htmx and not self.request.htmx.boosted:
            return HttpResponse(status=204, headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)
