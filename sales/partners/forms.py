"""What the verbs on partners' matters ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.inputs import DayInput, LineField, MoneyInput
from crm.entities.links import LinkField
from customers.models import Account
from sales.forms import ConvertForm, VerbForm
from sales.models import Stage
from sales.partners.models import CoopOpportunity, DealRegistration, ForwardReport, LeadForward, Partner
from sales.partners.registering import lead_of
from sales.partners.suggesting import Suggestion, suggest_partners

OTHER = ""


class ForwardForm(VerbForm):
    """To whom, with what words, until when."""

    suggested = forms.ChoiceField(label=_("Suggested partners"), required=False, widget=forms.RadioSelect)
    partner = LinkField(Partner.objects.none(), label=_("Or another partner"), required=False)
    message = forms.CharField(
        label=_("Message to the partner"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "The partner reads this, the region and what is wanted; how to reach the person only after accepting."
        ),
    )
    days = forms.IntegerField(
        label=_("Days to answer"),
        required=False,
        min_value=1,
        max_value=60,
        help_text=_("Empty: as the partner's level says."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {str(s.partner.pk): s for s in suggest_partners(_region(self.record), self.user)}
        choices = [(pk, _line(suggestion)) for pk, suggestion in self.offered.items()]
        self.fields["suggested"].choices = [*choices, (OTHER, gettext("Another one"))]
        self.fields["suggested"].initial = choices[0][0] if choices else OTHER
        source = LeadForward._meta.get_field("partner")
        self.fields["partner"].bind(bind(registry["partners.leadforward"], self.user), source, None)

    def clean(self) -> dict[str, Any]:
        """The arguments of ``forward_to_partner``."""
        data = super().clean() or {}
        suggested = self.offered.get(data.pop("suggested", ""))
        data["partner"] = data.get("partner") or (suggested.partner if suggested else None)
        if data["partner"] is None and "partner" not in self.errors:
            self.add_error("partner", gettext("Choose a partner."))
        return data


def _region(record: Any) -> Any:
    """Where the lead is, or the account of the opportunity."""
    account = getattr(record, "account", None)
    return account.region if account is not None else getattr(record, "region", None)


def _line(suggestion: Suggestion) -> str:
    """A partner in one line: level, whether it covers the region, how much it has on its hands."""
    partner = suggestion.partner
    load = ngettext("%(count)d in hand", "%(count)d in hand", suggestion.load) % {"count": suggestion.load}
    place = gettext("works in the region") if suggestion.near else gettext("everywhere") if partner.nationwide else ""
    return " · ".join(str(part) for part in (partner, partner.level, place, load) if part)


class AnswerForm(VerbForm):
    """What the partner said, where they said it by telephone."""

    answer = forms.CharField(
        label=_("Answer of the partner"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class ReasonForm(VerbForm):
    """Why."""

    reason = LineField(label=_("Reason"), max_length=300)


class ReportForm(VerbForm):
    """How far it is."""

    step = forms.ChoiceField(label=_("Step"), choices=ForwardReport.Step)
    text = forms.CharField(label=_("Report"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))


class NoteForm(VerbForm):
    """The reason, which the partner reads."""

    note = LineField(label=_("Reason, which the partner reads"), max_length=500)


class ApproveForm(VerbForm):
    """Until when it is protected."""

    until = DayInput(label=_("Protected until"), required=False, help_text=_("Empty: as the partner's level says."))
    note = LineField(label=_("Note, which the partner reads"), max_length=500, required=False)


class ExtendForm(VerbForm):
    """Until which day instead."""

    until = DayInput(label=_("Protected until"))
    note = LineField(label=_("Reason"), max_length=500, required=False)


class DealForm(ConvertForm):
    """What a registration becomes, asked as of a lead."""

    def __init__(self, *args: Any, record: Any, **kwargs: Any) -> None:
        super().__init__(*args, record=lead_of(record) if isinstance(record, DealRegistration) else record, **kwargs)


class FeedbackAnswerForm(VerbForm):
    """What the partner reads."""

    answer = forms.CharField(
        label=_("Answer, which the partner reads"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["answer"].initial = self.record.answer


class CoopStateForm(VerbForm):
    """Where it stands now."""

    state = forms.ChoiceField(label=_("State"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        State = CoopOpportunity.State
        steps = [State(value) for value in CoopOpportunity.NEXT[self.record.state] if value != State.ENDED]
        self.fields["state"].choices = [(step.value, step.label) for step in steps]


class CoopDealForm(VerbForm):
    """The opportunity that comes of joint business."""

    name = LineField(label=_("Name of the opportunity"), max_length=300)
    account = LinkField(Account.objects.none(), label=_("End customer"), required=False)
    stage = forms.ModelChoiceField(Stage.objects.none(), label=_("Stage"), required=False)
    amount = MoneyInput(label=_("Amount"), required=False, min_value=0, max_digits=18, decimal_places=2)
    close_date = DayInput(label=_("Close date"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = CoopOpportunity._meta.get_field("account")
        self.fields["account"].bind(bind(registry["partners.coopopportunity"], self.user), source, None)
        stages = Stage.objects.open().filter(pipeline__active=True)
        self.fields["stage"].queryset, self.fields["stage"].initial = stages, stages.first()
        given = {"name": "name", "account": "account", "amount": "amount", "close_date": "expected_on"}
        for field, name in given.items():
            self.fields[field].initial = getattr(self.record, name)
