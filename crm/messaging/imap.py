"""Reading folders of an IMAP server: only what is new, one mail at a time, within limits."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from crm.lib.net import connect
from crm.messaging.smtp import Server, unreachable

CONNECT, READ = 15, 30
LARGEST = 30 * 1024 * 1024
# Of a mail that is too large we keep the headers and this much of its text.
BEGINNING = 256 * 1024
MARGIN = 64 * 1024


class MailboxError(Exception):
    """The mailbox can't be read; ``str()`` says why and what to check."""


class TooMuch(Exception):
    """The server sends more than it announced."""


@contextmanager
def connected(server: Server) -> Iterator[IMAPClient]:
    """A signed-in connection. Raises MailboxError."""
    client: IMAPClient | None = None
    try:
        client = _open(server)
        yield client
    except LoginError as error:
        said = {"host": server.host, "answer": _words(error)}
        raise MailboxError(_("%(host)s refused the user name or the password: %(answer)s") % said) from None
    except (TooMuch, IMAPClientError, ValueError, AssertionError) as error:
        said = {"host": server.host, "answer": _words(error)}
        raise MailboxError(_("%(host)s answered: %(answer)s") % said) from None
    except (OSError, socket.herror, ssl.SSLError) as error:
        raise MailboxError(unreachable(server.host, server.port, error)) from None
    finally:
        if client is not None:
            _close(client)


class _Plain(imaplib.IMAP4):
    """Connects only to where it may."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return connect(self.host, self.port, CONNECT)


class _Tls(_Plain):
    """Connects only to where it may, encrypted from the start."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        context = ssl.create_default_context()
        return context.wrap_socket(super()._create_socket(timeout), server_hostname=self.host)


class _Client(IMAPClient):
    """The library's client over our connections."""

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return (_Tls if self.ssl else _Plain)(self.host, self.port)


def _open(server: Server) -> IMAPClient:
    client = _Client(
        server.host,
        server.port,
        ssl=server.security == "tls",
        timeout=SocketTimeout(connect=CONNECT, read=READ),
    )
    _limit(client)
    if server.security == "starttls":
        client.starttls(ssl.create_default_context())
    client.login(server.user, server.secret)
    if client.has_capability("ID"):
        # Some providers let only clients in that say who they are.
        client.id_({"name": "CRM", "version": "1"})
    return client


def _limit(client: IMAPClient) -> None:
    """Refuse literals that are larger than anything we would have asked for."""
    inner: Callable[[int], bytes] = client._imap.read

    def read(size: int) -> bytes:
        if size > LARGEST + MARGIN:
            raise TooMuch(f"{size} bytes at once")
        return inner(size)

    client._imap.read = read


def _close(client: IMAPClient) -> None:
    try:
        client.logout()
    except (OSError, IMAPClientError, TooMuch, ValueError):
        client.shutdown()


def _words(error: BaseException) -> str:
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    # The library hands on some answers as the text of their bytes.
    return re.sub(r"^b(['\"])(.*)\1$", r"\2", text, flags=re.DOTALL)[:300]


def folder_names(client: IMAPClient) -> list[str]:
    """The folders that the account has."""
    return [name for flags, _delimiter, name in client.list_folders() if rb"\Noselect" not in flags]


def open_folder(client: IMAPClient, name: str) -> int:
    """Select a folder without changing anything in it; returns its UIDVALIDITY."""
    found = client.select_folder(name, readonly=True)
    return int(found[b"UIDVALIDITY"])


def new_uids(client: IMAPClient, after: int, since: date) -> list[int]:
    """The numbers of mails after ``after``, oldest first; from a day on, when nothing was read yet."""
    criteria: list[Any] = ["UID", f"{after + 1}:*"]
    if not after:
        criteria += ["SINCE", since]
    # “n:*” always names the last mail, however small its number is.
    return sorted(uid for uid in client.search(criteria) if uid > after)


def sizes(client: IMAPClient, uids: list[int]) -> dict[int, int]:
    """The size of each mail in bytes."""
    found = client.fetch(uids, ["RFC822.SIZE"])
    return {uid: int(data[b"RFC822.SIZE"]) for uid, data in found.items() if b"RFC822.SIZE" in data}


def fetch(client: IMAPClient, uid: int, size: int) -> bytes | None:
    """One mail, or the beginning of one that is too large; None when it is gone."""
    if size <= LARGEST:
        return _only(client.fetch([uid], ["BODY.PEEK[]"]), uid)
    return _only(client.fetch([uid], [f"BODY.PEEK[]<0.{BEGINNING}>"]), uid)


def _only(found: dict[int, dict], uid: int) -> bytes | None:
    data = found.get(uid, {})
    return next((value for key, value in data.items() if key.startswith(b"BODY[") and value is not None), None)
