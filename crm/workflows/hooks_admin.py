"""Webhooks in Django admin: addresses, and the keys by which receivers know us."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.workflows.models import Webhook
from crm.workflows.webhooks import key_of


class WebhookForm(forms.ModelForm):
    """The address with its scheme: nobody's data should go out in the open by mistake."""

    url = forms.URLField(label=gettext_lazy("Address"), max_length=500, assume_scheme="https")

    class Meta:
        model = Webhook
        fields = ("name", "url", "active")


@admin.register(Webhook)
class WebhookAdmin(admin.ModelAdmin):
    """Addresses that rules may call."""

    form = WebhookForm
    list_display = ("name", "url", "active")
    list_filter = ("active",)
    search_fields = ("name", "url")
    readonly_fields = ("key",)
    actions = ("renew",)

    @admin.display(description=gettext_lazy("key"))
    def key(self, webhook: Webhook) -> str:
        return key_of(webhook) if webhook.pk else _("Shown after saving.")

    @admin.action(description=gettext_lazy("Make new keys"), permissions=["change"])
    def renew(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        queryset.update(turn=F("turn") + 1)
        messages.success(request, _("Give the receivers their new keys; the old ones sign nothing any more."))
