"""Verdicts on a batch of rows: links found, existing records matched, rules and limits kept. Set-wise, a few queries a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from crm.entities.tagging import make_tags
from crm.exchange.importing.limits import broken
from crm.exchange.importing.matches import find_existing, key_of, mark_notes, mark_taken, mark_twins
from crm.exchange.importing.plan import CREATE as MAKE
from crm.exchange.importing.plan import EMPTY, Link, Plan
from crm.exchange.importing.plan import REJECT as REFUSE
from crm.exchange.importing.rows import CREATE, SKIP, UPDATE, Row
from crm.exchange.importing.targets import POOL
from crm.exchange.models import Import
from crm.lib.text import fold
from crm.records.actor import Actor
from crm.records.copying import fresh

Maker = Callable[[Link, list[str]], dict[str, Any]]
UPDATING = {Import.Mode.UPDATE, Import.Mode.UPSERT}


class Judge:
    """Decides about rows of one plan. With ``make`` it creates what links name and nobody has; without, it only counts them.

    ``remember`` keeps the keys of all batches, for a look ahead that writes nothing; a real run finds them in the database.
    """

    def __init__(self, plan: Plan, *, make: Maker | None = None, remember: bool = False) -> None:
        self.plan, self.target, self.make = plan, plan.target, make
        self.seen: set[int] | None = set() if remember else None
        self.made: dict[str, dict[str, str]] = {}
        self.names: set[str] = set()
        proto = self.target.new()
        self.defaults = {
            f.attname: None if f.primary_key else getattr(proto, f.attname)
            for f in proto._meta.fields
            if not f.generated
        }
        self.lists = [name for name, value in self.defaults.items() if isinstance(value, dict | list)]
        self.owned = hasattr(proto, "owner_id")

    def judge(self, rows: list[Row]) -> None:
        """Give every row its verdict and, where it comes in, its record."""
        self.make_tags(rows)
        for row in rows:
            self.plan.read(row)
        for name, link in self.plan.links.items():
            wanting = [row for row in rows if row.alive and name in row.wanted]
            self._link(wanting, name, link, own=self._own_names(rows) if link.model is self.target.model else set())
        self._owners(rows)
        self._match([row for row in rows if row.alive])
        coming = [row for row in rows if row.alive]
        for row in coming:
            self._apply(row)
        self._limits([row for row in coming if row.alive])
        mark_taken([row for row in coming if row.alive], self.target)
        mark_twins([row for row in coming if row.verdict == CREATE], self.plan)
        mark_notes([row for row in coming if row.alive and row.verdict in {CREATE, UPDATE}], self.plan)

    def make_tags(self, rows: list[Row]) -> None:
        """Tags that nobody has yet: made in a real run, only counted in a look ahead."""
        for index, name, cleaner in self.plan.tags:
            unknown = cleaner.unknown(row.cells[index] for row in rows if index < len(row.cells))
            unknown = list({fold(part): part for part in reversed(unknown)}.values())
            if unknown and self.make is not None:
                try:
                    made = make_tags(unknown, actor=Actor(self.target.user, f"import:{self.plan.run.pk}"))
                except ValidationError:  # each row that names a bad one says why
                    continue
                cleaner.admit({given: tag.value for given, tag in zip(unknown, made, strict=True)})
            elif unknown:
                self.made.setdefault(name, {}).update({fold(part): part for part in unknown})
                cleaner.admit({part: f"new {part}" for part in unknown})

    def _own_names(self, rows: list[Row]) -> set[str]:
        """What the file's own rows are called: a link to their kind may mean one of them."""
        own = {fold(str(row.values["name"])) for row in rows if row.values.get("name")}
        if self.seen is not None:
            self.names |= own
            return self.names
        return own

    def _link(self, rows: list[Row], name: str, link: Link, own: set[str]) -> None:
        """Replace wanted texts by records; those that rows of the file are called are left for later."""
        texts = list(dict.fromkeys(row.wanted[name] for row in rows))
        if not texts:
            return
        chosen = link.chosen(texts)
        found = link.finder.find(text for text in texts if text not in chosen)
        unknown = [
            text
            for text in texts
            if chosen.get(text) == MAKE or (link.makes and text not in chosen and not found[text])
        ]
        unknown = [text for text in unknown if fold(text) not in own]
        spelled = {fold(text): text for text in reversed(unknown)}
        if unknown and self.make is not None:
            made = self.make(link, list(spelled.values()))
            found |= {text: [made[spelled[fold(text)]]] for text in unknown}
        elif unknown:
            self.made.setdefault(name, {}).update(spelled)
        for row in rows:
            text = row.wanted[name]
            pick = chosen.get(text)
            if isinstance(pick, models.Model):
                row.values[name] = pick
            elif pick == EMPTY:
                continue
            elif len(found.get(text, ())) == 1:
                row.values[name] = found[text][0]
            elif text in unknown:
                continue
            elif fold(text) in own and not found.get(text):
                row.later[name] = text
            else:
                self._missing(row, name, link, text, len(found.get(text, ())), refuse=pick == REFUSE)

    def _missing(self, row: Row, name: str, link: Link, text: str, count: int, *, refuse: bool) -> None:
        label = link.field.label
        told = {"field": label, "text": text[:50], "count": count}
        if count > 1:
            reason = _("%(field)s: “%(text)s” names %(count)s records.") % told
        else:
            reason = _("%(field)s: “%(text)s” was not found.") % told
        if refuse or link.column.missing == REFUSE:
            row.reject(reason)
        elif name == "owner":
            row.notes.append(_("%(reason)s It fell to you.") % {"reason": reason})
        else:
            # What a card says of its company is not lost with the link: it stays beside the record.
            row.extras.setdefault(link.column.heading, text)
            row.notes.append(_("%(reason)s It was left empty.") % {"reason": reason})

    def _owners(self, rows: Iterable[Row]) -> None:
        for row in rows:
            owner = row.values.get("owner")
            if owner is not None and owner.pk not in self.target.assignable:
                row.reject(_("You may not make %(name)s the owner.") % {"name": owner})
            elif owner is not None and row.values.get(POOL) is not None:
                row.reject(_("Name an owner or a pool, not both."))

    def _match(self, rows: list[Row]) -> None:
        """Find what the keys name, and decide between create, update, skip and reject."""
        plan = self.plan
        existing = find_existing(rows, plan, lock=self.make is not None)
        allowed = (
            self.target.changeable({r.pk for found in existing.values() for r in found})
            if plan.mode in UPDATING
            else set()
        )
        here: dict[tuple, Row] = {}
        for row in rows:
            key = key_of(row, plan.keys)
            found = existing.get(key, []) if key else []
            if len(found) > 1:
                row.reject(_("The key fits %(count)s records.") % {"count": len(found)})
            elif found:
                self._meet(row, found[0], allowed)
            elif key and (key in here or self._saw(key)):
                self._meet_again(row, here.get(key))
            elif plan.mode == Import.Mode.UPDATE:
                row.reject(
                    _("No record has this key.") if key else _("The key is empty, so nothing can be found to update.")
                )
            elif not self.target.can_create:
                row.reject(_("You may not create records here."))
            else:
                row.verdict = CREATE
            if key and row.alive:
                here.setdefault(key, row)
                if self.seen is not None:
                    self.seen.add(hash(key))

    def _saw(self, key: tuple) -> bool:
        return self.seen is not None and hash(key) in self.seen

    def _meet(self, row: Row, record: models.Model, allowed: set[int]) -> None:
        match self.plan.mode:
            case Import.Mode.CREATE:
                row.reject(_("There is a record with this key already."))
            case Import.Mode.SKIP:
                row.skip(_("There is a record with this key already."))
            case _ if record.pk not in allowed:
                row.reject(_("You may not change the record with this key."))
            case _:
                row.record, row.verdict = record, UPDATE

    def _meet_again(self, row: Row, first: Row | None) -> None:
        """The key stood in an earlier row of the file: that row made the record that this one meets."""
        match self.plan.mode:
            case Import.Mode.CREATE:
                row.reject(_("An earlier row has the same key."))
            case Import.Mode.SKIP:
                row.skip(_("An earlier row has the same key."))
            case _:
                row.verdict = UPDATE
                row.record = first  # the record of that row, taken when it is made

    def _apply(self, row: Row) -> None:
        """Put the values into the record."""
        if isinstance(row.record, Row):
            row.record = row.record.record
        if row.verdict == CREATE or row.record is None:
            row.record = fresh(self.target.model, self.defaults)
            for name in self.lists:
                setattr(row.record, name, copy(self.defaults[name]))
            if self.owned and "owner" not in row.values:
                row.record.owner = self.target.user
        for name, value in row.values.items():
            if name in {"owner", POOL} and value is None:
                continue
            self.target.put(row.record, name, value)
        if row.values.get(POOL) is not None:
            row.record.owner = None
        if row.extras and hasattr(row.record, "extras"):
            row.record.extras = {**row.record.extras, **row.extras}

    def _limits(self, rows: list[Row]) -> None:
        """Required fields, rules over several fields, CHECKs."""
        required = [f for f in self.target.fields.values() if f.required]
        self.target.arrive([row for row in rows if row.alive])
        for row in rows:
            for field in required:
                if not field.field.filled(row.record) and field.name not in row.wanted:
                    row.reject(_("%(field)s is required.") % {"field": field.label})
            try:
                for check in self.target.checks if row.alive else ():
                    check(row)
            except ValidationError as error:
                row.reject(" ".join(error.messages))
            if row.alive and (message := broken(row.record)):
                row.reject(message)


def outcome(rows: Iterable[Row], changed: set[int]) -> dict[str, int]:
    """Counts by outcome; an update that changed nothing counts as skipped."""
    counts = {"created": 0, "updated": 0, "skipped": 0, "failed": 0}
    for row in rows:
        if row.verdict == CREATE:
            counts["created"] += 1
        elif row.verdict == UPDATE:
            counts["updated" if row.record.pk in changed else "skipped"] += 1
        elif row.verdict == SKIP:
            counts["skipped"] += 1
        else:
            counts["failed"] += 1
    return counts
