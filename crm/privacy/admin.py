"""Purposes and texts of consent, personal fields, retention rules with a dry run, in Django admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from crm.entities.admin_filters import EntityFilter
from crm.entities.condition_field import ConditionField
from crm.entities.entity import registry
from crm.entities.naming import field_choices
from crm.privacy import retention
from crm.privacy.models import (
    Channel,
    ConsentPurpose,
    ConsentText,
    PersonalField,
    RetentionRule,
    RetentionRun,
    Suppression,
)
from crm.privacy.people import kinds
from crm.records.models import Record


class ReadOnly:
    """A log is looked at, never changed."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TextInline(admin.StackedInline):
    """What was asked stays; a new wording is a new version."""

    model = ConsentText
    extra = 0
    readonly_fields = ("version", "made_at")
    fields = ("version", "text_zh", "text_en", "made_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PurposeForm(forms.ModelForm):
    channels = forms.MultipleChoiceField(
        label=_("channels"), choices=Channel.choices, widget=forms.CheckboxSelectMultiple, initial=list(Channel.values)
    )


@admin.register(ConsentPurpose)
class ConsentPurposeAdmin(admin.ModelAdmin):
    """What data are used for, with what people are asked in both languages."""

    form = PurposeForm
    list_display = ("name_zh", "name_en", "code", "basis", "marketing", "position", "active")
    list_editable = ("position", "active")
    list_filter = ("marketing", "active")
    search_fields = ("name_zh", "name_en", "code")
    inlines = (TextInline,)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for text in formset.save(commit=False):
            last = ConsentText.objects.filter(purpose=form.instance).order_by("-version").first()
            text.version = (last.version if last else 0) + 1
            text.save()
        formset.save_m2m()


class PersonalForm(forms.ModelForm):
    what = forms.ChoiceField(label=_("field"))

    class Meta:
        model = PersonalField
        fields = ("what", "personal")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = {str(registry[label].plural) for label in kinds if label in registry}
        self.fields["what"].choices = [(plural, found) for plural, found in field_choices() if str(plural) in people]
        if self.instance.pk:
            self.initial["what"] = f"{self.instance.entity}:{self.instance.field}"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        entity, _colon, field = given.get("what", "").partition(":")
        self.instance.entity, self.instance.field = entity, field
        same = PersonalField.objects.filter(entity=entity, field=field).exclude(pk=self.instance.pk)
        if same.exists():
            raise ValidationError(_("There is a line about this field already."))
        return given


@admin.register(PersonalField)
class PersonalFieldAdmin(admin.ModelAdmin):
    """What admins say about fields against what their kinds and names tell; custom fields, too."""

    form = PersonalForm
    list_display = ("label", "of_entity", "personal")
    list_filter = (EntityFilter, "personal")
    search_fields = ("field",)

    @admin.display(description=_("field"))
    def label(self, row: PersonalField) -> str:
        entity = registry.get(row.entity)
        return str(entity.field(row.field).label) if entity and row.field in entity.field_names else row.field

    @admin.display(description=_("entity"), ordering="entity")
    def of_entity(self, row: PersonalField) -> str:
        return str(registry[row.entity].plural) if row.entity in registry else row.entity


def _kept_entities() -> list[tuple[str, str]]:
    return sorted((label, str(e.plural)) for label, e in registry.items() if issubclass(e.model, Record) and e.granted)


class RuleForm(forms.ModelForm):
    entity = forms.ChoiceField(label=_("entity"), choices=_kept_entities)
    condition = ConditionField(help_text=_("Without conditions the rule is about every record of that age."))

    class Meta:
        model = RetentionRule
        fields = ("entity", "name", "position", "condition", "age", "days", "then", "active")

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["entity"].disabled = True
            self.fields["condition"].bind_to(self.instance.entity, self.user)

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            try:
                retention.check(self.instance)
            except ValidationError as error:
                self.add_error(None, error)


class RunInline(ReadOnly, admin.TabularInline):
    model = RetentionRun
    fields = readonly_fields = ("at", "ended_at", "found", "done", "held", "failed", "reasons", "made_by")
    extra = 0
    max_num = 0


@admin.register(RetentionRule)
class RetentionRuleAdmin(admin.ModelAdmin):
    """How long records are kept; each rule can be tried out."""

    form = RuleForm
    list_display = ("name", "of_entity", "age", "days", "then", "position", "active")
    list_editable = ("position",)
    list_filter = (EntityFilter, "active", "then")
    search_fields = ("name",)
    inlines = (RunInline,)
    change_form_template = "admin/privacy/retentionrule/change_form.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        """Conditions can be set once the entity is known: go on editing."""
        request.POST = request.POST | {"_continue": "1"} if "_addanother" not in request.POST else request.POST
        return super().response_add(request, obj, post_url_continue)

    def get_urls(self) -> list:
        trial = self.admin_site.admin_view(self.trial)
        return [path("<int:pk>/trial/", trial, name="privacy_retentionrule_trial"), *super().get_urls()]

    def trial(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the rule would take now. Nothing is changed."""
        rule = get_object_or_404(RetentionRule, pk=pk)
        if not self.has_view_permission(request, rule):
            raise PermissionDenied
        try:
            found, problem = retention.try_out(rule), ""
        except ValidationError as error:
            found, problem = {}, " ".join(error.messages)
        context = {
            **self.admin_site.each_context(request),
            "title": _("What the rule would take now"),
            "rule": rule,
            "found": found,
            "problem": problem,
            "back": reverse("admin:privacy_retentionrule_change", args=[pk]),
            "opts": self.opts,
        }
        return render(request, "admin/privacy/retentionrule/trial.html", context)

    @admin.display(description=_("entity"), ordering="entity")
    def of_entity(self, rule: RetentionRule) -> str:
        return str(registry[rule.entity].plural) if rule.entity in registry else rule.entity


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin):
    """Hashes of what was erased: which one is whose can't be told; deleting one lets the person in again."""

    list_display = ("kind", "at", "request")
    list_filter = ("kind",)
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
