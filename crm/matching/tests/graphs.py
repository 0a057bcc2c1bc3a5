"""Random customers with everything that hangs on them, and what a merge and its way back should make of them, said plainly."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from django.db import transaction

from crm.access.models import RecordShare
from crm.activities.models import Follow, FollowUp, Participant, Task
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.files.models import StoredFile
from crm.matching.merging.choosing import choosable
from crm.records.actor import Actor
from crm.records.diff import logged_fields, value_of
from crm.records.errors import Conflict, Protected
from crm.records.services import delete, save, save_many
from customers.models import Account, AccountContact, Contact
from customers.structure.ties import AccountRelation, RelationType
from sales.factories import make_pipeline
from sales.models import Lead, Opportunity, OpportunityContact

RECORDS = (
    Account, Contact, AccountContact, AccountRelation, Opportunity, OpportunityContact, Lead, Task, FollowUp, StoredFile,
)  # fmt: skip
PLAIN = (Follow, RecordShare, Participant)
A, C, D = "customers.account", "customers.contact", "sales.opportunity"
# Which columns point at what, by hand: the oracle must not ask the code under test.
LINKS = {
    Account: {"parent_id": A},
    Contact: {"account_id": A, "reports_to_id": C},
    AccountContact: {"account_id": A, "contact_id": C},
    AccountRelation: {"account_id": A, "other_id": A},
    Opportunity: {"account_id": A},
    OpportunityContact: {"opportunity_id": D, "contact_id": C},
    Lead: {"converted_account_id": A, "converted_contact_id": C, "converted_opportunity_id": D},
}
ABOUT = (Task, FollowUp, StoredFile)
COMPUTED = ("deals",)
Key = tuple[type, int]
State = dict[Key, dict[str, Any]]


class World:
    """A few of everything, linked at random; ``rnd`` decides, so that a seed tells it all."""

    def __init__(self, rnd: Random, actor: Actor) -> None:
        self.rnd, self.actor = rnd, actor
        own = {"owner": actor.user}
        stage = make_pipeline().stages.first()
        self.accounts = self._made(Account, [self._account(own) for _ in range(rnd.randint(3, 5))])
        for child in self.accounts[1:]:
            if rnd.random() < 0.5:
                child.parent_id = rnd.choice([a.pk for a in self.accounts if a.pk < child.pk])
        save_many(self.accounts, actor=actor)
        self.contacts = self._made(Contact, [self._contact(own) for _ in range(rnd.randint(3, 6))])
        for below in self.contacts[1:]:
            if rnd.random() < 0.3:
                below.reports_to_id = rnd.choice([c.pk for c in self.contacts if c.pk < below.pk])
        save_many(self.contacts, actor=actor)
        deals = [
            Opportunity(name=f"设备{i}", stage=stage, account_id=self._some(self.accounts, 0.8), amount=i, **own)
            for i in range(rnd.randint(2, 4))
        ]
        self.deals = self._made(Opportunity, deals)
        self._join(own)
        self._about(own)

    def _made(self, model: Any, rows: list[Any]) -> list[Any]:
        save_many(rows, actor=self.actor)
        return rows

    def _some(self, rows: list[Any], often: float) -> int | None:
        return self.rnd.choice(rows).pk if rows and self.rnd.random() < often else None

    def _account(self, own: dict) -> Account:
        rnd = self.rnd
        phone = rnd.choice(["", "13800138000", "13900139000"])
        return Account(name=f"远山{rnd.randint(1, 99)}", phone=phone, employees=rnd.choice([None, 5, 9]), **own)

    def _contact(self, own: dict) -> Contact:
        rnd = self.rnd
        partner = self._some(self.accounts, 0.5)
        custom = {"partner": partner} if partner else {}
        return Contact(
            name=f"王{rnd.randint(1, 9)}", account_id=self._some(self.accounts, 0.7), custom=custom, job_title=rnd.choice(["", "经理"]), **own
        )  # fmt: skip

    def _join(self, own: dict) -> None:
        rnd = self.rnd
        pairs = {(rnd.choice(self.accounts).pk, rnd.choice(self.contacts).pk) for _ in range(rnd.randint(0, 7))}
        self._made(AccountContact, [AccountContact(account_id=a, contact_id=c, **own) for a, c in sorted(pairs)])
        roles = {(rnd.choice(self.deals).pk, rnd.choice(self.contacts).pk) for _ in range(rnd.randint(0, 5))}
        self._made(
            OpportunityContact, [OpportunityContact(opportunity_id=o, contact_id=c, **own) for o, c in sorted(roles)]
        )
        kind = RelationType.objects.get_or_create(between="account", name="代理")[0]
        ties = {tuple(rnd.sample([a.pk for a in self.accounts], 2)) for _ in range(rnd.randint(0, 4))}
        apart = {frozenset(pair): pair for pair in sorted(ties)}.values()
        self._made(AccountRelation, [AccountRelation(account_id=a, other_id=b, type=kind, **own) for a, b in apart])
        lead = Lead(name="线索", **own)
        lead.converted_account_id = self._some(self.accounts, 0.7)
        lead.converted_contact_id = self._some(self.contacts, 0.7)
        lead.converted_opportunity_id = self._some(self.deals, 0.7)
        self._made(Lead, [lead])

    def _about(self, own: dict) -> None:
        rnd, everything = self.rnd, [*self.accounts, *self.contacts, *self.deals]

        def on() -> dict[str, Any]:
            record = rnd.choice(everything)
            return {"on_entity": record.entity_label(), "on_id": record.pk, **own}

        tasks = self._made(Task, [Task(subject=f"回访{i}", **on()) for i in range(rnd.randint(1, 5))])
        self._made(FollowUp, [FollowUp(kind="call", text="谈了", **on()) for _ in range(rnd.randint(0, 4))])
        self._made(StoredFile, [StoredFile(name=f"{i}.txt", **on()) for i in range(rnd.randint(0, 3))])
        for record in everything:
            label = record.entity_label()
            if rnd.random() < 0.5:
                Follow.objects.create(entity=label, record_id=record.pk, user=self.actor.user)
            if rnd.random() < 0.3:
                RecordShare.objects.create(entity=label, record_id=record.pk, user=self.actor.user)
        for contact in self.contacts:
            if rnd.random() < 0.5:
                Participant.objects.create(task=tasks[0], entity=C, record_id=contact.pk)
        for task in tasks[1:]:
            if rnd.random() < 0.3:
                delete(task, actor=self.actor)

    def chosen(self) -> tuple[str, list[Any]]:
        """An entity and two to four of its records."""
        label = self.rnd.choice([A, A, C, C, D])
        rows = {A: self.accounts, C: self.contacts, D: self.deals}[label]
        picked = self.rnd.sample(rows, self.rnd.randint(2, min(4, len(rows))))
        return label, [type(row)._base_manager.get(pk=row.pk) for row in picked]

    def choices(self, label: str, records: list[Any]) -> dict[str, int]:
        """Some fields, each from some record that may give it."""
        may = choosable(bind(registry[label], self.actor.user), records)
        names = [name for name in sorted(may) if may[name] and name not in {"stage", "currency"}]
        return {name: self.rnd.choice(sorted(may[name])) for name in names if self.rnd.random() < 0.6}

    def edit(self, winner: Any, gone: set[int]) -> None:
        """One thing that somebody does to the records afterwards."""
        rnd = self.rnd
        moved = [row for row in (*self.contacts, *self.deals) if getattr(row, "account_id", None) in {winner.pk, *gone}]
        near = rnd.choice([[winner], [winner], moved, moved, [*self.accounts, *self.contacts, *self.deals]])
        record = rnd.choice(near or [winner])
        found = type(record)._base_manager.filter(pk=record.pk, deleted_at=None).first()
        if found is None or (type(found) is type(winner) and found.pk in gone):
            return
        try:
            with transaction.atomic():
                self._change(found, winner, gone)
        except (Protected, Conflict):
            pass

    def _change(self, found: Any, winner: Any, gone: set[int]) -> None:
        rnd = self.rnd
        verb = rnd.choice(["rename", "phone", "move", "move", "move", "trash", "new", "unfollow"])
        alive = [a.pk for a in self.accounts if not (type(winner) is Account and a.pk in gone)]
        if verb == "rename":
            found.name = f"改{rnd.randint(1, 999)}"
        elif verb == "phone" and hasattr(found, "phone"):
            found.phone = rnd.choice(["", "13700137000"])
        elif verb == "move" and hasattr(found, "account_id"):
            found.account_id = rnd.choice(alive)
            found.custom = (
                {**found.custom, "partner": rnd.choice(alive)} if isinstance(found, Contact) else found.custom
            )
        elif verb == "trash" and (type(found), found.pk) != (type(winner), winner.pk):
            delete(found, actor=self.actor)
            return
        elif verb == "new":
            save(Contact(name="新人", owner=self.actor.user, account_id=rnd.choice(alive)), actor=self.actor)
            return
        elif verb == "unfollow":
            Follow.objects.filter(entity=found.entity_label(), record_id=found.pk).delete()
            return
        save(found, actor=self.actor)


def snapshot() -> State:
    """Every row, without what is bookkeeping or computed."""
    found: State = {}
    for model in RECORDS:
        for row in model._base_manager.all():
            values = {f.attname: value_of(row, f) for f in logged_fields(model) if f.name != "custom"}
            values |= {f"custom.{code}": v for code, v in row.custom.items() if code not in COMPUTED}
            found[model, row.pk] = {**values, "dead": row.deleted_at is not None}
    for model in PLAIN:
        for row in model._base_manager.values():
            found[model, row["id"]] = row
    return found


def merged(before: State, label: str, winner: int, losers: set[int], choices: dict[str, int]) -> State:
    """What a merge should make of the rows; of the winner's own links to its kind nothing is said."""
    after = copy.deepcopy(before)
    kind = registry[label].model
    for (model, pk), row in after.items():
        if (model, pk) not in {(kind, one) for one in (winner, *losers)}:
            for name in _links(model, row, label):
                if row.get(name) in losers:
                    row[name] = winner
    _spare(before, after)
    for pk in losers:
        after[kind, pk]["dead"] = True
    names = {f.name: f.attname for f in kind._meta.concrete_fields}
    for name, pk in choices.items():
        after[kind, winner][names.get(name, name)] = before[kind, pk].get(names.get(name, name))
    return after


