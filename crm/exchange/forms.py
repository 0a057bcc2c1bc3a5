"""What people post in the steps of an import, checked against what the file and the target offer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.exchange.importing.labelling import FITTING
from crm.exchange.importing.makers import can_make, container_of
from crm.exchange.importing.plan import CREATE, EMPTY, REJECT
from crm.exchange.importing.targets import Target
from crm.exchange.models import Import
from crm.lib.text import clean_line, fold
from crm.ownership.pools import pools_for

ENCODINGS = ("utf-8", "gb18030", "utf-16", "big5", "cp1252", "shift_jis")
DELIMITERS = ((",", _("Comma")), (";", _("Semicolon")), ("\t", _("Tab")), ("|", "|"))
ORDERS = (
    ("", _("Year first, or not needed")),
    ("DMY", _("Day, month, year")),
    ("MDY", _("Month, day, year")),
    ("YMD", _("Year, month, day")),
)
ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".vcf")


class UploadForm(forms.Form):
    """A file to bring in."""

    file = forms.FileField(label=_("File"), max_length=255)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if not str(file.name).lower().endswith(ENDINGS):
            raise ValidationError(_("Choose a CSV, TXT, XLSX or VCF file. Save other workbooks as XLSX first."))
        if file.size > settings.UPLOAD_LIMIT:
            raise ValidationError(_("The file is too large. Divide it and bring the parts one after the other."))
        return file


class ReadingForm(forms.Form):
    """How the file is read: what was found, and may be changed."""

    sheet = forms.ChoiceField(label=_("Sheet"), required=False)
    no_header = forms.BooleanField(
        label=_("No heading row"), required=False, help_text=_("Then say how many rows to skip at the top.")
    )
    header_row = forms.IntegerField(
        label=_("Heading in row"),
        required=False,
        min_value=1,
        max_value=1000,
        help_text=_("Empty: found automatically."),
    )
    skip = forms.IntegerField(label=_("Rows to skip at the top"), required=False, min_value=0, max_value=100_000)
    encoding = forms.ChoiceField(
        label=_("Encoding"),
        required=False,
        choices=[("", _("Automatic")), *((name, name.upper()) for name in ENCODINGS)],
    )
    delimiter = forms.ChoiceField(label=_("Delimiter"), required=False, choices=[("", _("Automatic")), *DELIMITERS])

    def __init__(self, *args: Any, run: Import, **kwargs: Any) -> None:
        super().__init__(*args, initial=run.reading, **kwargs)
        if run.reading.get("workbook"):
            self.fields["sheet"].choices = [(name, name) for name in run.reading["sheets"]]
            del self.fields["encoding"], self.fields["delimiter"]
        else:
            del self.fields["sheet"]

    def clean_skip(self) -> int:
        return self.cleaned_data["skip"] or 0


class OptionsForm(forms.Form):
    """What happens with rows that are there already."""

    mode = forms.ChoiceField(label=_("What to do"), choices=Import.Mode)
    keys = forms.MultipleChoiceField(
        label=_("Recognise existing ones by"), required=False, widget=forms.CheckboxSelectMultiple
    )
    duplicates = forms.ChoiceField(label=_("Rows that look like existing ones"), choices=Import.Duplicates)
    blank = forms.ChoiceField(
        label=_("Empty cells, when updating"),
        choices=[("keep", _("Keep the value there")), ("clear", _("Clear the value there"))],
    )

    label = forms.CharField(
        label=_("Source of all new ones"),
        required=False,
        max_length=100,
        help_text=_("Such as the exhibition where the cards were collected. Made if there is none of that name."),
    )
    pool = forms.ChoiceField(
        label=_("Those that no rule gives to anybody"),
        required=False,
        help_text=_("Assignment rules are asked for each new one, unless a column names its owner or pool."),
    )

    def __init__(self, *args: Any, run: Import, target: Target, **kwargs: Any) -> None:
        super().__init__(*args, initial=run.options, **kwargs)
        self._offer_label(target)
        self._offer_pool(target)
        filled = {entry["to"].removeprefix("field:") for entry in run.mapping}
        self.fields["keys"].choices = [(key, target.fields[key].label) for key in target.keys if key in filled]
        if not target.can_create:
            self.fields["mode"].choices = [(Import.Mode.UPDATE.value, Import.Mode.UPDATE.label)]
        elif not target.can_update:
            self.fields["mode"].choices = [(m.value, m.label) for m in (Import.Mode.CREATE, Import.Mode.SKIP)]

    def _offer_label(self, target: Target) -> None:
        field = target.fields.get("source")
        self.source = field.link if field is not None and field.link else None
        if self.source is None:
            del self.fields["label"]
        self.may_make = self.source is not None and can_make(target.user, self.source)

    def _offer_pool(self, target: Target) -> None:
        pools = list(pools_for(target.label)) if getattr(target, "takes_pools", False) else []
        if not pools:
            del self.fields["pool"]
            return
        several = [(FITTING, _("go to the pool that takes them"))] if len(pools) > 1 else []
        self.fields["pool"].choices = [("", _("stay mine")), *several, *((str(pool.pk), pool.name) for pool in pools)]

    def clean_label(self) -> str:
        """A source that there is, or that the person may make."""
        label = _line(self.cleaned_data["label"])
        if label and not self.may_make and not self.source._default_manager.filter(name=label).exists():
            raise ValidationError(_("There is no source of that name, and you may not make one."))
        return label

    def clean_pool(self) -> int | str | None:
        """Options are kept as JSON: a pool, or whichever takes the record."""
        chosen = self.cleaned_data["pool"]
        return int(chosen) if chosen.isdigit() else chosen or None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("mode") not in (None, Import.Mode.CREATE) and not cleaned.get("keys"):
            self.add_error("keys", _("Choose by what existing records are recognised."))
        return cleaned


def _line(text: str) -> str:
    try:
        return clean_line(text)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def posted_mapping(data: QueryDict, run: Import, target: Target) -> list[dict]:
    """The mapping of the columns page; what is not offered counts as not posted. ValidationError when a field is used twice."""
    found, used = [], set()
    for entry in run.mapping:
        index = entry["index"]
        to = data.get(f"to-{index}", entry["to"])
        name = to.removeprefix("field:")
        if to not in {"extra", "ignore"} and name not in target.fields:
            to = "extra"
        if to.startswith("field:") and to in used:
            raise ValidationError(_("“%(field)s” is chosen for two columns.") % {"field": target.fields[name].label})
        used.add(to)
        order = data.get(f"order-{index}", entry["order"] or "")
        changed = {**entry, "to": to, "order": order if order in {"DMY", "MDY", "YMD"} else None}
        if to != entry["to"]:
            changed |= {"missing": EMPTY, "within": None, "values": None}
        if to.startswith("field:") and target.fields[name].kind in {"choice", "record", "user"}:
            changed |= _missing(data, index, target, name, changed)
        found.append(changed)
    return found


def _missing(data: QueryDict, index: int, target: Target, name: str, entry: dict) -> dict:
    """What happens with texts that name nothing, and in which container new ones are made."""
    field = target.fields[name]
    allowed = {EMPTY, REJECT, *([CREATE] if field.link and can_make(target.user, field.link) else [])}
    missing = data.get(f"missing-{index}", entry["missing"])
    within = data.get(f"within-{index}", "")
    container = container_of(field.link) if field.link else None
    places = set(container.related_model._default_manager.values_list("pk", flat=True)) if container else set()
    return {
        "missing": missing if missing in allowed else EMPTY,
        "within": int(within) if within.isdigit() and int(within) in places else entry["within"],
    }


def posted_fills(data: QueryDict, run: Import, target: Target) -> dict[str, list[int]]:
    """From which columns required texts without a column of their own are put together."""
    filled = {entry["to"].removeprefix("field:") for entry in run.mapping}
    known = {str(entry["index"]) for entry in run.mapping}
    found = {}
    for field in target.fields.values():
        if field.required and not field.link and field.kind == "text" and field.name not in filled:
            chosen = [int(value) for value in data.getlist(f"fill-{field.name}") if value in known]
            found[field.name] = list(dict.fromkeys(chosen))[:3]
    return found


def posted_values(data: QueryDict, run: Import) -> list[dict]:
    """The mapping with what was decided for single values; "" leaves a value to be found by itself."""
    looks = run.analysis["columns"]
    found = []
    for entry in run.mapping:
        distinct = looks[entry["index"]]["distinct"] or []
        values = dict(entry["values"] or {})
        for number, (text, _count) in enumerate(distinct):
            pick = data.get(f"value-{entry['index']}-{number}")
            if pick is not None:
                values.pop(fold(text), None)
                if pick:
                    values[fold(text)] = pick[:100]
        found.append({**entry, "values": values or None})
    return found
