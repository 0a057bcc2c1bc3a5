"""What partners do when others are written."""

from __future__ import annotations

from crm.lib.pinyin import pinyin_key
from crm.records.actor import Actor
from crm.records.hooks import WriteBatch, on, on_write
from crm.records.models import Entry
from customers.models import Account, Contact
from sales.partners import mails, protecting  # noqa: F401 - what protects registers itself
from sales.partners.coops import win_coops
from sales.partners.models import Partner, PartnerDocument, PartnerPerson
from sales.partners.publishing import readers_of
from sales.partners.registering import win_registrations


@on_write
def keep_names(batch: WriteBatch) -> None:
    """A partner is called like its account, its people like their contacts."""
    if batch.model not in (Account, Contact):
        return
    for before, after in zip(batch.before, batch.after, strict=True):
        if before is None or before.name == after.name:
            continue
        if batch.model is Account:
            key = pinyin_key(after.name)[:300]
            Partner.objects.filter(account=after).update(name=after.name[:300], name_key=key)
        else:
            PartnerPerson.objects.filter(contact=after).update(name=after.name[:200])


@on("sales.opportunity.won")
def registered_deal_won(entry: Entry) -> None:
    """The registration and the co-operation behind it are won, and over."""
    win_registrations(entry.record_id)
    win_coops(entry.record_id)


@on("partners.partnerdocument.published")
def document_published(entry: Entry) -> None:
    """Everybody for whom it is hears of it once a publication."""
    document = PartnerDocument.objects.filter(pk=entry.record_id, state="published", deleted_at__isnull=True).first()
    for partner in readers_of(document) if document is not None else ():
        mails.tell_partner(partner, mails.NEW_DOCUMENT, key=f"document:{entry.pk}", actor=Actor(None, "partners"))
