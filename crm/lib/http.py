"""Facts about a request that came in, and the one client for those that go out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.http import HttpRequest
from requests_hardened import Config, HTTPSession

from crm.lib.net import is_named

CONNECT, READ, TOTAL = 5, 15, 30
LARGEST = 2 * 1024 * 1024
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def client_address(request: HttpRequest) -> str:
    """The caller's address: the one our own proxy saw (the last of X-Forwarded-For) when BEHIND_PROXY, else the socket's."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() if settings.BEHIND_PROXY else ""
    return forwarded or request.META.get("REMOTE_ADDR", "")


class NotReached(Exception):
    """The request certainly did not arrive: a forbidden address, no such host, no connection."""


class NoAnswer(Exception):
    """The request may have arrived, but what came back was nothing, too late or too much."""


@dataclass(frozen=True)
class Answer:
    """What a server said; ``body`` is at most ``LARGEST`` bytes."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def call(
    method: str,
    url: str,
    *,
    data: bytes | None = None,
    json: Any = None,
    headers: dict[str, str] | None = None,
    seconds: float = TOTAL,
    largest: int = LARGEST,
) -> Answer:
    """Ask another server. No redirects, no private addresses (but OUTGOING_PRIVATE), time and size limited.

    Raises NotReached or NoAnswer; whatever status the server answers is an answer.
    """
    if method not in METHODS:
        raise ValueError(f"{method} is no method")
    end = time.monotonic() + seconds
    with _session(url) as session:
        try:
            with session.request(
                method,
                url,
                data=data,
                json=json,
                headers=headers or {},
                timeout=(min(CONNECT, seconds), min(READ, seconds)),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, dict(response.headers), _read(response, end, largest))
        except (requests.exceptions.ConnectTimeout, requests.exceptions.InvalidURL) as error:
            raise NotReached(_words(error)) from error
        except requests.exceptions.ConnectionError as error:
            raise (NoAnswer if _was_connected(error) else NotReached)(_words(error)) from error
        except (requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema) as error:
            raise NotReached(_words(error)) from error
        except requests.exceptions.RequestException as error:
            # Forbidden addresses are of this kind, too.
            forbidden = type(error).__name__ == "InvalidIPAddress"
            raise (NotReached if forbidden else NoAnswer)(_words(error)) from error


def _read(response: requests.Response, end: float, largest: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(65536):
        body += chunk
        if len(body) > largest:
            raise NoAnswer(f"The answer is larger than {largest} bytes.")
        if time.monotonic() > end:
            raise NoAnswer("The answer took too long.")
    return bytes(body)


def _session(url: str) -> HTTPSession:
    filtered = not is_named(_host(url))
    session = HTTPSession(
        Config(
            ip_filter_enable=filtered,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(CONNECT, READ),
            user_agent_override="CRM",
        )
    )
    # Neither proxies nor passwords from the environment: they would lead around the filter.
    session.trust_env = False
    return session


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _was_connected(error: requests.exceptions.ConnectionError) -> bool:
    """Whether it broke after the connection stood: then the request may have arrived."""
    text = repr(error)
    return not any(
        sign in text
        for sign in (
            "NewConnectionError",
            "NameResolutionError",
            "ConnectTimeout",
            "SSLError",
            "Failed to resolve",
            "MaxRetryError",
        )
    )


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
