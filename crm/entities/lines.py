"""Drawing times and the lines of a timeline; they come in dozens, so their templates are moulds."""

from __future__ import annotations

import datetime

from django.template.defaultfilters import linebreaksbr
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm.entities.changes import Change
from crm.entities.moulds import fill, mould
from crm.entities.timeline import Line
from crm.lib.looks import exact, relative


def when(value: datetime.datetime | datetime.date | None, state: str = "") -> str:
    """A <time>: relative words, the exact moment on hover; ``state`` is a class such as "seal" or "amber"."""
    if not value:
        return ""
    iso, there = value.isoformat(), timezone.localtime(value) if isinstance(value, datetime.datetime) else value
    said = {"text": relative(there, timezone.localdate(), get_language()), "exact": exact(there), "iso": iso}
    return fill(mould("components/when.html", tuple(said), ("state", state)), said)


def entry_told(line: Line) -> SafeString:
    """What an entry tells by itself: who did what when, the fields that changed, the set it belongs to."""
    of_set = line.entry.change_set
    title = of_set.title if of_set is not None and of_set.kind not in {"undo", "delete"} else ""
    named = not line.own or len(line.changes) > 1
    texts = {"sentence": entry_sentence(line), "at": when(line.entry.at), "set": title}
    texts["changes"] = SafeString("".join([_change(change, named) for change in line.changes]))
    return fill(mould("entities/entry_told.html", tuple([name for name, text in texts.items() if text])), texts)


def _change(change: Change, named: bool) -> SafeString:
    old, new = change.old, change.new
    if change.long:
        old, new = linebreaksbr(old), linebreaksbr(new)
    texts = {"label": change.label, "old": old, "new": new}
    there = tuple([name for name, text in texts.items() if text])
    return fill(mould("entities/change.html", there, ("long", change.long), ("named", named)), texts)


def entry_sentence(line: Line) -> SafeString:
    """“林晓 changed Stage”, “林晓 won Opportunity Pump station”: a line of a timeline as a sentence."""
    changes, place, actor = line.changes, line.place, line.entry.actor
    if not line.own:
        subject = ""
    elif line.kind.name == "changed" and changes:
        count = ngettext("%(n)s field", "%(n)s fields", len(changes)) % {"n": len(changes)}
        subject = changes[0].label if len(changes) == 1 else count
    else:
        subject = _("this record") if "%(subject)s" in str(line.kind.label) else ""
    before, _mark, after = line.kind.said("\0").partition("\0")
    texts = {"actor": "" if actor is None else str(actor), "before": before, "subject": subject, "after": after}
    texts |= {"entity_name": line.entity_name, "name": line.entry.title, "url": place.url, "trash_url": place.trash_url}
    there = tuple([name for name, text in texts.items() if text])
    form = mould("entities/entry_sentence.html", there, ("own", line.own), ("trashed", place.trashed))
    return fill(form, texts)
