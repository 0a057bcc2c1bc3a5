"""Records over HTTP: the same declarations, forms, verbs and rights as the pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models import Model
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.access.policy import access_of
from crm.api.authentication import TokenAuthentication, TokenThrottle
from crm.api.models import READ, WRITE
from crm.api.parsing import BodyParser, answer, by_field, fields_in, refused
from crm.api.values import form_of, readable_names, told, typed_with, unwritable
from crm.entities.bound import BoundEntity, BoundField, bind
from crm.entities.brief import Twins, twins_of
from crm.entities.constraints import refusal
from crm.entities.entity import Action, entity_at
from crm.entities.forms import EntityForm
from crm.entities.paging import BadCursor
from crm.entities.query import ListQuery, Preferences
from crm.entities.views.base import opened
from crm.lib.http import client_address
from crm.records import services
from crm.records.actor import Actor
from crm.records.audit import audit
from crm.records.errors import Conflict, Protected
from crm.records.models import Record

MOST = 200
GRANTS = {"GET": "view", "POST": "add", "PATCH": "change", "DELETE": "delete"}


class ApiView(APIView):
    """Only by token; JSON in and out. ``guard`` is what ``manage.py surface`` says of a route."""

    guard = "token"
    authentication_classes = (TokenAuthentication,)
    throttle_classes = (TokenThrottle,)
    parser_classes = (BodyParser,)
    renderer_classes = (JSONRenderer,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.auth is None:
            self.permission_denied(request)
        access_of(request.user)  # which also brings entities in line that admins made meanwhile

    def get_exception_handler(self) -> Any:
        return answer

    @property
    def actor(self) -> Actor:
        return Actor(self.request.user, f"api:{self.request.auth.pk}")


class EntityApi(ApiView):
    """The records of one entity, within the rights of the token's person and its scopes."""

    guard = "token, grant: view, add, change or delete"
    bound: BoundEntity

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        entity = entity_at(kwargs["area"], kwargs["slug"])
        if entity is None:
            raise Http404
        self.bound = bind(entity, request.user)
        need = READ if request.method == "GET" else WRITE
        if not request.auth.allows(entity.label, need) or not self.bound.can(self.grant(request)):
            raise PermissionDenied

    def grant(self, request: Request) -> str:
        """The action that must be granted at all; which records it reaches is asked record by record."""
        return GRANTS.get(request.method, "view")

    def record(self, pk: int, action: str = "view") -> Any:
        """404 hides what the token's person may not see, whether it exists or not."""
        relations = {field.relation for field in self.fields} - {""}
        return get_object_or_404(self.bound.records(action).select_related(*relations), pk=pk)

    @cached_property
    def fields(self) -> list[BoundField]:
        return self.bound.visible(readable_names(self.bound))

    def told(self, record: Model) -> dict[str, Any]:
        self.bound.preload(self.fields, [record])
        return told(self.bound, self.fields, record)

    def now(self, pk: int, status: int) -> Response:
        """The record as writing left it, or only its id where that put it out of the person's sight."""
        try:
            return Response(self.told(self.record(pk)), status=status)
        except Http404:
            return Response({"id": pk}, status=status)

    def write(self, form: EntityForm, status: int) -> Response:
        """Save what the form holds, as the page would: 422 names fields, 409 is a possible duplicate or a lost update."""
        if not form.is_valid():
            return refused(form.errors)
        twins = twins_of(form.twins(), self.request.user)
        if twins and (twins.blocked or self.request.data.get("confirm") is not True):
            return self.twinned(twins)
        try:
            if not form.write(actor=self.actor):
                # What refuses may have come at this very moment.
                twins = twins_of(form.twins(), self.request.user)
                return self.twinned(twins) if twins.blocked else refused(form.errors)
        except Conflict:
            current = self.told(self.record(form.instance.pk))
            return refused({"": [_("The record was changed in the meantime.")]}, 409, current=current)
        return self.now(form.instance.pk, status)

    def twinned(self, twins: Twins) -> Response:
        """409: what it looks like, as far as the token's person may know."""
        lines = [{"title": line.title, "url": line.url, "reasons": line.reasons} for line in twins.lines]
        said = _("This looks like a record that exists. Send “confirm”: true to write it all the same.")
        if twins.notes and not len(twins):
            said = _("%(note)s Send “confirm”: true to write it all the same.") % {"note": twins.notes[0]}
        if twins.blocked:
            said = _("Another record has this already, and only one may.")
        return refused({"": [said]}, 409, duplicates=lines, hidden_duplicates=twins.hidden, told=twins.told)


