"""Whether somebody may be written to or texted: asked before each message that a program sends, told to people who write by hand."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.privacy.consent import Verdict, erased, objections, verdict
from crm.privacy.models import Channel, ConsentPurpose
from crm.privacy.people import find_person, is_person
from crm.records.models import Outgoing, Record
from crm.records.outgoing import NotSent

# What programs send to customers without being marketing: allowed until somebody objects.
SERVICE = "service"
EMAIL, SMS = Channel.EMAIL.value, Channel.SMS.value


class Unwanted(ValidationError):
    """The person may not be contacted so: nothing was sent."""


def purposes(channel: str) -> list[tuple[str, str]]:
    """(code, name) of the purposes in use for which something may go out by a channel."""
    return [(one.code, str(one)) for one in ConsentPurpose.objects.filter(active=True, channels__contains=[channel])]


def ask(person: Record, purpose: str, channel: str) -> None:
    """Raise Unwanted where the person may not be contacted for the purpose. Companies and the like are asked nothing."""
    found = _verdict(person, purpose, channel)
    if not found.allowed:
        raise Unwanted(_("Not sent to %(person)s: %(why)s") % {"person": person, "why": found.why})


def _verdict(person: Record, purpose: str, channel: str) -> Verdict:
    if not is_person(person):
        return Verdict(True, "")
    if not purpose and SERVICE not in dict(purposes(channel)):
        return Verdict(not erased(person, channel), _("The person asked to be erased."))
    return verdict(person, purpose or SERVICE, channel)


def told(person: Record | None, purpose: str) -> dict[str, Any]:
    """What the sending keeps, so that it can ask once more as it goes out."""
    return {} if person is None else {"consent": [person.entity_label(), person.pk, purpose]}


def ask_again(outgoing: Outgoing, channel: str) -> None:
    """Raise NotSent where the person withdrew between queueing and sending, or is not there any more."""
    if kept := outgoing.payload.get("consent"):
        label, pk, purpose = kept
        person = find_person(label, pk)
        if person is not None and not (found := _verdict(person, purpose, channel)).allowed:
            raise NotSent(_("Not sent to %(person)s: %(why)s") % {"person": person, "why": found.why}, final=True)


def warnings(person: Record | None, channel: str) -> list[str]:
    """What somebody who writes by hand should know: to what the person said no. It keeps nobody from writing."""
    return objections(person, channel) if person is not None and is_person(person) else []
