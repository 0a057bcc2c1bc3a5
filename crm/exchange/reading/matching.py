"""Which column of a file is which field, by name and synonym in any language."""

import re
from collections.abc import Callable, Sequence

from rapidfuzz import fuzz, process

from crm.lib.text import fold

_NOISE = re.compile(r"[\W_]+")
_BRACKETED = re.compile(r"[(\[{【〔<].*?[)\]}】〕>]")
_ALIKE = 90


def match_columns(columns: Sequence[str], fields: Sequence[tuple[str, Sequence[str]]]) -> dict[int, str]:
    """Column index → field name; ``fields`` are (name, its labels and synonyms), the more important first.

    Exact names win over those equal without their brackets (“电话（必填）”), and these over similar ones
    (90 of 100). A column gets at most one field and a field at most one column.
    """
    matched: dict[int, str] = {}
    taken: set[str] = set()
    for plain in (_plain, _without_brackets):
        keys = [plain(column) for column in columns]
        labels = _labels(fields, plain)
        for index, key in enumerate(keys):
            name = labels.get(key)
            if name and name not in taken and index not in matched:
                matched[index] = name
                taken.add(name)
    _match_similar(columns, fields, matched, taken)
    return dict(sorted(matched.items()))


def _match_similar(
    columns: Sequence[str], fields: Sequence[tuple[str, Sequence[str]]], matched: dict[int, str], taken: set[str]
) -> None:
    """The most similar pairs first, among what is left."""
    labels = {key: name for key, name in _labels(fields, _without_brackets).items() if name not in taken}
    pairs: list[tuple[float, int, str]] = []
    for index, column in enumerate(columns):
        key = _without_brackets(column)
        if index in matched or len(key) < 3:
            continue
        similar = process.extract(key, list(labels), scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=None)
        pairs += [
            (-score, index, labels[label]) for label, score, _position in similar if _digits(label) == _digits(key)
        ]
    for _score, index, name in sorted(pairs):
        if index not in matched and name not in taken:
            matched[index] = name
            taken.add(name)


def _labels(fields: Sequence[tuple[str, Sequence[str]]], plain: Callable[[str], str]) -> dict[str, str]:
    """Plain label → field; the first field that uses a label has it."""
    labels: dict[str, str] = {}
    for name, synonyms in fields:
        for label in (name, *synonyms):
            key = plain(str(label))
            if key:
                labels.setdefault(key, name)
    return labels


def _digits(key: str) -> str:
    """“Phone 1” is not “Phone 2”, however alike they look."""
    return re.sub(r"\D", "", key)


def _plain(text: str) -> str:
    return _NOISE.sub("", fold(text))


def _without_brackets(text: str) -> str:
    return _NOISE.sub("", _BRACKETED.sub("", fold(text)))
