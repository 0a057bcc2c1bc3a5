"""Stage gates in Django admin: one page a transition, and all of a pipeline in words on the pipeline's own page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.access.models import Role
from crm.approvals.fields import ActivitiesField, EffectsField
from crm.approvals.gating import ACTIVITIES
from crm.approvals.models import ApprovalProcess
from crm.approvals.words import condition_words, effect_words, field_label
from crm.entities.bound import BoundEntity, bind
from crm.entities.condition_field import ConditionField
from crm.entities.entity import registry
from crm.users.models import User
from sales.models import Pipeline, Stage, StageGate

LABEL = "sales.opportunity"


class GateForm(forms.ModelForm):
    """What one transition needs, without a line of JSON."""

    roles = forms.ModelMultipleChoiceField(
        Role.objects.all(),
        label=gettext_lazy("roles"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Empty: everybody who may change the record."),
    )
    needs = forms.MultipleChoiceField(
        label=gettext_lazy("fields that must be filled"), required=False, widget=forms.CheckboxSelectMultiple
    )
    condition = ConditionField(label=gettext_lazy("condition that must hold"))
    activities = ActivitiesField(
        label=gettext_lazy("activities that must exist"),
        choices=ACTIVITIES,
        help_text=gettext_lazy("Since it came into the stage that it leaves."),
    )
    effects = EffectsField(label=gettext_lazy("what follows"))

    class Meta:
        model = StageGate
        fields = ("pipeline", "from_stage", "to_stage", "active", "roles", "approval", "principal")

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        entity = registry[LABEL]
        reader = bind(entity, self.user)
        self.fields["condition"].bind_to(LABEL, self.user)
        self.fields["effects"].bind_to(reader)
        self.fields["needs"].choices = [
            (name, entity.field(name).label) for name in entity.form_names if name != "stage"
        ]
        self.fields["approval"].queryset = ApprovalProcess.objects.filter(entity=LABEL)
        self.fields["principal"].queryset = User.objects.filter(is_active=True)
        for name in ("needs", "condition", "activities", "effects"):
            self.initial.setdefault(name, getattr(self.instance, name))
        pipeline = self.instance.pipeline_id or self.initial.get("pipeline") or self.data.get("pipeline")
        if pipeline and str(pipeline).isdecimal():
            for name in ("from_stage", "to_stage"):
                self.fields[name].queryset = Stage.objects.filter(pipeline=pipeline)

    def clean_principal(self) -> User | None:
        """A gate must not do more than who wrote it could let it do."""
        principal = self.cleaned_data["principal"]
        kept = self.instance.pk is not None and principal and principal.pk == self.initial.get("principal")
        if principal and principal.is_superuser and not kept and not self.user.is_superuser:
            raise ValidationError(_("Only a superuser may let a gate act as a superuser."))
        return principal

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("effects") and not given.get("principal"):
            self.add_error("principal", _("Say as whom it is done."))
        asked = ("needs", "condition", "activities", "effects", "roles", "approval")
        if not self.errors and not any(given.get(name) for name in asked):
            raise ValidationError(_("A gate needs at least one thing that it asks for or does."))
        return given

    def _post_clean(self) -> None:
        for name in ("needs", "condition", "activities", "effects"):
            if name in self.cleaned_data:
                setattr(self.instance, name, self.cleaned_data[name] or ({} if name == "condition" else []))
        super()._post_clean()


@admin.register(StageGate)
class StageGateAdmin(admin.ModelAdmin):
    """Reached from the pipeline."""

    form = GateForm
    change_form_template = "admin/sales/stagegate/change_form.html"
    list_display = ("pipeline", "from_stage", "to_stage", "words", "active")
    list_display_links = ("to_stage",)
    list_filter = ("pipeline", "active")
    list_select_related = ("pipeline", "from_stage", "to_stage", "approval")
    autocomplete_fields = ("principal",)
    fieldsets = (
        (None, {"fields": ("pipeline", ("from_stage", "to_stage"), "active")}),
        (gettext_lazy("Who may"), {"fields": ("roles",)}),
        (gettext_lazy("What must be so"), {"fields": ("needs", "condition", "activities", "approval")}),
        (gettext_lazy("What follows"), {"fields": ("effects", "principal")}),
    )

    def get_form(self, request: HttpRequest, obj: StageGate | None = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["fields"] = None
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user
        return form

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        self.bound = bind(registry[LABEL], request.user)
        return super().get_changelist_instance(request)

    def response_add(self, request: HttpRequest, obj: StageGate, post_url_continue: Any = None) -> HttpResponse:
        return self._back(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: StageGate) -> HttpResponse:
        return self._back(request, obj) or super().response_change(request, obj)

    def _back(self, request: HttpRequest, gate: StageGate) -> HttpResponse | None:
        """Back to the pipeline, where all of them stand in words; another one is another one of it."""
        if "_addanother" in request.POST:
            return HttpResponseRedirect(f"{reverse('admin:sales_stagegate_add')}?pipeline={gate.pipeline_id}")
        if "_save" not in request.POST:
            return None
        return HttpResponseRedirect(reverse("admin:sales_pipeline_change", args=[gate.pipeline_id]))

    @admin.display(description=gettext_lazy("in words"))
    def words(self, gate: StageGate) -> str:
        return "; ".join(gate_words(self.bound, gate))


def gate_words(bound: BoundEntity, gate: StageGate) -> list[str]:
    """What a gate asks for and does, as the reader may read it."""
    found = []
    if roles := "、".join(str(role) for role in gate.roles.all()):
        found.append(_("Only for: %(roles)s") % {"roles": roles})
    if gate.needs:
        names = "、".join(field_label(bound, name) for name in gate.needs)
        found.append(_("Filled in: %(fields)s") % {"fields": names})
    if gate.condition:
        found.append(_("If %(condition)s") % {"condition": condition_words(bound, gate.condition)})
    for one in gate.activities:
        told = {"n": one["count"], "kind": ACTIVITIES.get(one["kind"], one["kind"])}
        found.append(ngettext("%(n)d × %(kind)s in this stage", "%(n)d × %(kind)s in this stage", one["count"]) % told)
    if gate.approval is not None:
        found.append(_("Approved: %(process)s") % {"process": gate.approval})
    return found + [_("Then: %(what)s") % {"what": effect_words(bound, one)} for one in gate.effects]


def gates_of(pipeline: Pipeline, reader: User) -> list[dict[str, Any]]:
    """The gates of a pipeline in words, each with the address of its page."""
    bound = bind(registry[LABEL], reader)
    rows = pipeline.gates.select_related("from_stage", "to_stage", "approval").prefetch_related("roles")
    return [
        {
            "gate": gate,
            "words": gate_words(bound, gate),
            "url": reverse("admin:sales_stagegate_change", args=[gate.pk]),
        }
        for gate in rows
    ]
