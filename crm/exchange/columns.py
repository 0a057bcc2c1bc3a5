"""Which column of a file from elsewhere (a bank, the tax office) holds what: by the names that such files give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def find_columns(columns: Iterable[str], names: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The place of each field that has a column: the first of its names that is a heading, else that is in one."""
    headings = [str(one).strip().lower() for one in columns]
    places: dict[str, int] = {}
    for field, known in names.items():
        exact = next((headings.index(name) for name in known if name in headings), None)
        loose = next((i for name in known for i, head in enumerate(headings) if name in head), None)
        place = exact if exact is not None else loose
        if place is not None and place not in places.values():
            places[field] = place
    return places
