"""The forms of processes in Django admin: what a process is and what it says, on one page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.approvals.fields import EffectsField, NodesField
from crm.approvals.models import ApprovalProcess
from crm.approvals.nodes import check_locks
from crm.entities.bound import bind
from crm.entities.condition_field import ConditionField
from crm.entities.entity import registry
from crm.entities.naming import entity_choices
from crm.users.models import User

SAID = ("condition", "nodes", "approved", "rejected", "locks", "once")


class ProcessForm(forms.ModelForm):
    """The entity is chosen once: everything else names its fields and verbs."""

    entity = forms.ChoiceField(label=_("Entity"), choices=entity_choices)
    verb = forms.ChoiceField(
        label=_("Needed for"), required=False, help_text=_("The command is done only once this is approved.")
    )
    condition = ConditionField(label=_("Only for records where"))
    nodes = NodesField(label=_("Route"))
    approved = EffectsField(label=_("When approved"))
    rejected = EffectsField(label=_("When rejected"))
    locks = forms.MultipleChoiceField(
        label=_("Fields that stay locked once approved"), required=False, widget=forms.CheckboxSelectMultiple
    )
    once = forms.BooleanField(label=_("Who approved already is not asked again"), required=False, initial=True)
    note = forms.CharField(label=_("What changed (for the list of versions)"), max_length=200, required=False)

    class Meta:
        model = ApprovalProcess
        fields = ("name", "entity", "principal", "position", "by_hand", "verb", "by_mail", "active")

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "principal" in self.fields:
            self.fields["principal"].queryset = User.objects.filter(is_active=True)
        known = self.instance.pk is not None and self.instance.entity in registry
        if self.instance.pk and "entity" in self.fields:
            self.fields["entity"].disabled = True
        if not known:
            for name in (*SAID, "note", "verb", "active", "by_hand", "by_mail"):
                self.fields.pop(name, None)
            return
        self._bind()

    def _bind(self) -> None:
        entity = registry[self.instance.entity]
        reader = bind(entity, self.user) if self.user is not None else bind(entity, self.instance.principal)
        self.fields["condition"].bind_to(entity.label, reader.user)
        for name in ("nodes", "approved", "rejected"):
            self.fields[name].bind_to(reader)
        self.fields["locks"].choices = [(name, entity.field(name).label) for name in entity.form_names]
        verbs = [(action.name, str(action.label)) for action in entity.all_actions if action.automatic]
        self.fields["verb"].choices = [("", "–"), *verbs]
        said = self.instance.current
        if said is not None:
            self.initial |= {name: getattr(said, name) for name in SAID}

    def clean_principal(self) -> User:
        """A process must not do more than who wrote it could let it do: only superusers may let it act as one."""
        principal = self.cleaned_data["principal"]
        kept = self.instance.pk is not None and principal.pk == self.initial.get("principal")
        if principal.is_superuser and not kept and not (self.user and self.user.is_superuser):
            raise ValidationError(gettext("Only a superuser may let a process act as a superuser."))
        return principal

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("active") and not given.get("nodes") and "nodes" not in self.errors:
            self.add_error("nodes", gettext("Say first who approves."))
        return given

    def said(self) -> dict[str, Any]:
        """What the process says, as it was posted."""
        bound = self.fields["nodes"].bound
        locks = check_locks(self.cleaned_data.get("locks") or [], bound) if bound else []
        return {name: self.cleaned_data.get(name) for name in SAID} | {"locks": locks}
