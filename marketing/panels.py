"""What marketing shows on record pages: the builder of a form, what was sent by it, how to embed it; where a record came from."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.panels import panel, record_tab
from crm.entities.refs import refs
from customers.tracing import BEHAVIOUR, Touch
from marketing.events.showing import days_of, known_by
from marketing.models import FormSubmission, TrackedLink, WebForm
from marketing.webforms.building import builder, label_of
from marketing.webforms.stats import SHOWN

FORM = "marketing.webform"
PEOPLE = ("customers.contact", "customers.account", "sales.lead")


def _keeps(form: WebForm, user: Any) -> bool:
    """Whether the user may change the form: only they build it, and read what was sent."""
    return bind(registry[FORM], user).can_record("change", form)


@record_tab(FORM, "fields", _("Fields"), icon="list-details", template="marketing/form_fields.html", when=_keeps)
def fields_tab(form: WebForm, user: Any) -> dict[str, Any]:
    """The builder."""
    return {"rows": builder(form), "form_url": form.url, "save_url": reverse("marketing:form_fields", args=[form.pk])}


@record_tab(
    FORM,
    "submissions",
    _("Submissions"),
    icon="inbox",
    template="marketing/form_submissions.html",
    count=lambda form: form.submissions.count(),
    when=_keeps,
)
def submissions_tab(form: WebForm, user: Any) -> dict[str, Any]:
    """The latest submissions with what became of them; the records only as far as the user may see them."""
    rows = list(form.submissions.order_by("-at", "-id")[:SHOWN])
    seen = refs(user, [(row.on_entity, row.on_id) for row in rows if row.on_id])
    labels = {name: label_of(form, name) for row in rows for name in row.values}
    lines = [
        {
            "row": row,
            "record": seen.get((row.on_entity, row.on_id)) if row.on_id else None,
            "values": [(labels[name], "、".join(texts)) for name, texts in row.values.items()],
            "again": row.state in (FormSubmission.State.FAILED, FormSubmission.State.SPAM),
            "retry_url": reverse("marketing:form_retry", args=[form.pk, row.pk]),
        }
        for row in rows
    ]
    return {"lines": lines}


@panel(FORM, slot="side", template="marketing/form_embed.html", order=-5)
def embed_panel(form: WebForm, user: Any) -> dict[str, Any] | None:
    """The address of the form and the lines that put it into a website."""
    script = settings.PUBLIC_URL + reverse("marketing:form_embed")
    return {
        "address": form.url,
        "script": script,
        "token": form.token,
        "hosts": form.hosts.split(),
        "open": form.active,
    }


@panel("marketing.trackedlink", slot="side", template="marketing/link_qr.html", order=-5)
def qr_panel(link: TrackedLink, user: Any) -> dict[str, Any]:
    """The code to print, and its address."""
    svg, png = (reverse("marketing:link_qr", args=[link.pk, kind]) for kind in ("svg", "png"))
    return {"address": link.short, "svg": svg, "png": png, "open": link.active}


def is_touched(record: Any, user: Any) -> bool:
    """Whether there are touches, and the user may see where the record comes from."""
    bound = bind(registry[record.entity_label()], user)
    return record.first_touch_at is not None and len(bound.visible(["first_channel", "last_channel"])) == 2


def touches(record: Any, user: Any) -> dict[str, Any] | None:
    """The latest touches of a record."""
    if not is_touched(record, user):
        return None
    rows = Touch.objects.filter(on_entity=record.entity_label(), on_id=record.pk).select_related("source")[:8]
    return {"touches": list(rows)}


def behaviour_tab(record: Any, user: Any) -> dict[str, Any]:
    """What the person did, and by what they are known as far as the reader may know it."""
    bound = bind(registry[record.entity_label()], user)
    return {"days": days_of(record, user), "known": known_by(record, bound)}


def _may_know(record: Any, user: Any) -> bool:
    """Who may not know when somebody came or bought may not know what they looked at."""
    bound = bind(registry[record.entity_label()], user)
    return set(bound.readable(BEHAVIOUR)) == set(BEHAVIOUR)


for _label in PEOPLE:
    panel(_label, slot="side", template="marketing/touches.html", order=20, later=is_touched)(touches)
    record_tab(
        _label,
        "behaviour",
        _("Behaviour"),
        icon="activity",
        template="marketing/behaviour.html",
        when=_may_know,
    )(behaviour_tab)
