"""For each kind: what a person types, what is stored, what is shown; and what must be refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """``typed`` under the field's name and its parts, ``stored`` in the JSON column, ``shown`` as plain text in English."""

    kind: str
    typed: Any
    stored: Any
    shown: str
    wrong: tuple[Any, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"custom.{self.kind}"

    def posted(self, value: Any = None) -> dict[str, Any]:
        """What a form sends."""
        value = self.typed if value is None else value
        if isinstance(value, dict):
            return {f"{self.name}_{part}": text for part, text in value.items()}
        return {self.name: value}


LONG = "9" * 5000
SAMPLES = (
    Sample("text", "  Pump station ", "Pump station", "Pump station", ("x" * 501,)),
    Sample("longtext", "one\r\ntwo", "one\ntwo", "one\ntwo", ("x" * 100_001,)),
    Sample("richtext", "<p>Hi <b>you</b><script>x()</script></p>", "<p>Hi <b>you</b></p>", "Hi you", ("x" * 100_001,)),
    Sample("number", "1,234.5", "1234.50", "1,234.5", ("many", LONG, "NaN")),
    Sample("integer", "42", 42, "42", ("4.5", "x", LONG)),
    Sample("money", "¥1.2万", "12000.00", "12,000.00", ("x", LONG, "Infinity")),
    Sample("percent", "12.5%", "12.50", "12.5", ("x", LONG)),
    Sample("date", "2026-03-01", "2026-03-01", "2026-03-01", ("2026-02-30", "0001-01-01", "x")),
    Sample("datetime", "2026-03-01T10:30", "2026-03-01T02:30:00Z", "2026-03-01 10:30", ("x", "0001-01-01T00:00")),
    Sample("choice", "b", "b", "Option b", ("z",)),
    Sample("multichoice", ["c", "a"], ["a", "c"], "Option a, Option c", (["z"], ["a", "z"])),
    Sample("boolean", "on", True, "Yes"),
    Sample("url", "example.com/a", "https://example.com/a", "https://example.com/a", ("javascript:alert(1)", "x y")),
    Sample("email", "li@example.com", "li@example.com", "li@example.com", ("li", "a@b")),
    Sample("phone", "138 0013 8000", "138 0013 8000", "138 0013 8000", ("1" * 41,)),
    Sample(
        "address",
        {"province": "广东省", "city": "深圳市", "district": "南山区", "street": "科技园1号"},
        {"province": "广东省", "city": "深圳市", "district": "南山区", "street": "科技园1号", "code": "440300"},
        "广东省深圳市南山区科技园1号",
        ({"province": "x" * 400},),
    ),
)
HOSTILE = ("\x00", "‮x​", LONG, "<script>", "[]", "{}", "1e999", "-0", "x" * 1_000_000, "0001-01-01", "٣")
