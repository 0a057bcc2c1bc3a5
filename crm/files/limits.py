"""Uploads beyond the limit are not even kept on the way in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest


class LimitedUpload(FileUploadHandler):
    """The first handler of every upload: counts the bytes of a request and stops above the limit, whatever its headers said."""

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.UPLOAD_LIMIT:
            self.request.upload_refused = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> Any:
        return None


def refused(request: HttpRequest) -> bool:
    """Whether what came with the request was cut off at the limit."""
    return bool(request.FILES is not None and getattr(request, "upload_refused", False))
