"""What a caller sends, and what it hears when something is wrong: always JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

LARGEST = 2 * 1024 * 1024
KNOWN = frozenset({"fields", "version", "confirm"})


class BodyParser(BaseParser):
    """One JSON object of limited size."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        body = stream.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise exceptions.ParseError(_("The body is too large."))
        try:
            data = json.loads(body.decode(), parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise exceptions.ParseError(_("The body is no JSON.")) from None
        if not isinstance(data, dict):
            raise exceptions.ParseError(_("The body must be a JSON object."))
        return data


def _no_number(name: str) -> None:
    raise ValueError(name)


def fields_in(request: Request) -> dict[str, Any]:
    """The object under ``fields``; none is an empty one. A field beside it instead of in it is a mistake, not nothing."""
    found = request.data.get("fields", {})
    if not isinstance(found, dict):
        raise exceptions.ParseError(_("“%(name)s” must be a JSON object.") % {"name": "fields"})
    if lost := request.data.keys() - KNOWN:
        raise ValidationError({name[:100]: [_("Put fields into “fields”.")] for name in lost})
    return found


def refused(errors: Mapping[str, Any], status: int = 422, **more: Any) -> Response:
    """Why nothing was done: messages by field, under "" those that are about the whole."""
    told = {name: [str(message) for message in messages] for name, messages in errors.items()}
    return Response({"errors": told, **more}, status=status)


def by_field(error: ValidationError) -> dict[str, list[str]]:
    """The messages of a ValidationError by field."""
    if not hasattr(error, "error_dict"):
        return {"": error.messages}
    return {"" if name == "__all__" else name: messages for name, messages in error.message_dict.items()}


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's answers in the shape of all refusals here."""
    if isinstance(error, ValidationError):
        return refused(by_field(error))
    if isinstance(error, Http404):
        error = Http404()  # without its text, which names models
    found = cast("Response | None", exception_handler(error, context))
    if found is not None:
        detail = found.data.get("detail", "") if isinstance(found.data, dict) else ""
        found.data = {"errors": {"": [str(detail)]}}
    return found