def _links(model: type, row: dict, label: str) -> list[str]:
    if model in PLAIN:
        return ["record_id"] if row["entity"] == label else []
    if model in ABOUT:
        return ["on_id"] if row["on_entity"] == label else []
    own = [name for name, target in LINKS.get(model, {}).items() if target == label]
    return [*own, "custom.partner"] if (model, label) == (Contact, A) else own


def _spare(before: State, after: State) -> None:
    """Rows that would stand twice stay where they were: records in the trash."""
    taken: set[tuple] = set()
    moved = {key for key in before if after[key] != before[key]}
    for key in sorted(after, key=lambda key: (key in moved, key[0].__name__, key[1])):
        model, row = key[0], after[key]
        place = _place(model, row)
        alone = model is AccountRelation and row["account_id"] == row["other_id"]
        if place is None or row.get("dead"):
            continue
        if key in moved and (place in taken or alone):
            after[key] = dict(before[key])
            if model not in PLAIN:
                after[key]["dead"] = True
            continue
        taken.add(place)


def _place(model: type, row: dict) -> tuple | None:
    if model is AccountContact:
        return model, row["account_id"], row["contact_id"]
    if model is OpportunityContact:
        return model, row["opportunity_id"], row["contact_id"]
    if model is AccountRelation:
        return model, row["type_id"], frozenset((row["account_id"], row["other_id"]))
    if model is Follow:
        return model, row["entity"], row["record_id"], row["user_id"]
    if model is Participant and row["record_id"]:
        return model, row["task_id"], row["entity"], row["record_id"]
    return None


