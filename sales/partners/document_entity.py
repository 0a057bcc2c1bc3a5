"""What the house hands to partners, as records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.entities.entity import Action, Entity, View, register
from crm.files.services import count_files
from sales.partners import publishing
from sales.partners.models import PartnerDocument
from sales.partners.prefill import asked_for

State = PartnerDocument.State


@register
class PartnerDocumentEntity(Entity):
    model = PartnerDocument
    icon = "files"
    slug = "documents"
    importable = False
    columns = ("title", "kind", "state", "level", "region", "partner", "valid_until", "published_at", "owner")
    filters = (
        "title", "kind", "state", "level", "region", "partner", "valid_until", "published_at", "owner", "department",
        "created_at",
    )  # fmt: skip
    search = {"text": ("title", "note")}
    pills = ("state", "kind")
    subtitle = ("kind", "owner")
    quick = ("title", "kind", "level", "upwards", "region", "partner", "valid_until", "note")
    sections = {
        _("Document"): ("title", "kind", "note", "valid_until", "owner"),
        _("For whom"): ("level", "upwards", "region", "partner"),
        _("Portal"): ("state", "published_at"),
    }
    inline = ("title", "kind", "valid_until", "owner")
    bulk_edit = ("kind", "valid_until")
    views = (
        View("out", _("Published"), {"all": [{"field": "state", "op": "in", "value": ["published"]}]}, "-created_at"),
        View("drafts", _("Drafts"), {"all": [{"field": "state", "op": "in", "value": ["draft"]}]}, "-created_at"),
    )
    shows_on = {"partners.partner": "partner"}
    actions = (
        Action(
            "publish", _("Publish"), publishing.publish_document, "send",
            when=lambda document: document.state != State.PUBLISHED, primary=True, automatic=False,
        ),
        Action(
            "withdraw", _("Withdraw"), publishing.withdraw_document, "ban",
            when=lambda document: document.state == State.PUBLISHED, danger=True, automatic=False,
        ),
    )  # fmt: skip

    def new(self, user: Any, initial: Mapping[str, Any]) -> PartnerDocument:
        return PartnerDocument(owner=user, partner_id=asked_for(initial, "partner"))

    def figures(self, record: PartnerDocument, user: Any) -> list[dict]:
        """How many files it has, and how many partners it is for."""
        readers, files = publishing.readers_of(record).count(), count_files(record)
        tab = f"{reverse('entities:record', args=[self.area, self.slug, record.pk])}?tab=files"
        said = ngettext("%(count)d partner", "%(count)d partners", readers) % {"count": readers}
        return [
            {"label": gettext("Files"), "value": str(files), "url": tab, "tone": "" if files else "late"},
            {"label": gettext("Readers"), "value": said, "url": "", "tone": ""},
        ]
