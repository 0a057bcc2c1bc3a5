"""The import proper: batch by batch, each committed with its checkpoint, so that a killed run goes on where it stopped."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from crm.exchange.importing.judge import Judge, outcome
from crm.exchange.importing.labelling import Label
from crm.exchange.importing.makers import make
from crm.exchange.importing.plan import Link, Plan
from crm.exchange.importing.rows import CREATE, REJECT, SKIP, UPDATE, Row
from crm.exchange.importing.source import batches
from crm.exchange.importing.targets import target_of
from crm.exchange.models import Import, ImportRow
from crm.jobs.running import JobError, Running
from crm.records.actor import Actor
from crm.records.copying import insert_many
from crm.records.services import change_set

BATCH = 1000


class Writer:
    """Writes batches of one import as one change set."""

    def __init__(self, run: Import) -> None:
        self.run = run
        self.target = target_of(run.label, run.user)
        self.actor = Actor(run.user, f"import:{run.pk}")
        self.plan = Plan(run, self.target)
        self.judge = Judge(self.plan, make=self._make)
        self.label = Label(run, self.target, self.actor)

    def write(self, rows: list[Row]) -> dict[str, int]:
        """Judge and write a batch inside the caller's transaction; what the database refuses is narrowed down to its rows."""
        self.judge.make_tags(rows)  # they stay when a part of the batch is taken back
        try:
            with transaction.atomic():
                return self._write(rows)
        except (IntegrityError, DataError, ValidationError) as error:
            for link in self.plan.links.values():
                link.finder.forget()
            if len(rows) == 1:
                row = Row(rows[0].line, rows[0].cells)
                row.reject(" ".join(self.target.why(error)))
                self._note([row])
                return outcome([row], set())
        middle = len(rows) // 2
        first, second = ([Row(row.line, row.cells) for row in half] for half in (rows[:middle], rows[middle:]))
        a, b = self.write(first), self.write(second)
        return {name: a[name] + b[name] for name in a}

    def _write(self, rows: list[Row]) -> dict[str, int]:
        self.judge.judge(rows)
        new = [row for row in rows if row.verdict == CREATE]
        self.label.put(new)
        records = list({id(row.record): row.record for row in rows if row.verdict in {CREATE, UPDATE}}.values())
        changed = self.target.save(records, actor=self.actor, changes=self.run.changes) if records else set()
        self._link_own([row for row in rows if row.later and row.verdict in {CREATE, UPDATE}])
        self.label.place(new)
        self._note(rows)
        return outcome(rows, changed)

    def _link_own(self, rows: list[Row]) -> None:
        """Links between rows of the file, now that both ends are there."""
        linked = {}
        for name in {name for row in rows for name in row.later}:
            link = self.plan.links[name]
            link.finder.forget()
            found = link.finder.find({row.later[name] for row in rows if name in row.later})
            for row in rows:
                others = found.get(row.later.get(name, ""), [])
                if len(others) == 1 and others[0].pk != row.record.pk:
                    self.target.put(row.record, name, others[0])
                    linked[id(row.record)] = row.record
                elif name in row.later:
                    told = {"field": link.field.label, "text": row.later[name][:50]}
                    row.notes.append(_("%(field)s: “%(text)s” could not be linked.") % told)
        if linked:
            self.target.save(list(linked.values()), actor=self.actor, changes=self.run.changes)

    def _note(self, rows: list[Row]) -> None:
        """Keep the rows that people must hear of."""
        kinds = {REJECT: ImportRow.Verdict.REJECTED, SKIP: ImportRow.Verdict.SKIPPED}
        noted = [
            ImportRow(
                run=self.run,
                line=row.line,
                verdict=kinds.get(row.verdict, ImportRow.Verdict.WARNED),
                cells=[storable(cell) for cell in row.cells],
                reasons=[storable(text) for text in (row.reasons or row.notes)],
            )
            for row in rows
            if row.reasons or row.notes
        ]
        insert_many(ImportRow, noted)

    def _make(self, link: Link, names: list[str]) -> dict[str, Any]:
        made = make(
            link.model, names, user=self.run.user, within=link.place(), actor=self.actor, changes=self.run.changes
        )
        link.finder.forget()
        return made


def storable(text: str) -> str:
    """The text as JSON in the database can keep it; what it can't becomes �."""
    return (
        text.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
        if not text.isascii() or "\x00" in text
        else text
    )


def write_import(running: Running) -> dict:
    """Run the import of a job, from its checkpoint."""
    run = Import.objects.select_related("user", "changes").get(pk=running.params["import"])
    if not target_of(run.label, run.user).allowed:
        raise JobError(_("You may no longer import here."))
    if run.changes is None:
        with transaction.atomic():
            run.changes = change_set("import", actor=running.actor, entity=run.label, title=run.name)
            run.save(update_fields=["changes"])
    running.set_total(run.analysis["rows"])
    writer = Writer(run)
    done = running.checkpoint.get("rows", 0)
    for rows in batches(run, BATCH, after=done):
        done += len(rows)
        with running.batch() as step:
            counts = writer.write(rows)
            step.created, step.updated, step.skipped, step.failed = (
                counts[n] for n in ("created", "updated", "skipped", "failed")
            )
            step.checkpoint = {"rows": done}
    return {"import": run.pk}
