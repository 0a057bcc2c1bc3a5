"""What follows from writing deal teams."""

from __future__ import annotations

from sales.deals import team  # noqa: F401 - keeps shares and access
