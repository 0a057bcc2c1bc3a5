"""What a new user would choose: columns matched by name, keys that are ids, required texts put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict

from crm.exchange.importing.plan import EMPTY, REJECT, Column
from crm.exchange.importing.source import signature
from crm.exchange.importing.targets import Target
from crm.exchange.models import Import, SavedMapping
from crm.exchange.reading.matching import match_columns
from crm.lib.text import fold

LEVEL = re.compile(
    r"(?:[abcdes][+-]?|[1-5]|[1-5]?\s*[星★]+|[极很较最非常]*[高中低强弱大小]|一般|普通|无|热|温|冷"
    r"|hot|warm|cold|high|medium|mid|low|strong|weak|none)(?:级|类|等|意向|度)?"
)
IDS = ("external_id", "number", "code", "tax_id", "username")


def propose(run: Import, target: Target) -> None:
    """Fill mapping and options of a freshly read file: from last time's, from the file it corrects, else by names."""
    remembered = SavedMapping.objects.filter(user=run.user, label=run.label, signature=signature(run.headings)).first()
    if run.parent is not None:
        run.mapping, run.options = carry_over(run, run.parent.mapping), dict(run.parent.options)
    elif remembered is not None:
        run.mapping, run.options = carry_over(run, remembered.mapping), dict(remembered.options)
    else:
        run.mapping = by_name(run, target)
        run.options = options_for(run, target)
    run.preview = {}


def by_name(run: Import, target: Target) -> list[dict]:
    """Columns matched by the fields' labels and synonyms in both languages; what nobody claims is kept as an extra."""
    fields = [(f.name, (*f.synonyms, *target.levels.get(f.name, ()))) for f in target.fields.values()]
    found = match_columns(run.headings, fields)
    found = {index: name for index, name in found.items() if not doubtful(run, target, index, name)}
    if not found and len(run.headings) == 1:
        name = next((f.name for f in target.fields.values() if f.required), next(iter(target.fields)))
        found = {0: name}
    return [asdict(column_for(run, target, index, found.get(index))) for index in range(len(run.headings))]


def doubtful(run: Import, target: Target, index: int, name: str) -> bool:
    """Whether a heading means its field only for levels, and the values of the column are none."""
    if not match_columns([run.headings[index]], [(name, target.levels.get(name, ()))]) or match_columns(
        [run.headings[index]], [(name, target.fields[name].synonyms)]
    ):
        return False
    return not look_like_levels(run.analysis["columns"][index]["samples"])


def look_like_levels(samples: Sequence[str]) -> bool:
    """Whether the values of a column grade something: 高, 中, 低, A, B, C, 3 星."""
    filled = [sample for text in samples if (sample := fold(text))]
    return bool(filled) and all(LEVEL.fullmatch(sample) for sample in filled)


def column_for(run: Import, target: Target, index: int, name: str | None) -> Column:
    """A column with what suits its field."""
    look = run.analysis["columns"][index]
    if name is None:
        return Column(index, look["heading"])
    field = target.fields[name]
    missing = REJECT if field.link and field.required else EMPTY
    return Column(index, look["heading"], f"field:{name}", order=look["order"], missing=missing)


def carry_over(run: Import, mapping: list[dict]) -> list[dict]:
    """Another file's mapping for this one's columns, by heading; columns it did not know are ignored."""
    known = {entry["heading"]: entry for entry in mapping}
    return [
        {**known.get(heading, asdict(Column(index, heading, "ignore"))), "index": index}
        for index, heading in enumerate(run.headings)
    ]


def options_for(run: Import, target: Target) -> dict:
    """Mode, keys and fills that suit the columns."""
    filled = {entry["to"].removeprefix("field:"): entry["index"] for entry in run.mapping}
    keys = [key for key in target.keys if key in filled and key in IDS][:1]
    mode = Import.Mode.CREATE
    if keys:
        mode = Import.Mode.UPSERT if target.can_update else Import.Mode.SKIP
    if not target.can_create:
        mode = Import.Mode.UPDATE
    return {
        "mode": mode,
        "keys": keys,
        "duplicates": Import.Duplicates.CREATE,
        "blank": "keep",
        "fill": fills(filled, target),
    }


def fills(filled: dict[str, int], target: Target) -> dict[str, list[int]]:
    """For required texts without a column: the columns they are put together from."""
    found = {}
    for field in target.fields.values():
        if field.required and not field.link and field.kind == "text" and field.name not in filled:
            declared = [filled[name] for name in target.compose.get(field.name, ()) if name in filled]
            texts = [
                index for name, index in filled.items() if name in target.fields and target.fields[name].kind == "text"
            ]
            if columns := (declared or texts[:1]):
                found[field.name] = columns[:3]
    return found
