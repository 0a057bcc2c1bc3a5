"""Dynamic rules on a form: what they hide or keep is left as it was, what they forbid stands beside its field.

The page gets the rules as data, so that they work while somebody types; tests on what is not in the form come as verdicts,
so that no value leaves the server that the person could not see in the form anyway.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from crm.customfields.logic import PASSES, Logic, Rule, Verdict, blank, flat, judge, key_of, logic_of, take_back
from crm.customfields.logic_guard import kept as kept_text
from crm.customfields.logic_guard import may_fill, not_offered, problems, strange
from crm.customfields.models import Effect
from crm.fields.conditions import Group, Reader
from crm.fields.field import Field

# Kinds whose typed value a browser knows as well as the server does.
LIVE = frozenset(
    {
        *("text", "longtext", "email", "url", "phone", "choice", "record", "user", "boolean", "number", "integer"),
        *("money", "percent", "date", "datetime", "multichoice", "address"),
    }
)
_TICKED = (forms.CheckboxInput, forms.CheckboxSelectMultiple)


class Ruled:
    """The part of an entity's form that heeds the rules. ``stored`` is the record as it was, None for a new one."""

    ruled = True
    said: Verdict | None = None
    stored: Any = None
    given: dict[str, Any]

    @cached_property
    def logic(self) -> Logic:
        return logic_of(self._meta.model)

    @cached_property
    def reader(self) -> Reader:
        return self.bound.reader()

    def heed_rules(self) -> None:
        """Judge what was typed: inside cleaning, once the record holds it."""
        if not self.ruled or not self.logic:
            return
        kept: dict = {}
        refused: set[str] = set()
        for _pass in range(PASSES):
            self.said = judge(self.logic, self.instance, self.stored, self.reader, kept)
            moved = [self._leave(name, refused) for name in (self.said.hidden | self.said.readonly) & set(self.names)]
            if not any(moved):
                break
        for name in refused:
            self.add_error(name, kept_text(self.logic, name))
        self._refuse()

    def _leave(self, name: str, refused: set[str]) -> bool:
        """Give the record its own value back; whether it held another. What was typed over a kept field is refused aloud."""
        assert self.said is not None
        field, widget = self.logic.field(name), self.fields[name].widget
        omitted = name in self.said.hidden or self._omitted(widget, name)
        if omitted:
            self._errors.pop(name, None)
        if self.stored is None or field.raw(self.instance) == field.raw(self.stored):
            return False
        if not omitted and name in self.changed_data:
            refused.add(name)
        take_back(field, self.instance, self.stored)
        if name in self.cleaned_data:
            self.cleaned_data[name] = field.value(self.instance)
        return True

    def _omitted(self, widget: forms.Widget, name: str) -> bool:
        """Whether the browser sent nothing for the field: a control that is switched off is not sent."""
        return isinstance(widget, _TICKED) or widget.value_omitted_from_data(
            self.data, self.files, self.add_prefix(name)
        )

    def _refuse(self) -> None:
        assert self.said is not None
        changed = None if self.adding else self.logic.changed(self.stored, self.instance)
        if changed is not None and not changed:
            return
        found = problems(self.logic, self.said, self.instance, changed, writable=lambda f: may_fill(self.user, f))
        for name in strange(self.logic, [(self.instance, changed)]).get(id(self.instance), ()):
            found.setdefault(name, []).append(not_offered(self.logic, name))
        for name, errors in found.items():
            self._tell(name, errors)

    def _tell(self, name: str, errors: list[ValidationError]) -> None:
        if name in self.fields:
            if not self.has_error(name):
                self.add_error(name, errors)
        else:
            self.add_error(None, errors)

    # The page

    @cached_property
    def verdict(self) -> Verdict:
        """What the rules say of the record as the page shows it."""
        if self.said is not None:
            return self.said
        return judge(self.logic, self._draft(), self.stored, self.reader)

    def _draft(self) -> models.Model:
        """The record with what the address fills in, which is not on it yet."""
        draft = copy(self.instance)
        for name, value in self.given.items():
            if name in self.names:
                self.logic.field(name).put(draft, value)
        return draft

    def mark_rules(self) -> None:
        """Hide and mark the fields as the rules say, for the page without scripts and before they run."""
        if not self.ruled or not self.logic:
            return
        for name in self.verdict.hidden & set(self.fields):
            cast(Any, self)[name].css_classes = _off
        for name in self.verdict.required & set(self.fields):
            self.fields[name].required = True

    def offer_what_fits(self) -> None:
        """Leave of the options only those that the record as it is stored allows, where a form has a field without those
        on which it depends. What is chosen stays, and cleaning says by itself what does not fit.
        """
        for name in self.names if self.logic else ():
            made = self.fields[name]
            if isinstance(made, forms.ChoiceField) and not isinstance(made, forms.ModelChoiceField):
                present = self.logic.field(name).raw(self.stored) if self.stored is not None else None
                kept = set(map(key_of, present if isinstance(present, list) else [present]))
                made.widget.choices = [
                    (value, label)
                    for value, label in made.choices
                    if key_of(value) in kept or key_of(value) == "" or self.verdict.offers(name, value)
                ]

    def narrow_links(self) -> None:
        """Let the suggestions of a link follow the field that narrows it, or its stored value where it is not in the form."""
        for narrowing in self.logic.narrowings:
            widget = getattr(self.fields.get(narrowing.field.name), "widget", None)
            if narrowing.through is None or widget is None or not hasattr(widget, "remote_url"):
                continue
            widget.few = False
            asked = {} if "?" in widget.remote_url else {"for": f"{self.bound.label}:{narrowing.field.name}"}
            if narrowing.by.name in self.fields:
                depends = widget.attrs.get("data-depends", "")
                widget.attrs["data-depends"] = f"{depends} {narrowing.by.name}".strip()
            elif self.bound.readable([narrowing.by.name]) and (raw := narrowing.by.raw(self.instance)) is not None:
                asked[narrowing.by.name] = key_of(raw)
            if asked:
                widget.remote_url += f"{'&' if '?' in widget.remote_url else '?'}{urlencode(asked)}"

    @cached_property
    def rule_data(self) -> dict[str, Any] | None:
        """The rules for the script of the page; None where there are none that concern the form."""
        if not self.ruled or not self.logic:
            return None
        told = _Told(self)
        rules = [told.rule(rule) for rule in self.logic.rules]
        narrowings = [
            {"field": n.field.name, "by": n.by.name, "matrix": {key: sorted(row) for key, row in n.matrix.items()}}
            for n in self.logic.narrowings
            if n.through is None and {n.field.name, n.by.name} <= set(self.names)
        ]
        rules = [rule for rule in rules if rule["names"] or rule["effect"] == Effect.INVALID]
        if not rules and not narrowings:
            return None
        watched = {name for rule in self.logic.rules for name in rule.watched} & set(self.names)
        watched |= {name for n in narrowings for name in (n["field"], n["by"])}
        return {
            "rules": rules,
            "narrowings": narrowings,
            "kinds": {name: self.logic.field(name).kind for name in sorted(watched)},
            "stored": {name: told.value(self.logic.field(name), self.stored) for name in sorted(watched)},
            "adding": self.adding,
            "ask": sorted(told.asks),
            "reader": as_reader(self.reader),
        }


