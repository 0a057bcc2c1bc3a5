"""“Ask for approval” as an effect of rules and stage gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.approvals import services
from crm.approvals.models import ApprovalProcess
from crm.entities.effects import ParamsForm, effect
from crm.records.actor import Actor
from crm.records.models import Record

AS = (
    ("owner", gettext_lazy("The owner")),
    ("actor", gettext_lazy("As whom the rule acts")),
)


class ProcessForm(ParamsForm):
    """Which process, and who counts as asking."""

    process = forms.ModelChoiceField(ApprovalProcess.objects.none(), label=gettext_lazy("Approval process"))
    requester = forms.ChoiceField(choices=AS, label=gettext_lazy("Asked by"))
    note = forms.CharField(max_length=500, required=False, label=gettext_lazy("What should they know?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = ApprovalProcess.objects.filter(entity=self.entity.label, active=True)
        self.fields["process"].queryset = rows


def _said(params: Mapping[str, Any]) -> str:
    return _("Ask for approval: %(process)s") % {"process": params["process"]}


@effect(
    "start_approval",
    gettext_lazy("Ask for approval"),
    "rubber-stamp",
    form=ProcessForm,
    permission="change",
    describe=_said,
)
def start_approval(record: Record, params: Mapping[str, Any], *, actor: Actor) -> str:
    """Begin a request; one of the same process that runs already is the same request."""
    requester = (record.owner if params["requester"] == "owner" else None) or actor.user
    made = services.start(params["process"], record, actor=actor, requester=requester, note=params["note"])
    return _("Asked for approval: %(name)s") % {"name": made.process}
