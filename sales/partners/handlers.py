"""What partners do when others are written."""

from __future__ import annotations

from crm.lib.pinyin import pinyin_key
from crm.records.hooks import WriteBatch, on_write
from customers.models import Account, Contact
from sales.partners.models import Partner, PartnerPerson


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
