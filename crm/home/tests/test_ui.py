"""What every template relies on: tags and filters, the sprite, the import map, and the rules of the strict CSP."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.http import QueryDict
from django.template import Context, Template
from django.template.loader import get_template

from crm.home.templatetags import ui

TEMPLATES = settings.BASE_DIR / "templates"
STATIC = settings.BASE_DIR / "static"
FILES = sorted(p for p in TEMPLATES.rglob("*.html"))
# The frame of printed papers: no browser gets it, and what makes the PDF knows no policy and no nonce.
PAPER = {TEMPLATES / "documents/page.html"}


def test_every_icon_is_in_the_sprite():
    known = set((STATIC / "img/icons.txt").read_text().split())
    named = set()
    for path in FILES:
        named |= {(path.name, n) for n in re.findall(r'\{% icon "([^"]+)"', path.read_text())}
        named |= {(path.name, n) for n in re.findall(r'with [^%]*?icon="([^"]+)"', path.read_text())}
    for path in settings.BASE_DIR.glob("[acms]*/**/*.py"):
        if "tests" not in path.parts:
            named |= {(path.name, n) for n in re.findall(r'\bicon\s*=\s*"([a-z0-9-]+)"', path.read_text())}
    for path in (STATIC / "js").glob("*.js"):
        named |= {(path.name, n) for n in re.findall(r'icon\("([^"]+)"', path.read_text())}
    assert named
    assert [pair for pair in sorted(named) if pair[1] not in known] == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_template_compiles_and_keeps_the_content_security_policy(path: Path):
    source = path.read_text()
    get_template(str(path.relative_to(TEMPLATES)))
    assert not re.search(r"<[^>]+\sstyle=", source), (
        "a style attribute is refused by the CSP: use a class or data-style-var"
    )
    assert not re.search(r"<[^>]+\son[a-z]+=", source), "an inline handler is refused by the CSP"
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", source):
        if path in PAPER and tag == "<style>":
            continue
        assert "nonce=" in tag or 'type="application/json"' in tag, f"{tag} has no nonce"


def test_the_import_map_names_each_script():
    """But for those that a page loads by themselves."""
    text = (TEMPLATES / "components/importmap.html").read_text()
    mapped = dict(re.findall(r'"(crm/\w+)": "{% static "(js/\w+\.js)" %}"', text))
    loaded = {name for path in FILES for name in re.findall(r'src="{% static "js/(\w+)\.js" %}"', path.read_text())}
    modules = {path.stem for path in (STATIC / "js").glob("*.js")} - loaded
    assert mapped == {f"crm/{name}": f"js/{name}.js" for name in modules}


def test_scripts_ask_only_for_words_that_the_page_has():
    have = {
        re.sub(r"-(\w)", lambda m: m[1].upper(), n)
        for n in re.findall(r"data-([\w-]+)=", (TEMPLATES / "components/texts.html").read_text())
    }
    asked = set()
    for path in (STATIC / "js").glob("*.js"):
        asked |= set(re.findall(r'\bsay\("(\w+)"', path.read_text()))
    assert asked and asked <= have


def test_url_with_sets_and_removes(rf):
    request = rf.get("/list/?view=mine&page=3&tag=a&tag=b")
    assert ui.url_with(request, page=None) == "/list/?view=mine&tag=a&tag=b"
    assert QueryDict(ui.url_with(request, view="二", page="").partition("?")[2]).dict()["view"] == "二"
    assert ui.url_with(rf.get("/list/?page=2"), page=None) == "/list/"


@pytest.mark.parametrize(
    ("tags", "url"),
    [
        ("undo=/records/undo/5/", "/records/undo/5/"),
        ("big undo=/u/", "/u/"),
        ("undo=//evil.example/", ""),
        ("undo=https://evil.example/", ""),
        ("undo=javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_undo_goes_only_to_our_own_addresses(tags, url):
    assert ui.undo_url(Message(25, "done", tags)) == url


def test_money_in_its_currency():
    assert ui.money(Decimal("1234.5"), "USD") == "$1,234.50"
    assert ui.money(None) == "" and ui.money(0) == "¥0.00"


def test_toasts_offer_undo_and_escape(rf):
    html = Template('{% include "components/toasts.html" %}').render(
        Context({"messages": [Message(25, "<i>saved", "undo=/u/")]})
    )
    assert 'action="/u/"' in html and "&lt;i&gt;saved" in html


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "409", "413", "429", "500", "503"])
def test_error_pages_need_nothing_from_the_request(code):
    html = get_template(f"{code}.html").render({})
    assert code.split("_")[0] in html and 'href="/"' in html
