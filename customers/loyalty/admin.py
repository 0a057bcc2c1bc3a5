"""The programme, its levels and what points are earned by, in Django admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.entities.admin_reader import ReaderAdmin
from crm.entities.condition_field import ConditionField
from crm.reference.tags import COLOURS
from customers.loyalty.events import events
from customers.loyalty.ledger import relevel
from customers.loyalty.models import EarnRule, LoyaltyProgram, MemberLevel

LABEL = "customers.account"


@admin.register(LoyaltyProgram)
class LoyaltyProgramAdmin(admin.ModelAdmin):
    """There is one."""

    list_display = ("name", "active", "months", "inviter_points", "invitee_points", "reward_on")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not LoyaltyProgram.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: LoyaltyProgram, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


@admin.register(MemberLevel)
class MemberLevelAdmin(admin.ModelAdmin):
    """Members follow at once when a threshold moves."""

    list_display = ("name_zh", "name_en", "threshold", "coloured")
    search_fields = ("name_zh", "name_en")

    @admin.display(description=_("colour"), ordering="colour")
    def coloured(self, level: MemberLevel) -> str:
        return str(dict(COLOURS).get(level.colour, level.colour))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "colour":
            return forms.ChoiceField(label=db_field.verbose_name, choices=COLOURS)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: MemberLevel, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        relevel()

    def delete_model(self, request: HttpRequest, obj: MemberLevel) -> None:
        super().delete_model(request, obj)
        relevel()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        relevel()


class EarnRuleForm(forms.ModelForm):
    """The event is one that a room registered."""

    event = forms.ChoiceField(label=_("event"))
    condition = ConditionField(help_text=_("Without conditions everybody earns by it."))

    class Meta:
        model = EarnRule
        fields = ("name", "of", "event", "points", "per_yuan", "condition", "active")

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["event"].choices = [(event.name, event.label) for event in events.values()]
        of = self.data.get("of") or self.initial.get("of") or self.instance.of
        self.fields["condition"].bind_to(of if of in EarnRule.Of.values else LABEL, self.user)
        self.fields["of"].help_text = _("After a change of this, save once: conditions are those of who earns.")


@admin.register(EarnRule)
class EarnRuleAdmin(ReaderAdmin):
    """What members earn by."""

    form = EarnRuleForm
    list_display = ("name", "of", "of_event", "points", "per_yuan", "in_words", "active")
    list_editable = ("active",)
    search_fields = ("name",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    @admin.display(description=_("event"))
    def of_event(self, rule: EarnRule) -> str:
        return str(events[rule.event].label) if rule.event in events else rule.event

    @admin.display(description=_("conditions"))
    def in_words(self, rule: EarnRule) -> str:
        return self.condition_in_words(rule.of, rule.condition, _("everybody"))
