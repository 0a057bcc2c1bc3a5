"""Document templates with a live preview, and the letterhead."""

from __future__ import annotations

import base64
from typing import Any

from csp.constants import SELF
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from crm.documents.forms import LetterheadForm, TemplateForm
from crm.documents.models import DocumentTemplate, Letterhead
from crm.documents.printing import default_template, html_of, papers, pictures_of, print_html


@admin.register(DocumentTemplate)
class DocumentTemplateAdmin(admin.ModelAdmin):
    """A new one begins as the one that comes with the program."""

    form = TemplateForm
    list_display = ("name", "entity", "language", "position", "active")
    list_editable = ("position", "active")
    list_filter = ("entity", "language", "active")
    search_fields = ("name",)
    change_form_template = "documents/admin_template.html"

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        label = request.GET.get("entity", next(iter(papers), ""))
        if label not in papers:
            return {}
        language = "en" if request.GET.get("language") == "en" else "zh-hans"
        found = default_template(label, language)
        return {"entity": label, "language": language, "name": found.name, "body": found.body, "css": found.css}

    def get_urls(self) -> list:
        own = path("preview/", self.admin_site.admin_view(self.preview), name="documents_template_preview")
        return [own, *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What is typed, printed with made-up values: the first pages as pictures. Nothing is kept."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return _framed(render(request, "documents/preview.html", {}))
        return _shown(request)


def _framed(answer: HttpResponse) -> HttpResponse:
    """It stands in a frame of the page that it belongs to."""
    answer._csp_replace = {"frame-ancestors": [SELF]}
    answer["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _shown(request: HttpRequest) -> HttpResponse:
    form = TemplateForm(request.POST)
    form.full_clean()
    context: dict[str, Any] = {
        "errors": [e for n in ("entity", "language", "body", "css") for e in form.errors.get(n, ())]
    }
    if not context["errors"]:
        said = form.cleaned_data
        template = DocumentTemplate(**{name: said[name] for name in ("entity", "language", "body", "css")})
        try:
            pages = pictures_of(print_html(html_of(template, papers[template.entity].sample())))
            context["pages"] = [base64.b64encode(page).decode() for page in pages]
        except ValidationError as error:
            context["errors"] = error.messages
    return _framed(render(request, "documents/preview.html", context, status=422 if context["errors"] else 200))


@admin.register(Letterhead)
class LetterheadAdmin(admin.ModelAdmin):
    """One row: who we are."""

    form = LetterheadForm
    list_display = ("__str__", "tax_id", "phone")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Letterhead.objects.exists()
