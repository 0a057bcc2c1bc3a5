"""Papers of records as PDF and as pictures. Whoever calls has asked whether their reader may see the record."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pypdfium2
import structlog
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from crm.documents.models import DocumentTemplate, Letterhead
from crm.documents.texts import fill

PRINTER = Path(__file__).with_name("printer.py")
STYLE = PRINTER.with_name("paper.css")
PATIENCE = 150
KEPT = 15 * 60
"""Seconds."""
LARGEST_KEPT = 2 * 1024 * 1024
log = structlog.get_logger(__name__)
Values = dict[str, Any]


@dataclass(frozen=True)
class Paper:
    """``values(record, user)`` gives what templates of the entity may name: plain dicts, lists, texts and numbers; PermissionDenied
    where ``user`` (None: the customer) may not know them. ``sample()`` is a made-up set of values for previews. ``folder``
    holds what comes with the program: ``zh.liquid``, ``en.liquid`` and, where it differs from ``paper.css``, ``style.css``."""

    label: str
    values: Callable[[Any, Any], Values]
    sample: Callable[[], Values]
    folder: Path


papers: dict[str, Paper] = {}


def paper(label: str, values: Callable[[Any, Any], Values], sample: Callable[[], Values], folder: Path) -> None:
    """Make documents of an entity possible: see ``Paper``."""
    papers[label] = Paper(label, values, sample, folder)


def template_of(label: str, language: str) -> DocumentTemplate:
    """The template that counts in a language: the first in use, else the one that comes with the program (unsaved)."""
    found = DocumentTemplate.objects.filter(entity=label, language=language, active=True).first()
    return found or default_template(label, language)


def default_template(label: str, language: str) -> DocumentTemplate:
    """What comes with the program, in its language."""
    folder = papers[label].folder
    body = (folder / ("zh.liquid" if language.startswith("zh") else "en.liquid")).read_text()
    own = folder / "style.css"
    css = STYLE.read_text() + (own.read_text() if own.exists() else "")
    return DocumentTemplate(entity=label, language=language, name=_("Standard"), body=body, css=css)


def company() -> Values:
    """What our letters carry at their head."""
    head = Letterhead.objects.first() or Letterhead()
    names = ("english_name", "address", "phone", "email", "website", "tax_id", "bank", "bank_account")
    found: Values = {name: getattr(head, name) for name in names}
    logo = base64.b64encode(bytes(head.logo)).decode() if head.logo else ""
    return found | {"name": head.name or settings.COMPANY_NAME, "logo": f"data:image/png;base64,{logo}" if logo else ""}


def html_of(template: DocumentTemplate, values: Values) -> str:
    """The whole page: the body filled in, its style, its language. ValidationError where the template can't be filled in."""
    with translation.override(template.language):
        body = fill(template.body, {"company": company(), **values})
    context = {"body": body, "css": template.css.replace("<", ""), "template": template}
    return render_to_string("documents/page.html", context)


def pdf_of(record: Any, user: Any, language: str = "zh-hans") -> bytes:
    """The paper of a record. ValidationError where it can't be made; PermissionDenied where the user may not know what it tells."""
    label = record._meta.label_lower
    with translation.override(language):
        values = papers[label].values(record, user)
        return print_html(html_of(template_of(label, language), values))


def print_html(html: str) -> bytes:
    """HTML as PDF; the same within a quarter of an hour is printed once. ValidationError where it takes too much."""
    key = f"paper.{sha256(html.encode('utf-8', 'replace')).hexdigest()}"
    if isinstance(kept := cache.get(key), bytes):
        return kept
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(PRINTER)],
            input=html.encode("utf-8", "replace"),
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        )
    except subprocess.TimeoutExpired:
        raise ValidationError(_("The document takes too long to print. Make it shorter.")) from None
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        log.error("document_not_printed", code=done.returncode, error=done.stderr.decode(errors="replace")[-2000:])
        raise ValidationError(_("The document could not be printed. Simplify the template, or ask an administrator."))
    if len(done.stdout) <= LARGEST_KEPT:
        cache.set(key, done.stdout, KEPT)
    return done.stdout


def pictures_of(pdf: bytes, most: int = 3, width: int = 900) -> list[bytes]:
    """The first pages as PNG."""
    found = []
    document = pypdfium2.PdfDocument(pdf)
    for number in range(min(most, len(document))):
        page = document[number]
        out = io.BytesIO()
        page.render(scale=width / page.get_width()).to_pil().save(out, "PNG")
        found.append(out.getvalue())
    return found