def taken_back(before: State, at_merge: State, now: State) -> State:
    """What taking the merge back should make of the rows: what was done since stays, everything else is as before."""
    after = {}
    for key, row in now.items():
        was, then = before.get(key, {}), at_merge.get(key, {})
        if key not in at_merge:
            after[key] = row
            continue
        names = {*row, *was, *then}
        after[key] = {n: row.get(n) if row.get(n) != then.get(n) else was.get(n) for n in names}
    return after


def moved_on(before: State, at_merge: State, now: State, kind: type, selves: set[int]) -> set[Key]:
    """Rows that the merge moved and somebody has moved elsewhere since."""
    found = set()
    for key, then in at_merge.items():
        model = key[0]
        links = {*LINKS.get(model, {}), "record_id", "on_id", "custom.partner"}
        if key in now and not (model is kind and key[1] in selves):
            was = before[key]
            if any(was.get(n) != then.get(n) and now[key].get(n) != then.get(n) for n in links):
                found.add(key)
    return found


def plain(state: State) -> dict[str, dict]:
    """A state that is easy to compare and to read: empty values left out."""
    return {
        f"{m.__name__}:{pk}": {k: v for k, v in sorted(row.items()) if v is not None}
        for (m, pk), row in sorted(state.items(), key=lambda pair: (pair[0][0].__name__, pair[0][1]))
    }
