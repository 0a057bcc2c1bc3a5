"""Tokens: made, renewed and switched off by admins. The secret is shown once, right after it is made."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from crm.api.models import EVERYTHING, READ, WRITE, ApiToken
from crm.entities.entity import registry


def scopes() -> list[tuple[str, str]]:
    """Each scope and what it is called."""
    names = [(EVERYTHING, _("Everything"))] + [(label, entity.plural) for label, entity in sorted(registry.items())]
    words = {READ: pgettext("scope", "read"), WRITE: pgettext("scope", "read and write")}
    return [(f"{label}:{scope}", f"{name}: {word}") for label, name in names for scope, word in words.items()]


class TokenForm(forms.ModelForm):
    """The scopes are chosen, not typed."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("scopes"), choices=scopes, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiToken
        fields = ("name", "user", "scopes", "addresses", "expires_at", "active")


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """“New secret” replaces a secret that was lost or became known."""

    form = TokenForm
    list_display = ("name", "user", "hint", "active", "expires_at", "last_used_at", "last_address")
    list_filter = ("active",)
    list_select_related = ("user",)
    search_fields = ("name", "user__name")
    autocomplete_fields = ("user",)
    readonly_fields = ("hint", "made_at", "last_used_at", "last_address")
    fields = (
        "name",
        "user",
        "scopes",
        "addresses",
        "expires_at",
        "active",
        "hint",
        "made_at",
        "last_used_at",
        "last_address",
    )
    actions = ("renew",)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        secret = None if change else obj.renew()
        super().save_model(request, obj, form, change)
        if secret:
            self._show(request, obj, secret)

    @admin.action(description=gettext_lazy("New secret"), permissions=["change"])
    def renew(self, request: HttpRequest, rows: QuerySet) -> None:
        for token in rows:
            secret = token.renew()
            token.save(update_fields=["digest", "hint"])
            self._show(request, token, secret)

    def _show(self, request: HttpRequest, token: ApiToken, secret: str) -> None:
        said = _("The secret of “%(name)s” is %(secret)s. Copy it now: it is not shown again.")
        messages.warning(request, said % {"name": token, "secret": secret})
