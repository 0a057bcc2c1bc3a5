"""What holds for quotes whichever door a write comes through, and what follows from approvals."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.approvals.services import open_instance
from crm.records.actor import Actor
from crm.records.diff import diff
from crm.records.hooks import WriteBatch, before_write, on
from crm.records.models import Entry
from sales.quotes import kinds
from sales.quotes.models import Quote, QuoteLine
from sales.quotes.services import move
from sales.services.opportunities import save_opportunity

State = Quote.State
# What the services write with a state.
WITH_STATE = {"state", "sent_at", "answered_at", "answer", "link_key", "signed_name", "proof"}


@before_write
def keep_offers(batch: WriteBatch) -> None:
    """What was offered stays as it was offered; a state changes by its commands alone."""
    if batch.model is Quote:
        for before, after in zip(batch.before, batch.after, strict=True):
            _judge(before, after)
    elif batch.model is QuoteLine:
        _judge_lines(batch)


def _judge(before: Quote | None, after: Quote) -> None:
    if before is None:
        if after.state != State.DRAFT:
            raise ValidationError(_("A quote begins as a draft."))
        return
    said = getattr(after, "moving_to", None)
    if before.state != after.state and said != after.state:
        raise ValidationError(_("The state of a quote changes by its commands."))
    if before.deleted_at is None and after.deleted_at is not None and before.state in (State.SENT, State.ACCEPTED):
        raise ValidationError(_("“%(quote)s” was sent: it can't be deleted.") % {"quote": before})
    if before.state not in Quote.LOCKED:
        return
    allowed = before.open_fields() | (WITH_STATE if said else set())
    if changed := set(diff(before, after)) - allowed:
        text = _("“%(quote)s” was released: make a new version, or take it back to draft.") % {"quote": before}
        raise ValidationError(dict.fromkeys(sorted(changed), text) if changed <= _form_names() else text)


def _form_names() -> set[str]:
    return {field.name for field in Quote._meta.concrete_fields if field.editable}


def _judge_lines(batch: WriteBatch) -> None:
    whole = {line.document_id for line in (*batch.before, *batch.after) if line is not None}
    locked = dict(Quote._base_manager.filter(pk__in=whole, state__in=Quote.LOCKED).values_list("pk", "number"))
    if not locked:
        return
    for before, after in zip(batch.before, batch.after, strict=True):
        choosing = before is not None and getattr(after, "choosing", False) and set(diff(before, after)) <= {"chosen"}
        places = {after.document_id} | ({before.document_id} if before is not None else set())
        if not choosing and (held := places & locked.keys()):
            told = {"quote": locked[held.pop()]}
            raise ValidationError(
                _("“%(quote)s” was released: make a new version, or take it back to draft.") % told, code="locked"
            )


@on(kinds.SENT, kinds.ACCEPTED, name="quotes.worth")
def tell_worth(entry: Entry) -> None:
    """An open opportunity is worth what its customer agreed to; until then what was offered, where nobody has put down a figure."""
    if entry.entity != Quote.entity_label():
        return
    quote = Quote.objects.alive().filter(pk=entry.record_id, state__in=(State.SENT, State.ACCEPTED)).first()
    deal = quote and quote.opportunity
    if deal is None or deal.deleted_at or deal.state != deal.State.OPEN or deal.currency != quote.currency:
        return
    if deal.amount is None or quote.state == State.ACCEPTED:
        deal.amount = quote.total
        save_opportunity(deal, actor=Actor(entry.actor, "quote"))


@on("approvals.rejected", "approvals.withdrawn", "approvals.returned", name="quotes.approval_ended")
def approval_ended(entry: Entry) -> None:
    """A refused or withdrawn request makes the quote a draft again."""
    if entry.entity != Quote.entity_label():
        return
    quote = Quote.objects.alive().filter(pk=entry.record_id, state=State.APPROVING).first()
    if quote is not None:
        running = open_instance(quote)
        if running is None or running.state == running.State.RETURNED:
            move(quote, State.DRAFT, kinds.RETURNED, actor=Actor(entry.actor, "approval"))
