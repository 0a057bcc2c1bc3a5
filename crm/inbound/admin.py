"""Connections in Django admin: the mapping beside a sample, what would become of it, and the inbox."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import registry
from crm.inbound.models import Connection, Delivery, Mapping, new_secret
from crm.inbound.paths import paths_of
from crm.inbound.reading import field_choices
from crm.inbound.taking import items_of, preview, take
from crm.records.admin import ReadOnlyAdmin

LONGEST_SAMPLE = 20_000


class SampleField(forms.JSONField):
    """Empty where there is none."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)


class ConnectionForm(forms.ModelForm):
    """The secret is never shown again; the entity is one that can be written."""

    secret = forms.CharField(label=_("secret"), required=False, widget=forms.PasswordInput, max_length=200)
    sample = SampleField(
        label=_("sample"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("A body as it is sent."),
    )

    class Meta:
        model = Connection
        fields = ("name", "active", "user", "entity", "secret", "mode", "items", "key", "by_match", "sample")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("secret", "sample"):
            self.fields[name].help_text = self._meta.model._meta.get_field(name).help_text
        choices = sorted((label, entity.plural) for label, entity in registry.items() if entity.granted)
        self.fields["entity"] = forms.ChoiceField(
            label=_("makes"),
            choices=[("", _("No records, only events")), *choices],
            required=False,
            help_text=self._meta.model._meta.get_field("entity").help_text,
        )

    def clean_secret(self) -> str:
        """An empty one keeps what is there; a new connection gets one."""
        self.made = ""
        if typed := self.cleaned_data["secret"].strip():
            if len(typed) < 16:
                raise forms.ValidationError(_("A secret has at least 16 characters."))
            return typed
        if self.instance.secret:
            return self.instance.secret
        self.made = new_secret()
        return self.made

    def clean_sample(self) -> Any:
        found = self.cleaned_data["sample"]
        if len(json.dumps(found)) > LONGEST_SAMPLE:
            raise forms.ValidationError(_("The sample is too long."))
        return found if found is not None else {}


class MappingForm(forms.ModelForm):
    """The field is chosen among those that the connection's person may write."""

    connection_of: Connection | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        of = self.connection_of
        if of is not None and of.entity in registry:
            choices = field_choices(of.entity, of.user)
            self.fields["field"] = forms.ChoiceField(label=_("field"), choices=[("", "–"), *choices])


class MappingInline(admin.TabularInline):
    model = Mapping
    form = MappingForm
    fields = ("path", "field")
    extra = 3

    def get_formset(self, request: HttpRequest, obj: Connection | None = None, **kwargs: Any) -> Any:
        kwargs["form"] = type("BoundMappingForm", (MappingForm,), {"connection_of": obj})
        return super().get_formset(request, obj, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        return obj is not None and super().has_add_permission(request, obj)


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin):
    """Who calls, as whom, and what becomes of it."""

    form = ConnectionForm
    inlines = (MappingInline,)
    list_display = ("name", "of_entity", "user", "mode", "active")
    list_filter = ("active",)
    list_select_related = ("user",)
    search_fields = ("name",)
    autocomplete_fields = ("user",)
    change_form_template = "admin/inbound/connection/change_form.html"

    @admin.display(description=_("makes"), ordering="entity")
    def of_entity(self, connection: Connection) -> str:
        return registry[connection.entity].plural if connection.entity in registry else "–"

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.made:
            told = _("The secret, which is not shown again: %(secret)s")
            self.message_user(request, told % {"secret": form.made}, messages.WARNING)

    def response_add(self, request: HttpRequest, obj: Connection, post_url_continue: Any = None) -> HttpResponse:
        """The mapping can be set once the entity is known: go on editing."""
        request.POST = request.POST | {"_continue": "1"} if "_addanother" not in request.POST else request.POST
        return super().response_add(request, obj, post_url_continue)

    def render_change_form(self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any) -> HttpResponse:
        connection = context.get("original")
        if connection is not None:
            context |= self._about(connection)
        return super().render_change_form(request, context, *args, **kwargs)

    def _about(self, connection: Connection) -> dict[str, Any]:
        # Connections that make no records send events, which a room above takes.
        route = "inbound:receive" if connection.entity else "marketing:events"
        about: dict[str, Any] = {"address": settings.PUBLIC_URL + reverse(route, args=[connection.token])}
        if connection.sample and connection.entity in registry:
            about["trial"] = preview(connection, connection.sample)
            if not any("" in line.get("errors", {}) for line in about["trial"][:1]):
                about["paths"] = list(paths_of(items_of(connection, connection.sample)[0]))
            else:
                about["paths"] = list(paths_of(connection.sample))
        return about


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What came in, and what became of it."""

    list_display = ("at", "connection", "state", "attempts", "error")
    list_filter = ("state", "connection")
    list_select_related = ("connection",)
    date_hierarchy = "at"
    actions = ("again",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("inbound.change_delivery")

    @admin.action(description=_("Take again what failed"), permissions=["retry"])
    def again(self, request: HttpRequest, queryset: QuerySet) -> None:
        waiting = queryset.exclude(state=Delivery.State.DONE).select_related("connection__user")[:100]
        done = sum(take(delivery).state == Delivery.State.DONE for delivery in waiting)
        self.message_user(request, _("%(done)s were taken.") % {"done": done})
