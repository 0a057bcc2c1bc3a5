"""Adding and editing a record, with duplicates shown while typing and conflicts shown field by field."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from crm.customfields.models import Surface
from crm.entities import once
from crm.entities.arranged import changes_with, form_names, variant_of
from crm.entities.brief import Twins, twins_of
from crm.entities.conflicts import compare
from crm.entities.entity import Entity
from crm.entities.forms import EntityForm, entity_form, initial_of
from crm.entities.hints import hints_of
from crm.entities.links import choosable
from crm.entities.once import SentBefore
from crm.entities.undoing import undo_url
from crm.entities.views.base import EntityView
from crm.records.errors import Conflict


class FormView(EntityView):
    """What adding, editing and checking share. In place (``?in_place=1``) the form is a dialog over another form."""

    template = "form"

    @property
    def sent(self) -> str:
        """The key by which a form that adds a record is known when it comes again."""
        key = self.request.POST.get("sent", "")[: once.LONGEST] if self.action == "add" else ""
        return "".join(one for one in key if one.isascii() and one.isalnum())

    @property
    def in_place(self) -> bool:
        return bool(self.request.GET.get("in_place"))

    def new_form(self, data: Any = None) -> EntityForm:
        """The form of a new record, with what the address says filled in."""
        raw = choosable(self.bound, self.request.GET.dict())
        record = self.bound.entity.fresh(self.request.user, raw)
        surface = Surface.QUICK if self.in_place else Surface.FORM
        initial = initial_of(self.bound, raw)
        names = form_names(self.bound, surface, variant_of(self.bound.entity, record, data or initial), raw)
        if names is None and self.in_place:
            names = list(self.bound.quick) or None
        form = entity_form(self.bound, data, self.request.FILES or None, instance=record, names=names, initial=initial)
        form.surface = surface
        if self.in_place:
            form.auto_id = "in_place_%s"  # the form below has fields of the same names
        return form

    def edit_form(self, pk: int, data: Any = None) -> EntityForm:
        """The form of a record; where the conflict page kept the other version, that field is not part of it."""
        links = {self.bound.field(name).relation for name in self.bound.form_names} - {""}
        record = self.get_record(pk, "change", related=links)
        kept = {name for name in self.bound.form_names if data and data.get(f"keep_{name}") == "theirs"}
        names = form_names(self.bound, Surface.FORM, variant_of(self.bound.entity, record, data))
        if kept:
            names = [name for name in names or self.bound.form_names if name not in kept]
        settled = self.bound.entity.settled(record)
        return entity_form(self.bound, data, self.request.FILES or None, instance=record, names=names, settled=settled)

    def show(self, form: EntityForm, *, status: int = 200, **context: Any) -> HttpResponse:
        record = None if form.adding else form.instance
        place = [record.pk] if record else []
        return self.page(
            template="form_dialog" if self.in_place else self.template,
            status=status,
            form=form,
            record=record,
            title=_("Edit %(name)s") % {"name": Truncator(record).chars(60)}
            if record
            else _("New %(entity)s") % {"entity": self.bound.name},
            cancel_url=self.bound.url("record", *place) if record else self.bound.url("list"),
            check_url=self._check_url(*place) if self.warns else "",
            rules_url=self.bound.url("rules_record" if record else "rules", *place),
            reshow=changes_with(self.bound.entity),
            sent="" if record else self.sent or uuid4().hex,
            **context,
        )

    def _check_url(self, *place: int) -> str:
        url = self.bound.url("check_record" if place else "check", *place)
        return f"{url}?in_place=1" if self.in_place else url

    @property
    def warns(self) -> bool:
        """Whether the entity looks for duplicates at all."""
        return type(self.bound.entity).warnings is not Entity.warnings

    def submit(self, form: EntityForm) -> HttpResponse:
        """Save; 422 shows the form again with what was typed, 409 both versions. ``reshow``: only draw it anew."""
        if self.request.POST.get("reshow"):
            form.errors.clear()
            return self.show(form)
        if not form.is_valid():
            return self.show(form, status=422)
        twins = Twins([]) if self.request.POST.get("confirm") else twins_of(form.twins(), self.request.user)
        if twins:
            return self.show(form, status=422, twins=twins, ask=True)
        try:
            if not form.write(actor=self.actor, sent=self.sent):
                # What stands against it may have come at this very moment: shown with the way on.
                twins = twins_of(form.twins(), self.request.user) if self.warns else Twins([])
                return self.show(form, status=422, twins=twins if twins.blocked else Twins([]), ask=True)
        except Conflict as conflict:
            return self.page(template="conflict", status=409, **compare(self.bound, form, conflict.current))
        except SentBefore as before:
            return self.again(before.pk)
        return self.done(form)

    def again(self, pk: int | None) -> HttpResponse:
        """What a form that was sent before leads to: what it made."""
        record = self.bound.records().filter(pk=pk).first()
        if record is not None and self.in_place:
            return self._chosen(record)
        return HttpResponseRedirect(self.bound.url("record", pk) if record else self.bound.url("list"))

    def done(self, form: EntityForm) -> HttpResponse:
        record, request = form.instance, self.request
        if self.in_place:
            return self._chosen(record)
        url = undo_url(form.entry)
        said = _("%(name)s was saved.") if form.entry or form.adding else _("Nothing was changed on %(name)s.")
        messages.success(request, said % {"name": record}, extra_tags=f"undo={url}" if url else "")
        seen = self.bound.can_record("view", record)
        return HttpResponseRedirect(self.bound.url("record", record.pk) if seen else self.bound.url("list"))

    @staticmethod
    def _chosen(record: Any) -> HttpResponse:
        """The form below takes the new record."""
        made = {"id": record.pk, "text": str(record)}
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps({"record-created": made})})


class AddView(FormView):
    """A new record."""

    action = "add"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(self.new_form())

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.sent and (made := once.made_by(request.user, self.bound.entity.label, self.sent)):
            return self.again(made)
        return self.submit(self.new_form(request.POST))


class EditView(FormView):
    """An existing record."""

    action = "change"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.show(self.edit_form(pk))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.submit(self.edit_form(pk, request.POST))


class CheckView(FormView):
    """The duplicates of what is being typed, as a fragment of the form; nothing is written."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.action = "change" if "pk" in kwargs else "add"
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        form = self.new_form(request.POST) if pk is None else self.edit_form(pk, request.POST)
        twins = twins_of(form.twins(), request.user) if self.warns else Twins([])
        return self.page("twins", twins=twins, hints=hints_of(form), form=form)


class RulesView(CheckView):
    """The rules of the form with what was typed, as data: where a verdict hangs on a record that a link leads to."""

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        form = self.new_form(request.POST) if pk is None else self.edit_form(pk, request.POST)
        form.errors  # noqa: B018  (cleans the form, so that the instance holds what was typed)
        return JsonResponse(form.rule_data or {})
