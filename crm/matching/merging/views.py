"""Records side by side, the merge, what it moved, and its way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm.entities.bound import bind
from crm.entities.brief import brief, twins_of
from crm.entities.entity import registry
from crm.entities.views.base import EntityView
from crm.matching.merging.actions import merge_page
from crm.matching.merging.choosing import Sides, sides
from crm.matching.merging.models import MergeOperation
from crm.matching.merging.picking import PickForm
from crm.matching.merging.services import FEWEST, MERGE, MOST, Overtaken, merge, mergeable
from crm.matching.merging.telling import carried, moved_by, what_was_left
from crm.matching.merging.unmerging import LaterMerge, may_unmerge, unmerge
from crm.records.actor import Actor
from crm.records.errors import Conflict


class MergeView(EntityView):
    """One record: which others? Two to ten: side by side. POST merges, or with ``take`` shows all values of one record chosen."""

    action = MERGE
    template = "merge"

    def get(self, request: HttpRequest) -> HttpResponse:
        records = self._records(_numbers(request.GET.getlist("id")))
        if len(records) < FEWEST:
            return self._pick(records)
        return self._show(sides(self.bound, records, self._named(records, request.GET.get("winner", ""))))

    def post(self, request: HttpRequest) -> HttpResponse:
        ids = _numbers(request.POST.getlist("id"))
        if not FEWEST <= len(ids) <= MOST or request.POST.get("take"):
            return self._choose(ids)
        records = self._found(ids)
        winner = self._named(records, request.POST.get("winner", "")) or records[0]
        chosen = {n: self._named(records, request.POST.get(f"f-{n}", "")) for n in self.bound.form_names}
        choices = {name: record.pk for name, record in chosen.items() if record is not None}
        versions = {r.pk: int(v) for r in records if (v := request.POST.get(f"v-{r.pk}", "")[:18]).isdecimal()}
        try:
            operation = merge(records, winner, choices, actor=self.actor, versions=versions)
        except ValidationError as error:
            return self._show(sides(self.bound, self._records(ids), winner), status=422, error=_said(error))
        except Conflict as error:
            return self._overtaken(records, error)
        return self._done(operation, winner)

    def _choose(self, ids: Sequence[int]) -> HttpResponse:
        """Too few, too many, or all values of one record are to be shown chosen: nothing is written."""
        records = self._records(ids)
        if len(records) < FEWEST:
            return self._pick(records, status=422)
        taken = self._named(records, self.request.POST.get("take", ""))
        return self._show(sides(self.bound, records, taken), taken=taken.pk if taken else 0)

    def _found(self, ids: Sequence[int]) -> list[Any]:
        """The records, wherever they lie: who asks twice, or second, gets an answer. 404 for what the person can't see."""
        found = self.bound.model.objects.reachable(self.request.user, "view").in_bulk(ids)
        if set(ids) - found.keys() or not mergeable(self.bound.entity):
            raise Http404
        return [found[pk] for pk in ids]

    def _records(self, ids: Sequence[int]) -> list[Any]:
        """The records; 404 where one of them is not to be seen or there no more, 403 where it is not this person's to merge."""
        links = {self.bound.field(name).relation for name in self.bound.form_names} - {""}
        rows = self.bound.records().filter(pk__in=ids).select_related("owner", *links)
        found = {record.pk: record for record in rows}
        if set(ids) - found.keys() or not mergeable(self.bound.entity):
            raise Http404
        if set(ids) != self.bound.reachable(ids, MERGE):
            raise PermissionDenied
        return [found[pk] for pk in ids]

    def _named(self, records: Sequence[Any], raw: str) -> Any:
        return next((record for record in records if str(record.pk) == raw), None)

    def _pick(self, records: Sequence[Any], status: int = 200) -> HttpResponse:
        """Which records? Those that look alike are offered first."""
        record = records[0] if records else None
        alike = self.bound.entity.warnings(record, self.request.user) if record is not None else []
        seen = [found for match in alike if (found := getattr(match, "record", match)) is not None]
        may = self.bound.reachable([one.pk for one in seen], MERGE)
        lines = twins_of(
            [match for match in alike if getattr(getattr(match, "record", match), "pk", None) in may],
            self.request.user,
            MOST,
        )
        return self.page(
            template="merge_pick",
            status=status,
            record=record,
            form=PickForm(self.bound),
            twins=zip([one.pk for one in seen if one.pk in may], lines.lines, strict=False),
            here=reverse("matching:merge", args=[self.bound.area, self.bound.slug]),
        )

    def _show(self, found: Sides, *, status: int = 200, error: str = "", taken: int = 0) -> HttpResponse:
        many = len(found.records) > MOST
        heads = [
            {"record": record, "line": brief(record, self.request.user), "carries": carried(self.bound, record)}
            for record in found.records[:MOST]
        ]
        return self.page(
            status=status if not many else 422,
            sides=found,
            heads=heads,
            taken=taken,
            error=_("Merge at most 10 records at once.") if many else error,
            most=MOST,
            too_many=many,
            here=reverse("matching:merge", args=[self.bound.area, self.bound.slug]),
            cancel_url=self.bound.url("record", found.winner.pk),
        )

    def _overtaken(self, records: Sequence[Any], error: Conflict) -> HttpResponse:
        """Somebody was faster: what is left to merge is one click away."""
        text = error.text if isinstance(error, Overtaken) else _("One of the records was changed in the meantime.")
        ids = [record.pk for record in self.bound.records(MERGE).filter(pk__in=[r.pk for r in records])]
        again = merge_page(self.bound.entity, ids) if ids else ""
        return self.page(
            template="merge_overtaken", status=409, error=text, again=again, list_url=self.bound.url("list")
        )

    def _done(self, operation: MergeOperation, winner: Any) -> HttpResponse:
        winner.refresh_from_db()
        count = operation.merged.count()
        said = ngettext("%(n)s record was merged into %(name)s.", "%(n)s records were merged into %(name)s.", count)
        undo = reverse("matching:unmerge", args=[operation.pk])
        messages.success(self.request, said % {"n": count, "name": winner}, extra_tags=f"undo={undo}")
        seen = self.bound.can_record("view", winner)
        return redirect(self.bound.url("record", winner.pk) if seen else self.bound.url("list"))


