"""Writing document templates and the letterhead."""

from __future__ import annotations

import io
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image, UnidentifiedImageError

from crm.documents import texts
from crm.documents.models import DocumentTemplate, Letterhead
from crm.documents.printing import papers
from crm.entities.entity import registry

LARGEST = 4 * 1024**2
WIDEST = 1200


class TemplateForm(forms.ModelForm):
    """A template: its tags must be readable, its entity one that has papers."""

    class Meta:
        model = DocumentTemplate
        fields = ("entity", "language", "name", "position", "active", "body", "css")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "entity" in self.fields:
            choices = [(label, registry[label].name) for label in papers if label in registry]
            self.fields["entity"] = forms.ChoiceField(label=gettext_lazy("Kind of record"), choices=choices)

    def clean_body(self) -> str:
        body = self.cleaned_data["body"]
        texts.check(body)
        return body


class LetterheadForm(forms.ModelForm):
    """Our own data, and the logo as a picture that is drawn anew."""

    picture = forms.FileField(label=gettext_lazy("Logo"), required=False, help_text=gettext_lazy("PNG or JPEG."))
    without = forms.BooleanField(label=gettext_lazy("Remove the logo"), required=False)

    class Meta:
        model = Letterhead
        fields = (
            "name", "english_name", "address", "phone", "email", "website", "tax_id", "bank", "bank_account",
        )  # fmt: skip

    def clean_picture(self) -> bytes | None:
        upload = self.cleaned_data.get("picture")
        if not upload:
            return None
        if upload.size > LARGEST:
            raise ValidationError(_("The picture is larger than %(most)s MB.") % {"most": LARGEST >> 20})
        try:
            with Image.open(upload, formats=("PNG", "JPEG")) as picture:
                picture.thumbnail((WIDEST, WIDEST))
                out = io.BytesIO()
                picture.convert("RGBA").save(out, "PNG")
        except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
            raise ValidationError(_("This is no picture that can be read: bring a PNG or JPEG file.")) from None
        return out.getvalue()

    def save(self, commit: bool = True) -> Letterhead:
        if self.cleaned_data.get("picture"):
            self.instance.logo = self.cleaned_data["picture"]
        elif self.cleaned_data.get("without"):
            self.instance.logo = None
        return super().save(commit)
