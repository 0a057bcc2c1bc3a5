"""How tracked links are listed and shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.entities.entity import Entity, View, register
from customers.tracing import Touch
from marketing.models import TrackedLink

DAYS = 30


@register
class TrackedLinkEntity(Entity):
    model = TrackedLink
    icon = "qrcode"
    slug = "links"
    columns = ("name", "code", "channel", "source", "campaign", "form", "active", "owner", "created_at")
    filters = ("name", "code", "channel", "source", "campaign", "form", "active", "owner", "created_at")
    sortable = {"name": "name_key", "created_at": "created_at"}
    search = {"text": ("name", "campaign"), "code": ("code",)}
    subtitle = ("channel", "campaign", "owner")
    pills = ("channel", "active")
    quick = ("name", "form", "url", "source", "channel", "campaign")
    sections = {
        gettext_lazy("Link"): ("name", "form", "url", "active", "owner"),
        gettext_lazy("Where from"): ("source", "channel", "campaign", "code"),
    }
    bulk_edit = ("active", "source", "channel", "campaign")
    inline = ("name", "active", "source", "channel", "campaign")
    views = (View("open", gettext_lazy("Open"), {"all": [{"field": "active", "op": "yes"}]}, "-created_at"),)
    shows_on = {"marketing.webform": "form"}

    def clean(self, form: Any) -> None:
        """It leads to one place."""
        if not form.adding and not {"form", "url"} & set(form.changed_data):
            return
        cleaned = form.cleaned_data
        form_, url = (cleaned.get(n) if n in form.fields else getattr(form.instance, n) for n in ("form", "url"))
        if bool(form_) == bool(url) and not {"form", "url"} & set(form.errors):
            form.add_error("url" if "url" in form.fields else None, _("Choose a form, or enter a page."))

    def figures(self, record: TrackedLink, user: Any) -> list[dict]:
        since = timezone.localdate() - timedelta(days=DAYS - 1)
        sums = record.days.filter(day__gte=since).aggregate(Sum("clicks"), Sum("robots"))
        came = Touch.objects.filter(code=record.code).count()
        return [
            {"label": _("Clicks, 30 days"), "value": f"{sums['clicks__sum'] or 0:,}"},
            {"label": _("Programs"), "value": f"{sums['robots__sum'] or 0:,}"},
            {"label": _("People who wrote"), "value": f"{came:,}"},
        ]
