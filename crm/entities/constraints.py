"""What the database would refuse, said before it does; and what it refused after all, in words."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.db import DatabaseError, models
from django.db.models import CheckConstraint, Q, UniqueConstraint, Value
from django.utils.translation import gettext as _

from crm.customfields.unique import taken, unique_name


def violations(record: models.Model, names: set[str]) -> Iterator[ValidationError]:
    """The errors of all constraints that involve ``names``: one query for all checks, one for each unique key."""
    yield from _broken_checks(record, names)
    yield from _taken_keys(record, names)
    for name in taken(record, names):
        yield ValidationError({name: [_("Another record has this already.")]})


def _broken_checks(record: models.Model, names: set[str]) -> Iterator[ValidationError]:
    meta = record._meta
    checks = [c for c in meta.constraints if isinstance(c, CheckConstraint) and fields_of(c) & names]
    if not checks:
        return
    needed = set().union(*map(fields_of, checks))
    columns = {f.name: f for f in meta.concrete_fields if not f.generated}
    values = {n: Value(getattr(record, f.attname), f) for n, f in columns.items() if n in needed}
    everything = Q()
    for constraint in checks:
        everything &= Q(constraint.condition)
    if everything.check(values):
        return
    for constraint in checks:
        if not Q(constraint.condition).check(values):
            yield _named(fields_of(constraint) & names, str(constraint.get_violation_error_message()))


def _taken_keys(record: models.Model, names: set[str]) -> Iterator[ValidationError]:
    model = type(record)
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint) and fields_of(constraint) & names:
            try:
                constraint.validate(model, record)
            except ValidationError as error:
                yield _named(fields_of(constraint) & names, " ".join(error.messages))
    single = {f.name for f in model._meta.concrete_fields if f.unique and not f.primary_key and f.name in names}
    if single:
        try:
            record.validate_unique(exclude={f.name for f in model._meta.concrete_fields} - single)
        except ValidationError as error:
            yield error


def fields_of(constraint: models.BaseConstraint) -> set[str]:
    """The names of the columns that a constraint is about."""
    if isinstance(constraint, CheckConstraint):
        return set(Q(constraint.condition).referenced_base_fields)
    if not isinstance(constraint, UniqueConstraint):
        return set()
    parts = [[one] if isinstance(one, models.F) else one.flatten() for one in constraint.expressions]
    return {*constraint.fields, *(part.name for found in parts for part in found if isinstance(part, models.F))}


def refusal(model: type[models.Model], error: DatabaseError) -> ValidationError:
    """The error of a write that the database refused: by constraint name, by column, or in general."""
    said = getattr(error.__cause__, "diag", None)
    name = getattr(said, "constraint_name", None) or ""
    column = getattr(said, "column_name", None) or ""
    if taken := unique_name(name):
        return ValidationError({taken: [_("Another record has this already.")]})
    constraint = next((c for c in model._meta.constraints if c.name == name), None)
    if constraint is not None:
        custom = constraint.violation_error_message != constraint.default_violation_error_message
        text = str(constraint.get_violation_error_message()) if custom else _("Another record has this already.")
        return _named(fields_of(constraint), text)
    if column:
        return _named({f.name for f in model._meta.concrete_fields if f.column == column}, _("This field is required."))
    for field in model._meta.concrete_fields:
        if name.startswith(f"{model._meta.db_table}_{field.column}_"):
            text = _("Another record has this already.") if field.unique else _("There is no such record any more.")
            return _named({field.name}, text)
    return ValidationError(_("The database refused this. Check what you entered and try again."))


def _named(names: set[str], text: str) -> ValidationError:
    """The error on its field when it is about exactly one, else on the whole form."""
    return ValidationError({next(iter(names)): [text]} if len(names) == 1 else [text])
