"""What a definition must be like before it is kept; each problem on its own setting."""

from __future__ import annotations

import re
import re._constants as regex
import re._parser as regex_parser
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.customfields.kinds import (
    BOUNDS,
    CUSTOM_KINDS,
    DECIMALS,
    LENGTH,
    OPTIONS,
    PATTERN,
    SEARCH,
    SORT,
    TARGET,
    UNIQUE,
    common,
    read_bound,
    read_default,
)

RESERVED = frozenset({"id", "pk", "custom", "extras", "version"})
MOST = 200


def judge(field: Any) -> None:
    """ValidationError that names every setting which can't be."""
    if field.kind not in CUSTOM_KINDS:
        raise ValidationError({"kind": _("There is no such kind of field.")})
    problems: dict[str, list[str]] = {}
    for name, rule in _RULES:
        try:
            rule(field)
        except ValidationError as error:
            problems.setdefault(name, []).extend(error.messages)
    if not problems:
        try:
            read_default(field, field.made_by.source(field, common(field)))
        except (ValidationError, ValueError, ArithmeticError, TypeError) as error:
            said = error.messages if isinstance(error, ValidationError) else [_("It is not a value of this field.")]
            problems["default"] = said
    if not problems and field.made_by.judge:
        field.made_by.judge(field)
        field.__dict__.pop("made_by", None)
    if problems:
        raise ValidationError(problems)


def _entity(field: Any) -> None:
    try:
        model = apps.get_model(field.entity)
    except (LookupError, ValueError):
        model = None
    if not hasattr(model, "custom"):
        raise ValidationError(_("There is no such entity."))


def _code(field: Any) -> None:
    if field.code in RESERVED:
        raise ValidationError(_("This code has a meaning of its own. Choose another one."))


def _bounds(field: Any) -> None:
    if BOUNDS not in field.made_by.settings:
        field.minimum = field.maximum = ""
        return
    low, high = (read_bound(field.kind, text) for text in (field.minimum, field.maximum))
    if low is not None and high is not None and low > high:
        raise ValidationError(_("The smallest value is larger than the largest."))


def _decimals(field: Any) -> None:
    if DECIMALS not in field.made_by.settings:
        field.decimals = None
    elif field.decimals is not None and field.decimals > 8:
        raise ValidationError(_("At most 8 decimals are possible."))


def _length(field: Any) -> None:
    if LENGTH not in field.made_by.settings:
        field.max_length = None
    elif field.max_length == 0:
        raise ValidationError(_("Leave it empty, or enter a number above zero."))


def _pattern(field: Any) -> None:
    if PATTERN not in field.made_by.settings:
        field.pattern = ""
    if not field.pattern:
        return
    try:
        parsed = regex_parser.parse(field.pattern)
        re.compile(field.pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValidationError(_("This pattern can't be read: %(error)s") % {"error": error}) from error
    if _explodes(parsed):
        raise ValidationError(_("A repetition inside of a repetition can take for ever. Write the pattern without it."))


_REPEATS = {regex.MAX_REPEAT, regex.MIN_REPEAT}


def _explodes(parsed: Any, inside: bool = False) -> bool:
    """Whether an open repetition stands within another one, or looks back: matching could take exponential time."""
    for op, given in parsed:
        if op in _REPEATS:
            _low, high, inner = given
            endless = high == regex.MAXREPEAT or high > 100
            if (endless and inside) or _explodes(inner, inside or endless):
                return True
        elif (
            op == regex.SUBPATTERN
            and _explodes(given[-1], inside)
            or op == regex.BRANCH
            and (any(_explodes(branch, inside) for branch in given[1]) or inside)
            or op in {regex.GROUPREF, regex.ASSERT, regex.ASSERT_NOT, regex.GROUPREF_EXISTS}
        ):
            return True
    return False


def _target(field: Any) -> None:
    if TARGET not in field.made_by.settings:
        field.target = ""
        return
    try:
        model = apps.get_model(field.target)
    except (LookupError, ValueError):
        model = None
    if not hasattr(model, "access"):
        raise ValidationError(_("Choose what the field links to."))


def _options(field: Any) -> None:
    if OPTIONS in field.made_by.settings and len(field.chosen_from) > MOST:
        raise ValidationError(_("At most %(most)s options are possible.") % {"most": MOST})


def _flags(field: Any) -> None:
    settings = field.made_by.settings
    field.unique = field.unique and UNIQUE in settings
    field.searchable = field.searchable and SEARCH in settings
    field.sortable = field.sortable and SORT in settings
    field.required = field.required and not field.made_by.computed


_RULES: tuple[tuple[str, Callable[[Any], None]], ...] = (
    ("entity", _entity),
    ("code", _code),
    ("minimum", _bounds),
    ("decimals", _decimals),
    ("max_length", _length),
    ("pattern", _pattern),
    ("target", _target),
    ("kind", _options),
    ("kind", _flags),
)
