"""Merging and taking back as verbs of a record: what its menu, the list's selection and the API offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import bind
from crm.entities.entity import Action, Entity, entity_of
from crm.entities.merged import took_over
from crm.matching.merging.models import MergeOperation
from crm.matching.merging.services import FEWEST, MERGE, MOST, merge
from crm.matching.merging.unmerging import unmerge
from crm.records.actor import Actor
from crm.records.models import Record


class MergeForm(forms.Form):
    """Which records go into this one, and from which it takes a field: ``phone:7 website:9``; other fields keep their value."""

    records = forms.ModelMultipleChoiceField(None, label=_("Records that go into this one"))
    choices = forms.CharField(label=_("Values to take over, as field:record"), required=False, max_length=5000)

    def __init__(self, data: Any = None, *, user: Any, record: Record) -> None:
        super().__init__(data)
        self.fields["records"].queryset = bind(entity_of(record), user).records(MERGE)

    def clean_choices(self) -> dict[str, int]:
        found = {}
        for word in self.cleaned_data["choices"].replace(",", " ").split():
            name, _colon, pk = word.rpartition(":")
            if not name or not pk.isascii() or not pk.isdigit() or len(pk) > 18:
                raise ValidationError(_("Name the fields, each with the id of a record: phone:7"))
            found[name] = int(pk)
        return found


class UnmergeForm(forms.Form):
    """Which merge is to be taken back; the last one where none is named."""

    merge = forms.ModelChoiceField(None, label=_("Merge"), required=False)

    def __init__(self, data: Any = None, *, user: Any, record: Record) -> None:
        super().__init__(data)
        self.fields["merge"].queryset = merges_into(record)


def merges_into(record: Record) -> Any:
    """The merges into a record that are in force, the last first."""
    rows = MergeOperation.objects.filter(entity=record.entity_label(), record_id=record.pk, undone_at=None)
    return rows.order_by("-pk")


def merge_into(record: Record, *, actor: Actor, records: Sequence[Record], choices: dict[str, int]) -> Record:
    """The verb: other records go into this one."""
    merge([record, *records], record, choices, actor=actor)
    return record


def unmerge_last(record: Record, *, actor: Actor, merge: MergeOperation | None = None) -> Record:
    """The verb: take a merge into this record back."""
    operation = merge or merges_into(record).first()
    if operation is None:
        raise ValidationError(_("Nothing was merged into this record."))
    unmerge(operation, actor=actor)
    return record


def merge_page(entity: Entity, ids: Sequence[int]) -> str:
    """Where records are merged side by side."""
    return f"{reverse('matching:merge', args=[entity.area, entity.slug])}?{urlencode([('id', pk) for pk in ids])}"


def history_page(entity: Entity, ids: Sequence[int]) -> str:
    """Where the merges of a record stand, each with its way back."""
    return f"{entity.url('record', ids[0])}?tab=history"


MERGE_ACTION = Action(
    "merge",
    _("Merge"),
    merge_into,
    "git-merge",
    form=MergeForm,
    permission=MERGE,
    bulk=True,
    automatic=False,
    page=merge_page,
)
UNMERGE_ACTION = Action(
    "unmerge",
    _("Take a merge back"),
    unmerge_last,
    "arrow-back-up",
    form=UnmergeForm,
    permission=MERGE,
    when=lambda record: took_over(record) and merges_into(record).exists(),
    automatic=False,
    page=history_page,
)
__all__ = ["FEWEST", "MERGE_ACTION", "MOST", "UNMERGE_ACTION", "merge_page", "merges_into"]
