"""Rules of the house that no linter knows. Each failure says what to do instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.entities.entity import registry

ROOT = Path(__file__).parents[2]
APPS = ("crm", "customers", "sales", "service", "marketing", "analytics")
SOURCES = sorted(p for app in APPS for p in (ROOT / app).rglob("*.py") if "migrations" not in p.parts)
CODE = [p for p in SOURCES if "tests" not in p.parts and p.name not in {"testing.py", "conftest.py"}]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MANAGERS = {"objects", "_default_manager", "_base_manager"}
GUARDS = {"restrict", "reachable", "trash", "none"}
# What shows records to people. Services, handlers, jobs and imports write, and ask the policy for each record.
READERS = {"views", "forms", "templatetags", "entities", "panels", "widgets", "exchange", "search", "home", "analytics"}
WRITERS = {"importing"}
ADMINS = "a list that admins keep, not records of people"
# Reads without .restrict() in what shows records, each with its reason; "file:function".
JUSTIFIED = {
    "analytics/dashboard.py:_by": ADMINS,
    "analytics/filters.py:people": "only whether somebody owns any; the people are narrowed below it",
    "analytics/models.py:trend": "the steps of one record, which the page has found for its reader",
    "analytics/winloss.py:_named": "lists that admins keep, and the people whose sales are counted",
    "analytics/widgets.py:": "whether one owns any oneself",
    "crm/documents/panels.py:documents_of": "only whether there are any; those shown are restricted",
    "crm/entities/board.py:_cards": "the ids come from rows that were restricted",
    "crm/entities/bound.py:among": "rows that the policy narrows in the same statement",
    "crm/entities/bulk.py:apply": "the records of a restricted batch, one by one",
    "crm/entities/changes.py:_names": "the ids went through policy.visible_ids",
    "crm/entities/chips.py:_names": ADMINS,
    "crm/entities/conflicts.py:_text": "the link of a record that its reader may change",
    "crm/entities/layout_forms.py:variants": ADMINS,
    "crm/entities/links.py:link_rows": ADMINS,
    "crm/entities/listviews.py:shared_with": ADMINS,
    "crm/entities/sight.py:rows": "rows that the policy narrows in the same statement",
    "crm/entities/logic_words.py:options_of": ADMINS,
    "crm/entities/timeline.py:_subjects": "the subjects of entries that _readable let through",
    "crm/entities/views/why.py:get": "whoever keeps roles may ask about any record",
    "crm/entities/seen.py:learn": ADMINS,
    "crm/exchange/exporting.py:learn": "the names of links of restricted rows, as lists show them",
    "crm/exchange/forms.py:_missing": ADMINS,
    "crm/exchange/forms.py:clean_label": ADMINS,
    "crm/exchange/steps.py:places": ADMINS,
    "crm/home/start.py:_has_activities": "whether one owns any oneself",
    "marketing/links/views.py:follow": "a public address: whoever has it may follow it",
    "crm/search/index.py:rebuild": "fills the index; the policy guards what is asked of it",
    "crm/search/jobs.py:follow_values": "fills the index; the policy guards what is asked of it",
    "crm/search/privacy.py:make_anew": "fills the index; the policy guards what is asked of it",
    "crm/search/jobs.py:rebuild_rows": "fills the index; the policy guards what is asked of it",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def unrestricted(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(function, line) of each manager of records, or of a model that is known only at run time, without a guard after it."""
    guarded = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in GUARDS}
    records = {entity.model.__name__ for entity in registry.values()}
    inside = {id(node): function.name for function in functions(tree) for node in ast.walk(function)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr not in MANAGERS or id(node) in guarded:
            continue
        model = node.value.id if isinstance(node.value, ast.Name) else ""
        if model in records or not model[:1].isupper():
            yield inside.get(id(node), ""), node.lineno


def test_files_are_short():
    long = {name_of(p): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 400}
    assert not long, "Split it by subject; a file has one reason to change."


def test_templates_are_short():
    long = {name_of(p): n for p in TEMPLATES if (n := len(p.read_text().splitlines())) > 150}
    assert not long, "Take parts out into templates of their own and include them."


@pytest.mark.parametrize("pattern", [r"<[^>]*\sstyle=", r"<[^>]*\son[a-z]+\s*=\s*[\"']", r"javascript:"])
def test_templates_hold_no_style_and_no_script(pattern):
    found = [name_of(p) for p in TEMPLATES if re.search(pattern, p.read_text(), re.IGNORECASE)]
    assert not found, (
        "The security policy blocks it. Use a class, or a data-* attribute that a module under static/js reads."
    )


def test_people_see_restricted_records_only():
    found = {}
    for path in CODE:
        parts = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
        if parts & READERS and not parts & WRITERS:
            for function, line in unrestricted(parsed(path)):
                found.setdefault(f"{name_of(path)}:{function}", []).append(line)
    new = {place: lines for place, lines in found.items() if place not in JUSTIFIED}
    assert new == {}, "Read through bound.records(action) or Model.objects.restrict(user, action)."
    assert set(JUSTIFIED) <= set(found), "Take it out of JUSTIFIED: there is no such read any more."


def test_nothing_is_written_behind_the_back():
    found = []
    for path in CODE:
        tree = parsed(path)
        imported = {
            a.name
            for n in ast.walk(tree)
            if isinstance(n, ast.ImportFrom) and n.module == "django.db.models.signals"
            for a in n.names
        }
        saving = [
            method.name
            for cls in ast.walk(tree)
            if isinstance(cls, ast.ClassDef) and "models" in path.as_posix().removesuffix(".py").split("/")
            for method in cls.body
            if isinstance(method, ast.FunctionDef) and method.name in {"save", "delete", "refresh_from_db"}
        ]
        if imported & {"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed"} or saving:
            found.append(name_of(path))
    assert not found, (
        "Say it in a service, or subscribe with crm.records.hooks.on_write: then one can find who did what."
    )


def test_imports_stand_at_the_top():
    found = [
        f"{name_of(path)}:{inner.lineno}"
        for path in CODE
        for function in functions(parsed(path))
        if function.name != "ready"
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert not found, "Import at the top; where that goes round in a circle, turn the dependency around by a registry."


def test_no_markup_is_written_in_python():
    found = []
    for path in CODE:
        texts = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        documented = {id(n.value) for n in ast.walk(parsed(path)) if isinstance(n, ast.Expr)}
        found += [
            f"{name_of(path)}:{n.lineno}"
            for n in texts
            if id(n) not in documented
            and re.search(r"</(a|b|button|div|form|li|option|p|span|t[dr])>|\bhx-\w+=", n.value)
        ]
    assert found == [], "Put it into a template and render that."


def test_texts_stand_where_they_are_collected():
    """Texts for people inside the braces of an f-string are not found by the tool that collects them."""
    found = [
        f"{name_of(path)}:{call.lineno}"
        for path in CODE
        for text in ast.walk(parsed(path))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"_", "gettext", "ngettext", "pgettext", "npgettext"}
    ]
    assert found == [], "Give the text a name first, and put that into the string."


def test_what_translates_has_a_name_that_the_collector_knows():
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in CODE
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if "gettext" in name.name and name.asname not in {None, "_"}
    ]
    assert found == [], "Call it _ or by its own name: texts under another one are never collected."
