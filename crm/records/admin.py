"""The logs as admins read them, and the base by which admin pages write records."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.records import services
from crm.records.actor import Actor
from crm.records.dispatch import retry_failed
from crm.records.errors import Protected
from crm.records.models import AuditEvent, Delivery, Outgoing, Record
from crm.records.outgoing import give_up, send_again


class RecordAdmin(admin.ModelAdmin):
    """Saves and deletes of records go through the same services as everywhere; deleting moves to the trash."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return self.model.objects.restrict(request.user)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What a guard of the records refuses is told above the form, and nothing is saved."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, *args, **kwargs)
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Record, form: ModelForm, change: bool) -> None:
        services.save(obj, actor=Actor.of(request))

    def delete_model(self, request: HttpRequest, obj: Record) -> None:
        self._trash(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._trash(request, list(queryset))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        return [str(obj) for obj in objs], {self.model._meta.verbose_name_plural: len(objs)}, set(), []

    def _trash(self, request: HttpRequest, records: list[Record]) -> None:
        try:
            if records:
                services.delete_many(records, actor=Actor.of(request))
        except Protected as refused:
            names = "、".join(str(b) for b in refused.blockers[:5])
            messages.error(request, _("Nothing was deleted: %(names)s still need it.") % {"names": names})
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))


class ReadOnlyAdmin(admin.ModelAdmin):
    """A log: read, searched and filtered, never edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "user", "action", "entity", "record_ids", "address")
    list_filter = ("action", "entity", "at")
    search_fields = ("user__name", "user__username")
    list_select_related = ("user",)
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Both logs are read as one, in words, on a page of their own."""
        return HttpResponseRedirect(reverse("home:audit"))


@admin.register(Outgoing)
class OutgoingAdmin(ReadOnlyAdmin):
    """Mail, messages and calls to other programs: what waits, what failed, and what nobody can tell without asking the receiver."""

    list_display = ("id", "kind", "key", "state", "attempts", "next_at", "made_at", "made_by", "error")
    list_filter = ("state", "kind", "made_at")
    list_select_related = ("made_by",)
    search_fields = ("key", "error", "made_by__name")
    exclude = ("payload", "result")
    actions = ("send_them_again", "give_them_up")
    show_full_result_count = False

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("records.change_outgoing")

    @admin.action(description=gettext_lazy("Send again"), permissions=["decide"])
    def send_them_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._say(request, sum(send_again(outgoing) for outgoing in queryset))

    @admin.action(description=gettext_lazy("Give up"), permissions=["decide"])
    def give_them_up(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._say(request, sum(give_up(outgoing) for outgoing in queryset))

    def _say(self, request: HttpRequest, count: int) -> None:
        text = ngettext("%(count)d effect was changed.", "%(count)d effects were changed.", count)
        messages.success(request, text % {"count": count})


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What the outbox still holds; what was set aside can be tried again."""

    list_display = ("id", "subscriber", "entity", "record_id", "state", "attempts", "next_at", "error")
    list_filter = ("state", "subscriber")
    actions = ("try_again",)

    @admin.action(description=gettext_lazy("Try everything that was set aside again"), permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = retry_failed()
        text = ngettext("%(count)d delivery will be tried again.", "%(count)d deliveries will be tried again.", count)
        messages.success(request, text % {"count": count})
