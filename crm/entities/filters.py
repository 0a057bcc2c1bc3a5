"""The query string of a list as Conditions: django-filter parses and validates it, a Condition makes the Q.

``?stage=3&amount__gte=1000&created_at__this_month=1&owner__me=1``; a value given several times means any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import QueryDict

from crm.fields.conditions import ConditionError, Test, make_test
from crm.fields.field import Field
from crm.fields.kinds import arity


class ValuesField(forms.Field):
    """Every value that the query string has under one name."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, field: Field, op: str, **kwargs: Any) -> None:
        super().__init__(required=False, label=field.label)
        self.tested, self.op = field, op

    def clean(self, value: Any) -> Test | None:
        values = [v for v in value or [] if v != ""]
        if not values:
            return None
        takes = arity(self.op)
        if takes == 2:
            values = [part for v in values for part in v.split(",")]
        try:
            return make_test(self.tested, self.op, values[0] if takes == 1 and len(values) == 1 else values)
        except ConditionError as error:
            raise ValidationError(error.messages) from error


class TestFilter(django_filters.Filter):
    """One field with one operator; it yields a Test and leaves the rows alone."""

    field_class = ValuesField
    __test__ = False

    def filter(self, qs: Any, value: Test | None) -> Any:
        return qs


def parameters(fields: Mapping[str, Field]) -> Iterator[tuple[str, Field, str]]:
    """(parameter, field, operator) of everything that may stand in the query string; the bare name is the first operator."""
    for name, field in fields.items():
        for op in field.operators:
            yield f"{name}__{op}", field, op
        yield name, field, field.operators[0]


class Filters:
    """The conditions that a query string asks for, and what of it could not be understood."""

    def __init__(
        self, model: type[Model], params: QueryDict, fields: Mapping[str, Field], reserved: frozenset[str]
    ) -> None:
        asked = [name for name in params if name not in reserved]
        known = {name: (field, op) for name, field, op in parameters(fields)} if asked else {}
        self.unknown = [name for name in asked if name not in known]
        self.form = None
        if len(self.unknown) < len(asked):
            declared = {name: TestFilter(field=known[name][0], op=known[name][1]) for name in asked if name in known}
            filterset = type("ListFilters", (django_filters.FilterSet,), declared)
            self.form = filterset(data=params, queryset=model._base_manager.none()).form
            self.form.is_valid()

    @property
    def errors(self) -> dict[str, list[str]]:
        """Parameter → messages, for values that do not fit."""
        return {name: [str(m) for m in messages] for name, messages in self.form.errors.items()} if self.form else {}

    @property
    def tests(self) -> dict[str, Test]:
        """Parameter → its test."""
        return {name: test for name, test in self.form.cleaned_data.items() if test is not None} if self.form else {}
