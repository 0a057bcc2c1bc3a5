"""What is wrong with an expression, and where."""

from __future__ import annotations


class ExpressionError(Exception):
    """An expression that can't be used; ``start`` and ``end`` frame the place, ``message`` says what to do."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, max(end, start + 1)

    def around(self, text: str, most: int = 40) -> tuple[str, str, str]:
        """The text before the place, the place itself, the text behind it."""
        before, place, behind = text[: self.start], text[self.start : self.end], text[self.end :]
        before = before if len(before) <= most else "…" + before[-most:]
        behind = behind if len(behind) <= most else behind[:most] + "…"
        return before, place[: 2 * most], behind


class Failed(Exception):
    """A value that can't be worked out: too large, too long, no such day. The result is then empty."""
