"""One value edited where it stands, in a list or among the facts of a record."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, QueryDict

from crm.entities.arranged import hidden_on
from crm.entities.bound import BoundField
from crm.entities.forms import EntityForm, entity_form, may_write
from crm.entities.views.base import EntityView
from crm.records.errors import Conflict


class CellView(EntityView):
    """GET brings a small form, POST saves it through the entity; ``?show=1`` brings the value back unchanged."""

    action = "change"
    template = "cell"

    def get(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        record, field = self._cell(pk, name)
        if request.GET.get("show"):
            return self.page(template="cell_value", record=record, field=field)
        return self._form(record, field, self._bound_form(record, name))

    def post(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        record, field = self._cell(pk, name)
        hidden = hidden_on(self.bound, record)
        form = self._bound_form(record, name, request.POST)
        if not form.is_valid():
            return self._form(record, field, form, status=422)
        try:
            if not form.write(actor=self.actor):
                return self._form(record, field, form, status=422)
        except Conflict as conflict:
            if conflict.current is None:
                raise Http404 from conflict
            return self._form(
                conflict.current, field, self._bound_form(conflict.current, name), status=409, conflict=True
            )
        seen = self.bound.records("view").filter(pk=pk).first()
        if seen is None:  # given away, out of one's own reach
            return HttpResponse(status=204, headers={"HX-Redirect": self.bound.url("list")})
        answer = self.page(template="cell_value", record=seen, field=field)
        if hidden_on(self.bound, seen) != hidden:  # other fields come and go with this one
            answer["HX-Refresh"] = "true"
        return answer

    def _cell(self, pk: int, name: str) -> tuple[Model, BoundField]:
        if name not in self.bound.form_names:
            raise Http404
        record = self.get_record(pk)
        field = next(iter(self.bound.visible([name])), None)
        if field is None:
            raise Http404
        if not may_write(self.bound, field):
            raise PermissionDenied
        return record, field

    def _bound_form(self, record: Model, name: str, data: QueryDict | None = None) -> EntityForm:
        return entity_form(self.bound, data, instance=record, names=[name])

    def _form(
        self, record: Model, field: BoundField, form: EntityForm, *, status: int = 200, conflict: bool = False
    ) -> HttpResponse:
        form.offer_what_fits()
        return self.page(
            status=status, record=record, field=field, form=form, input=form[field.name], conflict=conflict
        )
