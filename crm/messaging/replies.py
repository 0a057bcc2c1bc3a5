"""What is new in a mail, without what it quotes and without signatures."""

from __future__ import annotations

import re

LONGEST = 20_000
# Each mark begins what is not new any more. One line at a time: no pattern may go over several.
MARKS = re.compile(
    r"""^\s*(?:
        -{2,}\s*(?:原始邮件|原始郵件|转发邮件|original\ message|forwarded\ message|ursprüngliche).{0,60}
      | _{10,}
      | --\s?
      | (?:发件人|寄件者|寄件人|from|von|de)\s{0,3}[:：]\s{0,3}\S.{0,300}
      | (?:在|於)?\s{0,3}\d{4}\D.{0,300}(?:写道|寫道)\s{0,3}[:：]
      | on\s.{4,300}\bwrote:
      | (?:发自我的|發自我的|sent\ from\ my\ |从我的).{0,60}
      | 获取\s?outlook.{0,40}
    )\s*$""",
    re.IGNORECASE | re.VERBOSE,
)


def newest_words(text: str) -> str:
    """The words that the writer added, on one line; all of them where nothing tells them from the rest."""
    beginning = text[:LONGEST]
    fresh = []
    for line in beginning.splitlines():
        if MARKS.match(line[:400]):
            break
        if not line.lstrip().startswith((">", "|")):
            fresh.append(line)
    return " ".join(" ".join(fresh).split()) or " ".join(beginning.split())


def quoted(text: str, heading: str) -> str:
    """A text as one quotes it under an answer."""
    return "\n".join([heading, *(f"> {line}".rstrip() for line in text[:LONGEST].splitlines())])
