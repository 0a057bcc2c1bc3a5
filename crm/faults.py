"""What people see when the program itself fails: a page that says whether to wait or to tell somebody."""

from __future__ import annotations

import sys
from types import SimpleNamespace

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.defaults import server_error

from crm.health import healthz, readyz

# Connections lost or refused, none left, and a server that is being stopped or started.
AWAY = ("08", "53", "57P")
# Statements that were given up, so nothing was written and it may be tried again: others held the rows for longer than one
# waits for them, each waited for the other, or it took too long (often a wait behind many, one after the other).
BUSY = ("55P03", "40P01")
TOO_LONG = "57014"
RETRY_AFTER = "10"
# Asked by who is signed in, these too would first look up the person.
HEALTH = {"/healthz": healthz, "/readyz": readyz}


def broken(request: HttpRequest) -> HttpResponse:
    """Django's handler of what nobody caught: 503 while the database is away, busy or too slow, else 500. Asks the database for nothing."""
    given_up = why_given_up(sys.exception())
    if not given_up and not database_is_away(sys.exception()):
        return server_error(request)
    if request.path in HEALTH:
        return HEALTH[request.path](request)
    with translation.override(translation.get_language_from_request(request)):
        shown = SimpleNamespace(path=request.path, id=getattr(request, "id", ""))
        page = loader.get_template("503.html").render({"request": shown, "reason": given_up})
        answer = HttpResponse(page, status=503, headers={"Retry-After": RETRY_AFTER, "Cache-Control": "no-store"})
        answer["Content-Language"] = translation.get_language()
    return answer


def database_is_away(error: BaseException | None) -> bool:
    """Whether the database could not be reached, rather than refused or gave up on a statement."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = _code(error)
    return not code or code.startswith(AWAY)


def why_given_up(error: BaseException | None) -> str | Promise:
    """What to tell people of a statement that was given up; empty for every other error."""
    if not isinstance(error, OperationalError):
        return ""
    code = _code(error)
    if code in BUSY:
        return gettext_lazy("Others are changing the same data right now. Nothing was written: try again.")
    return gettext_lazy("This took too long. Nothing was written: try again.") if code == TOO_LONG else ""


def _code(error: BaseException) -> str:
    """PostgreSQL's code of an error; empty where there was no answer."""
    cause = error.__cause__
    return getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None) or ""
