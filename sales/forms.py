"""What the verbs of sales ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.brief import brief
from crm.entities.entity import entity_of
from crm.entities.inputs import DayInput, LineField, MoneyInput, UploadInput
from customers.models import Account, Contact
from sales.models import Lead, LossReason, Opportunity, Stage
from sales.services import lead_candidates

NEW = "new"
NONE = "none"


class VerbForm(forms.Form):
    """A form that knows the record and who asks."""

    def __init__(self, *args: Any, user: Any, record: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.record = user, record


class PaperInput(UploadInput):
    """The file of an invoice: a PDF, OFD, XML or picture."""

    KINDS = (".pdf", ".ofd", ".xml", ".jpg", ".jpeg", ".png")

    def clean(self, data: Any, initial: Any = None) -> File | None:
        file = super().clean(data, initial)
        if file and Path(file.name).suffix.lower() not in self.KINDS:
            raise ValidationError(gettext("Choose a PDF, OFD or XML file, or a picture."))
        return file or None


class WinForm(VerbForm):
    """The final amount and day."""

    amount = MoneyInput(label=_("Amount"), required=False, min_value=0, max_digits=18, decimal_places=2)
    close_date = DayInput(label=_("Close date"), required=False)

    def __init__(self, *args: Any, record: Opportunity, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        self.fields["close_date"].initial = timezone.localdate()
        if policy.field_mode(self.user, [("sales.opportunity", "amount")]):
            del self.fields["amount"]
        else:
            self.fields["amount"].initial = record.amount


class StageForm(VerbForm):
    """Where it stands now."""

    stage = forms.ModelChoiceField(Stage.objects.none(), label=_("Stage"), empty_label=None)

    def __init__(self, *args: Any, record: Opportunity, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        stages = Stage.objects.filter(pipeline__active=True) if record._state.adding else record.pipeline.stages.all()
        self.fields["stage"].queryset = stages.filter(is_lost=False)
        self.fields["stage"].initial = record.stage_id


class LoseForm(VerbForm):
    """Why it was lost."""

    loss_reason = forms.ModelChoiceField(LossReason.objects.none(), label=_("Reason"))
    loss_note = LineField(label=_("Note"), required=False, max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["loss_reason"].queryset = LossReason.objects.filter(active=True)


class InvalidForm(VerbForm):
    """Why a lead is put aside."""

    invalid_reason = LineField(
        label=_("Reason"), max_length=200, help_text=_("Wrong number, no need, a competitor, a duplicate …")
    )


class ConvertForm(VerbForm):
    """What a lead becomes: something new, or an addition to what is there already."""

    account = forms.ChoiceField(label=_("Account"), widget=forms.RadioSelect)
    contact = forms.ChoiceField(label=_("Contact"), widget=forms.RadioSelect)
    create_opportunity = forms.BooleanField(label=_("Create an opportunity"), required=False, initial=True)
    opportunity_name = LineField(label=_("Name of the opportunity"), required=False, max_length=300)
    stage = forms.ModelChoiceField(Stage.objects.none(), label=_("Stage"), required=False)
    amount = MoneyInput(label=_("Amount"), required=False, min_value=0, max_digits=18, decimal_places=2)
    close_date = DayInput(label=_("Close date"), required=False)

    def __init__(self, *args: Any, record: Lead, **kwargs: Any) -> None:
        super().__init__(*args, record=record, **kwargs)
        accounts, contacts = lead_candidates(record, self.user)
        self.matches = {"account": accounts, "contact": contacts}
        known = bind(entity_of(record), self.user).readable(["company", "interest"])
        company, interest = (getattr(record, name) if name in known else "" for name in ("company", "interest"))
        self._offer("account", company or record.name or str(record), with_none=False)
        self._offer("contact", record.name, with_none=True)
        self._offer_opportunity(interest or company or record.name)

    def _offer(self, name: str, title: str, *, with_none: bool) -> None:
        """The candidates, then the new one if the person may add it."""
        field = self.fields[name]
        choices = [(str(match.record.pk), str(match.record)) for match in self.matches[name].found]
        if title and policy.can(self.user, f"customers.{name}", "add"):
            choices.append((NEW, gettext("New: %(title)s") % {"title": title}))
        if with_none or not choices:
            choices.append((NONE, gettext("None")))
        field.choices, field.initial = choices, choices[0][0]

    def offers(self) -> list[dict[str, Any]]:
        """What the template draws: each choice with the line of its record and why it is offered."""
        return [self._drawn(name) for name in ("account", "contact")]

    def _drawn(self, name: str) -> dict[str, Any]:
        matches, field = self.matches[name], self[name]
        lines = {str(match.record.pk): brief(match.record, self.user, match.reasons) for match in matches.found}
        options = [
            {"value": value, "label": label, "line": lines.get(value), "checked": value == str(field.value())}
            for value, label in self.fields[name].choices
        ]
        return {"field": field, "options": options, "hidden": matches.hidden}

    def _offer_opportunity(self, name: str) -> None:
        self.fields["opportunity_name"].initial = name
        stages = Stage.objects.open().filter(pipeline__active=True)
        self.fields["stage"].queryset = stages
        self.fields["stage"].initial = stages.first()
        if not policy.can(self.user, "sales.opportunity", "add"):
            for name in ("create_opportunity", "opportunity_name", "stage", "amount", "close_date"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """The arguments of ``convert_lead``."""
        data = super().clean() or {}
        if data.get("account") == NONE:
            self.add_error("account", ValidationError(gettext("You may not create accounts. Ask for the right to.")))
        contact = data.get("contact", NONE)
        data["create_contact"] = contact == NEW
        data["account"] = self._chosen(Account, data.get("account", NEW))
        data["contact"] = self._chosen(Contact, contact)
        data.setdefault("create_opportunity", False)
        return data

    def _chosen(self, model: type, value: str) -> Any:
        return model.objects.restrict(self.user).filter(pk=value).first() if value.isdecimal() else None