def _numbers(raw: Sequence[str]) -> list[int]:
    """The ids that an address or form names, each once; one more than can be merged, so that it is said."""
    found = (int(pk) for pk in raw if pk.isascii() and pk.isdigit() and len(pk) < 19)
    return list(dict.fromkeys(found))[: MOST + 1]


def _said(error: ValidationError) -> str:
    return " ".join(error.messages)


def _operation(request: HttpRequest, pk: int) -> MergeOperation:
    """The merge, for who may see the record that stayed."""
    operation = get_object_or_404(MergeOperation.objects.select_related("actor", "undone_by", "changes"), pk=pk)
    if operation.entity not in registry:
        raise Http404
    bound = bind(registry[operation.entity], request.user)
    if operation.record_id not in bound.reachable([operation.record_id], "view"):
        raise Http404
    return operation


@login_required
def operation(request: HttpRequest, pk: int) -> HttpResponse:
    """What a merge did, and its way back."""
    return _page(request, _operation(request, pk))


def _page(request: HttpRequest, found: MergeOperation, *, status: int = 200, **more: Any) -> HttpResponse:
    bound = bind(registry[found.entity], request.user)
    context = {
        "entity": bound,
        "operation": found,
        "may": not found.undone_at and may_unmerge(request.user, found),
        "url": bound.url("record", found.record_id),
        **moved_by(bound, found),
        **what_was_left(bound, found),
        **more,
    }
    return render(request, "matching/operation.html", context, status=status)


@login_required
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a merge back; what has moved on since is listed."""
    found = _operation(request, pk)
    try:
        done = unmerge(found, actor=Actor.of(request))
    except LaterMerge as error:
        return _page(request, found, status=409, error=error.text, first=error.first)
    except ValidationError as error:
        return _page(request, found, status=422, error=_said(error))
    except ObjectDoesNotExist:
        return _page(request, found, status=409, error=_("One of the records was removed for good."))
    if done.conflicts:
        return _page(request, done.operation, just=True)
    if done.again:
        messages.info(request, _("This merge was taken back already."))
    else:
        count = len(done.records)
        said = ngettext("%(n)s record is back as it was.", "%(n)s records are back as they were.", count)
        messages.success(request, said % {"n": count})
    bound = bind(registry[found.entity], request.user)
    return redirect(bound.url("record", found.record_id))
