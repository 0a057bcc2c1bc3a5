"""The OpenAPI document over HTTP."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.openapi import document
from crm.api.views import ApiView


class DocumentView(ApiView):
    """What the token that asks may do."""

    def get(self, request: Request) -> Response:
        return Response(document(request.auth))
