"""Templates drawn once and filled often: a row of a list looks like its neighbours, only the values differ.

A mould is a template rendered with marks in place of its values. What is drawn fifty times a page is then one string
operation each. The template must print its values as they are: no filter, no test but for “empty or not”.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from functools import lru_cache
from html import escape
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.template.base import VariableNode
from django.utils.safestring import SafeString
from django.utils.translation import get_language

# Two signs of the private use area, which no template holds.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}(\\w+){_CLOSE}")
_INDENT = re.compile(r"\n\s+")
_KEPT = 2048


def mark(name: str) -> str:
    """What stands in a mould where the value ``name`` comes in."""
    return f"{_OPEN}{name}{_CLOSE}"


def mould(template: str, values: tuple[str, ...], *given: tuple[str, Hashable]) -> str:
    """The template as a format for ``fill``: ``values`` are marked, ``given`` are (name, value) that it is drawn with."""
    draw = _drawn.__wrapped__ if settings.DEBUG else _drawn
    return draw(get_language(), template, values, given)


@lru_cache(maxsize=_KEPT)
def _drawn(_language: str | None, template: str, values: tuple[str, ...], given: tuple[tuple[str, Any], ...]) -> str:
    context = {name: mark(name) for name in values} | dict(given)
    compiled = Engine.get_default().get_template(template)
    for node in compiled.nodelist.get_nodes_by_type(VariableNode):
        if node.filter_expression.filters and str(node.filter_expression.var) in values:
            raise ValueError(f"{template} filters “{node.filter_expression.var}”; so it can't be drawn once for all.")
    drawn = _INDENT.sub("\n", compiled.render(Context(context)))  # sent many times a page
    return _MARK.sub(r"%(\1)s", drawn.replace("%", "%%"))


def fill(form: str, texts: Mapping[str, str]) -> SafeString:
    """A mould with its values, which are escaped; a SafeString goes in as it is."""
    return SafeString(form % {name: t if type(t) is SafeString else escape(t) for name, t in texts.items()})
