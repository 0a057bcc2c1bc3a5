"""What somebody is writing: kept as it grows, begun as an answer, sent as a mail."""

from __future__ import annotations

from datetime import datetime
from email._parseaddr import AddressList
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.files.models import StoredFile
from crm.files.services import store_file
from crm.files.storage import open_content
from crm.messaging.mails import queue_mail
from crm.messaging.mime.headers import Address, one_line
from crm.messaging.models import MailAccount, MailDraft, MailMessage
from crm.messaging.replies import quoted
from crm.records.actor import Actor
from crm.records.models import Record

SEPARATORS = str.maketrans({"，": ",", "；": ",", ";": ",", "、": ",", "\n": ",", "＜": "<", "＞": ">", "＠": "@"})
FORWARD, ANSWER, ANSWER_ALL = "forward", "answer", "all"


def accounts_of(user: Any) -> list[MailAccount]:
    """The mailboxes that the user reads and writes with, their own first."""
    return list(MailAccount.objects.filter(MailAccount.of(user.pk)).distinct())


def read_addresses(text: str) -> list[Address]:
    """The recipients that somebody typed. ValidationError names what is no address."""
    found: dict[str, Address] = {}
    wrong = []
    for name, address in AddressList(text.translate(SEPARATORS)).addresslist:
        address = address.strip().lower()
        try:
            validate_email(address)
            address.encode("ascii")
        except (ValidationError, UnicodeEncodeError):
            wrong.append(address or name)
            continue
        found.setdefault(address, Address(one_line(name, 200), address))
    if wrong:
        raise ValidationError(_("This is no e-mail address: %(wrong)s") % {"wrong": ", ".join(wrong[:5])})
    return list(found.values())


def write_addresses(people: list[Address]) -> str:
    """Recipients as one types them."""
    return ", ".join(f'"{p.name}" <{p.address}>' if "," in p.name else str(p) for p in people)


def new_draft(user: Any, *, record: Record | None = None, to: str = "") -> MailDraft:
    """An empty mail, about a record or not, with the signature of the account it goes out from."""
    account = next((found for found in accounts_of(user) if found.can_send), None)
    return MailDraft(
        writer=user,
        account=account,
        to=to,
        body=_signed(account),
        entity=record.entity_label() if record else "",
        record_id=record.pk if record else None,
    )


def answer(message: MailMessage, how: str, user: Any) -> MailDraft:
    """An answer to the sender or to everybody, or the mail handed on, with the mail quoted."""
    accounts = accounts_of(user)
    account = next((a for a in accounts if a.pk == message.account_id), None) or next(iter(accounts), None)
    draft = MailDraft(writer=user, account=account, answers=message)
    marker = "Fwd: " if how == FORWARD else "Re: "
    draft.subject = message.subject if message.subject.lower().startswith(marker.lower()) else marker + message.subject
    draft.subject = draft.subject[:500]
    when = date_format(timezone.localtime(message.sent_at), "Y-m-d H:i")
    said = {"when": when, "who": message.sender_name or message.sender}
    head = _("On %(when)s %(who)s wrote:") % said
    draft.body = f"{_signed(account)}\n\n{quoted(message.text, head)}\n"
    if how != FORWARD:
        to, cc = _answered(message, account, everybody=how == ANSWER_ALL)
        draft.to, draft.cc = write_addresses(to), write_addresses(cc)
    link = message.links.first()
    if link is not None:
        draft.entity, draft.record_id = link.entity, link.record_id
    return draft


def _answered(message: MailMessage, account: MailAccount | None, *, everybody: bool) -> tuple[list, list]:
    mine = account.address.lower() if account else ""
    people = [(p["role"], Address(p["name"], p["address"])) for p in message.recipients]
    if message.direction == MailMessage.Direction.OUT:
        to = [person for role, person in people if role == "to"]
    else:
        to = [person for role, person in people if role == "reply-to"] or [Address(message.sender_name, message.sender)]
    asked = {person.address for person in to} | {mine}
    others = [p for role, p in people if role in {"to", "cc"} and p.address not in asked] if everybody else []
    return [person for person in to if person.address != mine] or to, others


def _signed(account: MailAccount | None) -> str:
    return f"\n\n-- \n{account.signature}" if account and account.signature else ""


def record_of(draft: MailDraft, user: Any) -> Record | None:
    """The record that the mail is about, if the writer may see it."""
    if draft.entity not in registry or not draft.record_id:
        return None
    bound = bind(registry[draft.entity], user)
    return bound.records().filter(pk=draft.record_id).first() if bound.can("view") else None


def files_of(draft: MailDraft) -> list[StoredFile]:
    """The files that were brought for the mail; they belong to nothing but the writer yet."""
    found = StoredFile.objects.restrict(draft.writer).filter(pk__in=draft.files, owner=draft.writer, on_id=None)
    return sorted(found, key=lambda file: draft.files.index(file.pk))


@transaction.atomic
def send(draft: MailDraft, *, actor: Actor, at: datetime | None = None) -> MailMessage:
    """Queue what was written and forget the draft. ValidationError when something is missing; sending twice is one mail."""
    locked = MailDraft.objects.select_for_update(of=("self",)).filter(pk=draft.pk, writer=actor.user).first()
    if locked is None:
        raise ValidationError(_("This mail was sent or thrown away already."))
    account = next((a for a in accounts_of(actor.user) if a.pk == locked.account_id), None)
    if account is None:
        raise ValidationError(_("Choose the account from which the mail goes out."))
    answers = locked.answers
    if answers is not None and not MailMessage.objects.restrict(actor.user).filter(pk=answers.pk).exists():
        answers = None
    message = queue_mail(
        account=account,
        to=read_addresses(locked.to),
        cc=read_addresses(locked.cc),
        bcc=read_addresses(locked.bcc),
        subject=locked.subject,
        text=locked.body,
        actor=actor,
        answers=answers,
        files=files_of(locked),
        about=record_of(locked, actor.user),
        privacy=locked.privacy,
        at=at,
    )
    locked.delete()
    return message


def copy_files(message: MailMessage, *, actor: Actor) -> list[int]:
    """The files of a mail once more, for another one: the same contents, belonging to the writer."""
    found = []
    for attachment in message.attachments.exclude(file=None).filter(inline=False).select_related("file"):
        with open_content(attachment.file.sha256) as source:
            found.append(store_file(File(source, name=attachment.name), actor=actor, name=attachment.name).pk)
    return found


@transaction.atomic
def reopen(message: MailMessage, *, actor: Actor) -> MailDraft:
    """A mail that was taken back, to be written on."""
    people: dict[str, list[Address]] = {"to": [], "cc": [], "bcc": []}
    for person in message.recipients:
        people.setdefault(person["role"], []).append(Address(person["name"], person["address"]))
    link = message.links.filter(how="hand").first()
    return MailDraft.objects.create(
        writer=actor.user,
        account=message.account,
        subject=message.subject,
        files=copy_files(message, actor=actor),
        body=message.text,
        privacy=message.privacy,
        entity=link.entity if link else "",
        record_id=link.record_id if link else None,
        **{role: write_addresses(found) for role, found in people.items() if role in {"to", "cc", "bcc"}},
    )
