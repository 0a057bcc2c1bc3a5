"""Mailboxes, templates, and the systems behind text messages and calls."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.entities.admin_reader import ReaderAdmin
from crm.entities.entity import registry
from crm.messaging.access import holders
from crm.messaging.forms import AccountForm
from crm.messaging.merging import check, merge, tags_of, values_for
from crm.messaging.models import (
    Extension,
    MailAccount,
    MailSetAside,
    MessageTemplate,
    PhoneCall,
    SmsProvider,
    Telephony,
    TextMessage,
)
from crm.messaging.trying import try_out
from crm.records.admin import ReadOnlyAdmin


class AdminAccountForm(AccountForm):
    """Any mailbox, with its people."""

    class Meta(AccountForm.Meta):
        fields = "__all__"


@admin.register(MailAccount)
class MailAccountAdmin(admin.ModelAdmin):
    """What is wrong with a mailbox stands in the list; “Test the connection” says it at once."""

    form = AdminAccountForm
    list_display = ("address", "name", "owner", "shared", "active", "state", "synced_at", "error")
    list_filter = ("state", "active", "shared")
    list_select_related = ("owner",)
    search_fields = ("address", "name", "owner__name")
    autocomplete_fields = ("owner", "members")
    readonly_fields = ("state", "error", "synced_at")
    actions = ("test_them",)
    fieldsets = (
        (None, {"fields": ("name", "address", "owner", "shared", "members", "active", "system", "user", "secret")}),
        (gettext_lazy("Sending"), {"fields": ("smtp_host", "smtp_port", "smtp_security", "signature")}),
        (gettext_lazy("Reading"), {"fields": ("imap_host", "imap_port", "imap_security", "folders", "since")}),
        (gettext_lazy("Who sees it"), {"fields": ("privacy", "shows_private")}),
        (gettext_lazy("State"), {"fields": ("state", "error", "synced_at")}),
    )

    @admin.action(description=gettext_lazy("Test the connection"), permissions=["change"])
    def test_them(self, request: HttpRequest, queryset: QuerySet) -> None:
        for account in queryset[:10]:
            self._say(request, account)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.instance.active:
            self._say(request, MailAccount.objects.get(pk=form.instance.pk))

    def _say(self, request: HttpRequest, account: MailAccount) -> None:
        for verdict in try_out(account):
            level = messages.SUCCESS if verdict.good else messages.ERROR
            self.message_user(request, f"{account.address}: {verdict.text}", level)


@admin.register(MailSetAside)
class MailSetAsideAdmin(ReadOnlyAdmin):
    """What could not be taken in. Its content is shown to nobody here: only who has the mailbox tries it again."""

    list_display = ("at", "account", "folder", "uid", "size", "state", "reason")
    list_filter = ("state", "account")
    list_select_related = ("account",)
    exclude = ("raw",)


class TemplateForm(forms.ModelForm):
    """A text with merge tags, for records of one entity or of all."""

    class Meta:
        model = MessageTemplate
        fields = ("name", "channel", "entity", "subject", "body", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = [m._meta.label_lower for m in holders() if m._meta.label_lower in registry]
        choices = [("", _("Every kind of record")), *((label, registry[label].name) for label in labels)]
        self.fields["entity"] = forms.ChoiceField(label=self.fields["entity"].label, choices=choices, required=False)

    def clean_subject(self) -> str:
        check(self.cleaned_data["subject"])
        return self.cleaned_data["subject"]

    def clean_body(self) -> str:
        check(self.cleaned_data["body"])
        return self.cleaned_data["body"]


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ReaderAdmin):
    """Beside the text stand the tags one may use, and how it reads for the latest record."""

    form = TemplateForm
    list_display = ("name", "channel", "entity", "active")
    list_filter = ("channel", "active")
    search_fields = ("name", "subject", "body")
    readonly_fields = ("tags", "preview")

    @admin.display(description=gettext_lazy("Merge tags"))
    def tags(self, template: MessageTemplate) -> str:
        return "\n".join(f"{tag} – {name}" for tag, name in tags_of(template.entity, self.reader))

    @admin.display(description=gettext_lazy("Preview (as last saved)"))
    def preview(self, template: MessageTemplate) -> str:
        if not template.pk:
            return "–"
        record = None
        if template.entity in registry:
            record = registry[template.entity].model.objects.restrict(self.reader).order_by("-pk").first()
        values = values_for(self.reader, record)
        try:
            return f"{merge(template.subject, values)}\n\n{merge(template.body, values)}".strip()
        except ValidationError as error:
            return " ".join(error.messages)


class SecretsForm(forms.ModelForm):
    """Secrets are entered, never shown; empty leaves the one there is."""

    secrets = ("secret", "receipt_secret")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.secrets:
            if name in self.fields:
                self.initial.pop(name, None)
                self.fields[name] = forms.CharField(
                    label=self.fields[name].label,
                    help_text=_("Empty: as it is."),
                    required=False,
                    max_length=500,
                    widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
                )

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        for name in self.secrets:
            if name in self.fields and not given.get(name):
                given[name] = getattr(self.instance, name)
        for name in ("headers", "body"):
            try:
                check(given.get(name) or "")
            except ValidationError as error:
                self.add_error(name, error)
        return given


@admin.register(SmsProvider)
class SmsProviderAdmin(admin.ModelAdmin):
    form = SecretsForm
    list_display = ("name", "active", "url", "receipts")
    search_fields = ("name", "url")
    readonly_fields = ("receipts",)

    @admin.display(description=gettext_lazy("Receipts are sent to"))
    def receipts(self, provider: SmsProvider) -> str:
        return f"/hooks/sms/{provider.pk}/" if provider.pk else "–"


class ExtensionInline(admin.TabularInline):
    model = Extension
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Telephony)
class TelephonyAdmin(admin.ModelAdmin):
    form = SecretsForm
    list_display = ("name", "active", "dial_url", "announcements")
    inlines = (ExtensionInline,)
    readonly_fields = ("announcements",)

    @admin.display(description=gettext_lazy("Calls are announced to"))
    def announcements(self, telephony: Telephony) -> str:
        return f"/hooks/calls/{telephony.pk}/" if telephony.pk else "–"


@admin.register(TextMessage)
class TextMessageAdmin(ReadOnlyAdmin):
    list_display = ("made_at", "number", "state", "writer", "provider", "error")
    list_filter = ("state", "provider")
    list_select_related = ("writer", "provider")
    search_fields = ("number",)


@admin.register(PhoneCall)
class PhoneCallAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "direction", "number", "user", "state", "seconds")
    list_filter = ("state", "direction", "telephony")
    list_select_related = ("user",)
    search_fields = ("number", "user__name")
