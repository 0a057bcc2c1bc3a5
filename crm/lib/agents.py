"""What calls itself what: programs told from people, and the family of a browser. Both are only what the caller says."""

from __future__ import annotations

import re

# What fetches an address to show a picture of it, or to list it, has not been sent there by anybody.
ROBOTS = re.compile(
    r"bot|spider|crawl|slurp|preview|facebookexternalhit|curl|wget|python|monitor|headless", re.IGNORECASE
)
# The first that fits: browsers also name those that they descend from.
FAMILIES = (
    ("WeCom", "wxwork"),
    ("WeChat", "micromessenger"),
    ("DingTalk", "dingtalk"),
    ("Lark", "lark|feishu"),
    ("Edge", "edg"),
    ("Opera", "opr/"),
    ("Firefox", "firefox|fxios"),
    ("Chrome", "chrome|crios"),
    ("Safari", "safari"),
)


def is_robot(agent: str) -> bool:
    """Whether a program asks, by its own words."""
    return bool(ROBOTS.search(agent[:300]))


def family_of(agent: str) -> str:
    """The browser's family; empty when it is none that we know."""
    said = agent[:300].lower()
    return next((name for name, pattern in FAMILIES if re.search(pattern, said)), "")
