"""How web forms are listed, shown and built."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.entities.entity import Entity, View, register
from marketing.models import WebForm
from marketing.webforms.building import first_fields
from marketing.webforms.stats import figures_of

MOST_HOSTS = 20


@register
class WebFormEntity(Entity):
    model = WebForm
    icon = "forms"
    columns = ("name", "target", "active", "source", "campaign", "give_to", "owner", "created_at")
    filters = ("name", "target", "active", "source", "channel", "campaign", "give_to", "owner", "created_at")
    sortable = {"name": "name_key", "created_at": "created_at"}
    search = {"text": ("name", "campaign")}
    subtitle = ("target", "campaign", "owner")
    pills = ("active",)
    quick = ("name", "target", "source", "channel", "campaign", "give_to")
    sections = {
        gettext_lazy("Form"): ("name", "target", "active", "owner"),
        gettext_lazy("What comes in"): ("source", "channel", "campaign", "give_to", "confirm_email", "per_hour"),
        gettext_lazy("Texts"): (
            *("title_zh", "title_en", "intro_zh", "intro_en", "button_zh", "button_en"),
            *("thanks_zh", "thanks_en", "redirect_url"),
        ),
        gettext_lazy("Consent"): ("purpose", "consent_zh", "consent_en", "consent_required", "consent_version"),
        gettext_lazy("Embedding"): ("hosts",),
    }
    bulk_edit = ("active", "source", "campaign")
    inline = ("name", "active", "source", "channel", "campaign", "give_to")
    views = (View("open", gettext_lazy("Open"), {"all": [{"field": "active", "op": "yes"}]}, "-created_at"),)
    importable = False

    def save(self, record: Any, *, actor: Any, **options: Any) -> Any:
        """A new form begins with the fields that one asks first."""
        fresh = record._state.adding
        entry = super().save(record, actor=actor, **options)
        if fresh:
            first_fields(record)
        return entry

    def clean(self, form: Any) -> None:
        """Websites by name only; nobody gives work to whom they may not give it."""
        cleaned = form.cleaned_data
        hosts = (cleaned.get("hosts") or "").split()
        if len(hosts) > MOST_HOSTS or any(not _is_host(host) for host in hosts):
            form.add_error("hosts", _("Enter one website on each line, such as www.example.com."))
        to = cleaned.get("give_to")
        if (
            to is not None
            and "give_to" in form.changed_data
            and not policy.can_assign(form.user, form.instance.target, to)
        ):
            form.add_error("give_to", _("You may not give such records to %(name)s.") % {"name": to})

    def figures(self, record: WebForm, user: Any) -> list[dict]:
        return figures_of(record)


def _is_host(text: str) -> bool:
    try:
        URLValidator(schemes=["https"])(f"https://{text}/")
    except ValidationError:
        return False
    return all(sign not in text for sign in "/;,'\"*@?#")