def _off(extra: Any = None) -> str:
    return "logic-off"


def as_reader(reader: Reader) -> dict[str, Any]:
    """For whom and when conditions are read, as scripts need it: times are those of the person's clock."""
    local = timezone.localtime(reader.now)
    return {
        "user": str(reader.user_id),
        "team": [str(pk) for pk in reader.team_ids],
        "now": local.replace(tzinfo=None).isoformat(timespec="microseconds"),
    }


class _Told:
    """Rules as data for the script; ``asks`` are the fields on which a verdict of the server hangs."""

    def __init__(self, form: Any) -> None:
        self.form, self.names = form, set(form.names)
        self.record = form.instance if form.said is not None else form._draft()
        self.asks: set[str] = set()

    def rule(self, rule: Rule) -> dict[str, Any]:
        stored = rule.stored
        default = ""
        if rule.effect == Effect.DEFAULT and rule.names and rule.names[0] in self.names:
            default = as_value(self.form.logic.field(rule.names[0]).kind, rule.value)
        return {
            "target": stored.target,
            "names": [name for name in rule.names if name in self.names],
            "effect": rule.effect,
            "where": self.tree(flat(rule.where)),
            "options": sorted(rule.options),
            "message": stored.message,
            "clear": stored.clear,
            "value": default,
        }

    def tree(self, group: Group) -> dict[str, Any]:
        return {
            "any": group.any,
            "nodes": [self.tree(n) if isinstance(n, Group) else self.test(n) for n in group.nodes],
        }

    def test(self, test: Any) -> dict[str, Any]:
        name = test.field.name
        if name in self.names and test.field.kind in LIVE:
            return {
                "field": name,
                "kind": test.field.kind,
                "op": test.op,
                "given": [as_value(test.field.kind, value) for value in test.values],
            }
        own = name.split("__", 1)[0]
        if own in self.names:
            self.asks.add(own)
        return {"is": test.holds(self.record, self.form.reader)}

    def value(self, field: Field, record: Any) -> Any:
        if record is None or field.kind not in LIVE:
            return None
        raw = field.raw(record)
        return None if blank(field, record) and field.kind != "boolean" else as_value(field.kind, raw)


def as_value(kind: str, value: Any) -> Any:
    """A value as the script compares it: texts, except what is true or false, and lists."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    if kind == "datetime" and hasattr(value, "tzinfo"):
        return timezone.localtime(value).replace(tzinfo=None).isoformat(timespec="microseconds")
    if kind in {"number", "integer", "money", "percent"}:
        return f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    if kind == "date":
        return value.isoformat() if hasattr(value, "isoformat") else str(value)
    return key_of(value)
