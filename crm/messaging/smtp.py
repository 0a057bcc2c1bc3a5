"""Handing one mail to an SMTP server, so that one always knows how far it came."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from crm.lib.net import Forbidden, connect
from crm.records.outgoing import NotSent

SECONDS = 20


@dataclass(frozen=True)
class Server:
    """A server and how one signs in there; ``security`` is "tls", "starttls" or "none"."""

    host: str
    port: int
    security: str
    user: str = ""
    secret: str = field(default="", repr=False)


@contextmanager
def connected(server: Server, seconds: float = SECONDS) -> Iterator[smtplib.SMTP]:
    """A signed-in connection. Raises NotSent: nothing was handed over yet."""
    client: smtplib.SMTP | None = None
    try:
        client = _open(server, seconds)
        if server.user:
            client.login(server.user, server.secret)
    except smtplib.SMTPAuthenticationError as error:
        _close(client)
        raise NotSent(
            _("%(host)s refused the user name or the password: %(answer)s") % _said(server, error.smtp_error)
        ) from None
    except smtplib.SMTPResponseException as error:
        _close(client)
        raise NotSent(_("%(host)s answered: %(answer)s") % _said(server, error.smtp_error, error.smtp_code)) from None
    except (OSError, smtplib.SMTPException) as error:
        _close(client)
        raise NotSent(unreachable(server.host, server.port, error)) from None
    try:
        yield client
    finally:
        _close(client)


class _Plain(smtplib.SMTP):
    """Connects only to where it may."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(host, port, timeout)


class _Tls(smtplib.SMTP_SSL):
    """Connects only to where it may, encrypted from the start."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(connect(host, port, timeout), server_hostname=host)


def _open(server: Server, seconds: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.security == "tls":
        return _Tls(server.host, server.port, timeout=seconds, context=context)
    client = _Plain(server.host, server.port, timeout=seconds)
    if server.security == "starttls":
        client.starttls(context=context)
    return client


def _close(client: smtplib.SMTP | None) -> None:
    if client is not None:
        try:
            client.quit()
        except (OSError, smtplib.SMTPException):
            client.close()


def deliver(client: smtplib.SMTP, sender: str, recipients: Sequence[str], data: bytes) -> dict[str, str]:
    """Hand the mail over; returns the recipients that the server refused, each with its answer.

    Raises NotSent while the server certainly has not taken it. Anything else that goes wrong leaves it open.
    """
    try:
        client.ehlo_or_helo_if_needed()
        options = [f"size={len(data)}"] if client.has_extn("size") else []
        code, answer = client.mail(sender, options)
        _expect(code, answer, {250})
        refused = {}
        for recipient in recipients:
            code, answer = client.rcpt(recipient)
            _still_there(code)
            if code not in {250, 251}:
                refused[recipient] = f"{code} {_text(answer)}"[:500]
        if len(refused) == len(recipients):
            lasting = all(answer.startswith("5") for answer in refused.values())
            raise NotSent("; ".join(f"{who}: {why}" for who, why in refused.items())[:1000], final=lasting)
        client.putcmd("data")
        code, answer = client.getreply()
        _expect(code, answer, {354})
        client.send(_escaped(data))
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        raise NotSent(_("The connection broke before the mail was handed over: %s") % error) from None
    # From here on the server may have taken it, whatever we hear of it.
    client.send(b".\r\n")
    code, answer = client.getreply()
    _expect(code, answer, {250})
    return refused


def _escaped(data: bytes) -> bytes:
    """Lines that end as they must, and those that start with a dot marked."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    lines = re.sub(rb"(?m)^\.", b"..", lines)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _expect(code: int, answer: bytes, wanted: set[int]) -> None:
    _still_there(code)
    if code not in wanted:
        raise NotSent(f"{code} {_text(answer)}"[:1000], final=500 <= code < 600)


def _still_there(code: int) -> None:
    if code == -1:
        raise smtplib.SMTPServerDisconnected("The connection was closed.")


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer


def _said(server: Server, answer: bytes | str, code: int | str = "") -> dict[str, str]:
    return {"host": server.host, "answer": f"{code} {_text(answer)}".strip()[:500]}


def unreachable(host: str, port: int, error: BaseException) -> str:
    """Why no connection came about, in words that say what to check."""
    place = {"host": host, "port": port}
    if isinstance(error, Forbidden):
        return _("%(host)s lies in a private network. An administrator can allow it (OUTGOING_PRIVATE).") % place
    if isinstance(error, socket.gaierror):
        return _("There is no server %(host)s. Check its name.") % place
    if isinstance(error, TimeoutError) or str(error).endswith("timed out"):
        return _("%(host)s does not answer on port %(port)s. Check the port and the encryption.") % place
    if isinstance(error, ConnectionRefusedError):
        return _("%(host)s refuses connections on port %(port)s. Check the port.") % place
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message or str(error)
        return _("The certificate of %(host)s is not valid: %(why)s") % {**place, "why": why}
    if isinstance(error, ssl.SSLError):
        return _("%(host)s speaks no TLS on port %(port)s. Check the port and the encryption.") % place
    return _("The connection to %(host)s failed: %(why)s") % {**place, "why": str(error)[:300]}
