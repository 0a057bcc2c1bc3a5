"""The rules of levels and of the life cycle in Django admin, with what they would do now."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.entities.admin_reader import ReaderAdmin
from crm.entities.condition_field import ConditionField
from crm.entities.totals import in_time
from crm.records.actor import Actor
from customers.levels.jobs import LABEL, start
from customers.levels.models import LevelRule
from customers.levels.services import Move, dry_run
from customers.models import Account

PATIENCE = 10_000  # milliseconds


class LevelRuleForm(forms.ModelForm):
    """The value is one of those of the field that the rule sets."""

    value = forms.ChoiceField(label=_("value"), required=False)
    condition = ConditionField(help_text=_("Without conditions the rule fits every account: put it last."))

    class Meta:
        model = LevelRule
        fields = ("name", "target", "value", "condition", "position", "active")

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["condition"].bind_to(LABEL, self.user)
        self.fields["value"].choices = [
            (LevelRule.Target(target).label, Account._meta.get_field(target).flatchoices)
            for target in LevelRule.Target.values
        ]
        self.fields["value"].choices = [("", "–"), *self.fields["value"].choices]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        target, value = data.get("target"), data.get("value", "")
        if target and value not in {v for v, _label in Account._meta.get_field(target).flatchoices} | {""}:
            raise ValidationError({"value": _("This value belongs to the other field.")})
        if target == LevelRule.Target.LIFECYCLE and not value:
            raise ValidationError({"value": _("Choose a value.")})
        return data


@admin.register(LevelRule)
class LevelRuleAdmin(ReaderAdmin):
    """Asked in their order; the first that fits decides."""

    form = LevelRuleForm
    list_display = ("name", "target", "said", "in_words", "position", "active")
    list_editable = ("position", "active")
    list_filter = ("target", "active")
    search_fields = ("name",)
    change_list_template = "admin/levels/levelrule/change_list.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    @admin.display(description=_("value"))
    def said(self, rule: LevelRule) -> str:
        return rule.said

    @admin.display(description=_("conditions"))
    def in_words(self, rule: LevelRule) -> str:
        return self.condition_in_words(LABEL, rule.condition, _("every account"))

    def get_urls(self) -> list:
        page = self.admin_site.admin_view(self.dry_run)
        return [path("dry-run/", page, name="levels_levelrule_dry_run"), *super().get_urls()]

    def dry_run(self, request: HttpRequest) -> HttpResponse:
        """How many accounts would go from what to what; POST does it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST" and request.POST.get("target") in LevelRule.Target.values:
            job = start(request.POST["target"], actor=Actor.of(request))
            return HttpResponseRedirect(reverse("jobs:job", args=[job.pk]))
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "title": _("What the rules would change now"),
            "targets": [
                (target, LevelRule.Target(target).label, self._moves(target, now)) for target in LevelRule.Target.values
            ],
            "opts": self.opts,
        }
        return render(request, "admin/levels/levelrule/dry_run.html", context)

    def _moves(self, target: str, now: Any) -> dict[str, Any]:
        """The moves in words; nothing where the database needs too long."""
        labels = {"": "–", **dict(Account._meta.get_field(target).flatchoices)}
        found: list[Move] | None = in_time(PATIENCE, lambda: dry_run(target, now))
        moves = [
            (labels.get(m.before, m.before), labels.get(m.after, m.after), m.count)
            for m in found or []
            if m.before != m.after
        ]
        stay = sum(m.count for m in found or [] if m.before == m.after)
        return {"late": found is None, "moves": moves, "stay": stay, "total": sum(count for *_m, count in moves)}
