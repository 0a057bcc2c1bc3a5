"""What another process needs to work on the database of the running test."""

from __future__ import annotations

import os
from urllib.parse import quote, urlencode

from django.db import connection


def environment(**more: str) -> dict[str, str]:
    """The variables of this process, with the test's own database; ``more`` is set beside them."""
    own = connection.settings_dict
    where = {name: own[key] for name, key in (("host", "HOST"), ("user", "USER"), ("port", "PORT")) if own[key]}
    password = f":{quote(own['PASSWORD'])}@localhost" if own["PASSWORD"] else ""
    url = f"postgres://{password}/{own['NAME']}?{urlencode(where, safe='/')}"
    return {**os.environ, "DATABASE_URL": url, "DEBUG": "1", "LOG_LEVEL": "ERROR", **more}
