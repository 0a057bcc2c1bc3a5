"""What a company's own website says of it: title, description and schema.org data, as suggestions. Off until switched on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from crm.lib.http import Answer, NoAnswer, NotReached, call
from crm.lib.phone import normalise_phone
from crm.lib.text import clean_line, clean_text, domain_of
from customers.models import Account

HOPS, SECONDS, LARGEST = 4, 12, 1024 * 1024
MOVED = {301, 302, 303, 307, 308}
ORGANISATIONS = re.compile(r"Organization|Corporation|LocalBusiness|Company|Store")
DEEPEST, LONGEST = 6, 500


def may_ask() -> bool:
    """Whether this installation asks websites at all."""
    return bool(settings.ENRICH_WEBSITES)


class Page(HTMLParser):
    """The title, the meta data and the schema.org data of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title, self.meta, self.data, self._inside, self._text = "", {}, [], "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self.meta.setdefault((given.get("name") or given.get("property") or "").lower(), given.get("content", ""))
        elif tag == "title" and not self.title:
            self._inside, self._text = "title", ""
        elif tag == "script" and given.get("type", "").lower() == "application/ld+json":
            self._inside, self._text = "script", ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag != self._inside:
            return
        if tag == "title":
            self.title = self._text
        else:
            self.data.append(self._text)
        self._inside = ""


def fetch(url: str) -> tuple[Answer, str]:
    """The page, over a few redirects that stay at the company. NotReached or NoAnswer where there is none."""
    home = _site(url)
    for _hop in range(HOPS):
        answer = call("GET", url, seconds=SECONDS, largest=LARGEST, headers={"Accept": "text/html"})
        where = answer.headers.get("Location", "") or answer.headers.get("location", "")
        if answer.status not in MOVED or not where:
            break
        url = urljoin(url, where)
        if _site(url) != home or urlsplit(url).scheme not in {"http", "https"}:
            raise NoAnswer("It leads to another site.")
    if not answer.ok:
        raise NoAnswer(f"HTTP {answer.status}")
    return answer, url


def _site(url: str) -> str:
    """The host without www; of a bare address that."""
    return domain_of(url) or urlsplit(url).hostname or ""


def findings(html: str) -> Iterator[tuple[str, str]]:
    """(field of an account, value as a form takes it) of what the page says."""
    page = Page()
    page.feed(html)
    company = next(_organisations(page.data), {})
    text = company.get("description") or page.meta.get("description") or page.meta.get("og:description") or page.title
    if text := _words(text, 1000):
        yield "description", text
    if phone := normalise_phone(_words(company.get("telephone"))):
        yield "phone", phone
    email = _words(company.get("email")).removeprefix("mailto:")
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        yield "email", email
    if address := _address(company.get("address")):
        yield "address", address
    if year := re.match(r"(1[89]\d\d|20\d\d)", _words(company.get("foundingDate"))):
        yield "founded", year[1]
    people = company.get("numberOfEmployees")
    people = people.get("value") if isinstance(people, dict) else people
    if re.fullmatch(r"\d{1,7}", _words(people)):
        yield "employees", _words(people)
    if tax := _words(company.get("taxID") or company.get("vatID"), 40):
        yield "tax_id", tax.upper()


def _organisations(texts: list[str]) -> Iterator[dict[str, Any]]:
    for text in texts:
        try:
            yield from _organisations_in(json.loads(text), 0)
        except (ValueError, RecursionError):
            continue


def _organisations_in(data: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > DEEPEST:
        return
    if isinstance(data, list):
        for one in data[:50]:
            yield from _organisations_in(one, depth + 1)
    elif isinstance(data, dict):
        if ORGANISATIONS.search(str(data.get("@type", ""))):
            yield data
        yield from _organisations_in(data.get("@graph", []), depth + 1)


def _address(given: Any) -> str:
    if isinstance(given, list):
        given = given[0] if given else ""
    if not isinstance(given, dict):
        return _words(given, 300)
    parts = [_words(given.get(name), 150) for name in ("addressRegion", "addressLocality", "streetAddress")]
    return "".join(part for number, part in enumerate(parts) if part and part not in "".join(parts[number + 1 :]))[:300]


def _words(given: Any, most: int = LONGEST) -> str:
    """A line of text of what somebody else wrote; empty for what is none."""
    if not isinstance(given, str | int):
        return ""
    try:
        return clean_line(clean_text(str(given)))[:most]
    except ValueError:
        return ""


def ask(account: Account) -> tuple[list[tuple[str, str]], str]:
    """What the website of the account says, and at which address. NotReached or NoAnswer where it says nothing."""
    answer, url = fetch(account.website)
    return list(dict(findings(answer.text)).items()), url


__all__ = ["NoAnswer", "NotReached", "ask", "findings", "may_ask"]