class RecordsView(EntityApi):
    """The list of an entity, and new records."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        params = request.query_params.copy()
        size = (params.pop("limit", None) or ["50"])[-1]
        if not (size.isascii() and size.isdigit() and 0 < int(size[:4]) <= MOST and len(size) < 4):
            return refused({"limit": [_("A number from 1 to %(most)s.") % {"most": MOST}]})
        query = ListQuery(self.bound, params, columns=readable_names(self.bound))
        query.liked = Preferences(size=int(size))
        if query.problems:
            return refused({problem.name: [problem.message] for problem in query.problems})
        try:
            page = query.page()
        except BadCursor:
            return refused({"after": [_("This is no place in this list.")]})
        records = [told(self.bound, query.columns, record) for record in page]
        return Response({"records": records, "next": self._next(page.after)})

    def _next(self, cursor: str) -> str | None:
        """The address of the page behind this one."""
        if not cursor:
            return None
        params = self.request.query_params.copy()
        params["after"] = cursor
        return str(self.request.build_absolute_uri(f"{self.request.path}?{params.urlencode()}"))

    def post(self, request: Request, **kwargs: Any) -> Response:
        given = fields_in(request)
        if errors := unwritable(self.bound, given):
            return refused(errors)
        return self.write(form_of(self.bound, self.bound.entity.fresh(request.user, {}), given), 201)


class RecordView(EntityApi):
    """One record: read, changed, moved to the trash."""

    def get(self, request: Request, pk: int, **kwargs: Any) -> Response:
        record = opened(request.user, self.record(pk))
        address = client_address(request) or None
        audit(request.user, "viewed", entity=self.bound.label, record_ids=[pk], address=address, api=request.auth.pk)
        return Response(self.told(record))

    def patch(self, request: Request, pk: int, **kwargs: Any) -> Response:
        record, given = self.record(pk, "change"), fields_in(request)
        if errors := unwritable(self.bound, given):
            return refused(errors)
        form = form_of(self.bound, record, given)
        version = request.data.get("version")
        if version is not None:
            form.data = form.data.copy()
            form.data["version"] = str(version)
        return self.write(form, 200)

    def delete(self, request: Request, pk: int, **kwargs: Any) -> Response:
        try:
            services.delete(self.record(pk, "delete"), actor=self.actor)
        except Protected:
            return refused({"": [_("Other records still need this one.")]}, 409)
        return Response(status=204)


class VerbView(EntityApi):
    """A verb on one record: ``{"fields": {…}}`` holds what its form asks for."""

    guard = "token, grant: of the verb"

    def grant(self, request: Request) -> str:
        return "view"

    def post(self, request: Request, pk: int, name: str, **kwargs: Any) -> Response:
        action = next((a for a in self.bound.entity.all_actions if a.name == name), None)
        try:
            record: Any = self.record(pk)
        except Http404:
            told = action.gone(self.bound, pk) if action is not None and action.gone is not None else ""
            if told:
                return refused({"": [told]}, 409)
            raise
        if action is None:
            raise Http404
        if not self.bound.may_do(action, record):
            raise PermissionDenied
        if not action.when(record):
            return refused({"": [_("This can't be done with %(name)s as it is now.") % {"name": record}]}, 409)
        form = self._form(action, record, fields_in(request))
        if form is not None and not form.is_valid():
            return refused(form.errors)
        try:
            found = action.perform(record, actor=self.actor, **(form.cleaned_data if form is not None else {}))
        except Conflict:
            return refused({"": [_("The record was changed in the meantime.")]}, 409)
        except Protected:
            return refused({"": [_("Other records still need this one.")]}, 409)
        except IntegrityError as error:
            return refused(by_field(refusal(type(record), error)), 409)
        return self._done(found if isinstance(found, Record) else record)

    def _form(self, action: Action, record: Any, given: dict[str, Any]) -> Any:
        if action.form is None:
            if given:
                raise ValidationError({name[:100]: [_("There is no such field.")] for name in given})
            return None
        blank = action.form(None, user=self.request.user, record=record)
        if unknown := given.keys() - blank.fields.keys():
            raise ValidationError({name[:100]: [_("There is no such field.")] for name in unknown})
        return action.form(typed_with(blank, given), user=self.request.user, record=record)

    def _done(self, record: Any) -> Response:
        """The record that the verb leads to, which may be one of another entity."""
        label = record.entity_label()
        seen = type(record).objects.restrict(self.request.user).filter(pk=record.pk).exists()
        return Response({"entity": label, "id": record.pk, "title": str(record) if seen else None})
