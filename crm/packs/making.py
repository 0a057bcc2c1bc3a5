"""Short ways to write parts down. Texts come as "中文|English"."""

from __future__ import annotations

from typing import Any

from crm.packs.declaring import Part

OPPORTUNITY, ACCOUNT, LEAD = "sales.opportunity", "customers.account", "sales.lead"
COLOURS = ("blue", "teal", "indigo", "amber", "purple", "cyan", "orange", "green", "pink", "slate", "lime", "red")


def both(text: str, name: str) -> dict[str, str]:
    """The two texts of ``name``."""
    zh, _bar, en = text.partition("|")
    return {f"{name}_zh": zh, f"{name}_en": en}


def field(entity: str, kind: str, code: str, label: str, *, options: str = "", help: str = "", **settings: Any) -> Part:
    """A field; ``options`` are "value 中文|English", parted by semicolons, in colours of their own."""
    data: dict[str, Any] = {"entity": entity, "kind": kind, "code": code, **both(label, "label"), **settings}
    if help:
        data |= both(help, "help")
    if options:
        data["options"] = [
            {"value": value, **both(text, "label"), "colour": COLOURS[place % len(COLOURS)]}
            for place, (value, text) in enumerate(one.strip().split(" ", 1) for one in options.split(";"))
        ]
    return Part("field", f"{entity}/{code}", data)


def entity(code: str, name: str, plural: str, *, stages: str = "", done: tuple[str, ...] = (), **settings: Any) -> Part:
    """An entity of one's own, with the rights that roles have on opportunities."""
    listed = []
    for place, text in enumerate(filter(None, (one.strip() for one in stages.split(";")))):
        words = both(text, "name")
        closes = words["name_zh"] in done
        listed.append({**words, "colour": "green" if closes else COLOURS[place % len(COLOURS)], "closes": closes})
    given = {"rights_like": OPPORTUNITY, "plural_en": plural, "stages": listed, **settings}
    return Part("entity", code, {"code": code, **both(name, "name"), **given})


def stage(key: str, name: str, probability: int, colour: str, rotting_days: int | None = None, **more: Any) -> dict:
    """A stage of a pipeline."""
    given = {"probability": probability, "colour": colour, "rotting_days": rotting_days, **more}
    playbook = both(given.pop("playbook", ""), "playbook")
    return {"key": key, **both(name, "name"), **playbook, **given}


def closing(won: str = "赢单|Won", lost: str = "输单|Lost") -> tuple[dict, dict]:
    """The two stages in which a sale ends."""
    ends = {"won": (won, 100, "green"), "lost": (lost, 0, "slate")}
    return tuple(  # type: ignore[return-value]
        stage(key, name, chance, colour, forecast="omitted" if key == "lost" else "commit", **{f"is_{key}": True})
        for key, (name, chance, colour) in ends.items()
    )


def pipeline(key: str, name: str, *stages: dict) -> Part:
    """A way of selling."""
    return Part("pipeline", key, {**both(name, "name"), "stages": [*stages, *closing()]})


def gate(key: str, title: str, to: str, *needs: str, **more: Any) -> Part:
    """What a move to the stage ``to`` ("pipeline#stage") needs."""
    return Part("gate", key, {**both(title, "title"), "to": f"@pipeline:{to}", "needs": list(needs), **more})


def named(kind: str, *texts: str) -> tuple[Part, ...]:
    """Rows of a plain list: loss reasons, sources, tags."""
    return tuple(Part(kind, text.partition("|")[2].lower(), both(text, "name")) for text in texts)


def logic(entity: str, target: str, effect: str, title: str, where: dict, **more: Any) -> Part:
    """A dynamic rule."""
    key = f"{entity}/{target}/{effect}"
    data = {**both(title, "title"), "entity": entity, "target": target, "effect": effect, "where": where, **more}
    return Part("logic", key, data)


def cascade(entity: str, name: str, by: str, title: str, matrix: dict[str, list[str]]) -> Part:
    """Which options of ``name`` the value of ``by`` offers."""
    data = {**both(title, "title"), "entity": entity, "field": name, "by": by, "matrix": matrix}
    return Part("cascade", f"{entity}/{name}/{by}", data)


def section(key: str, title: str, *fields: str, columns: int = 2) -> dict[str, Any]:
    """A section of a layout."""
    zh, _bar, en = title.partition("|")
    return {"key": key, "zh": zh, "en": en, "columns": columns, "fields": list(fields)}


def layout(entity: str, surface: str, title: str, *sections: dict, variant: str = "") -> Part:
    """The arrangement of a surface."""
    data = {
        **both(title, "title"),
        "entity": entity,
        "surface": surface,
        "variant": variant,
        "sections": list(sections),
    }
    return Part("layout", f"{entity}/{surface}", data)


def view(key: str, name: str, entity: str, *tests: dict, columns: tuple[str, ...] = (), sort: str = "") -> Part:
    """A tab of a list for everybody."""
    where = {"all": list(tests)}
    return Part(
        "view", key, {**both(name, "name"), "entity": entity, "where": where, "sort": sort, "columns": list(columns)}
    )


def test(name: str, op: str, *value: Any) -> dict[str, Any]:
    """One comparison of a condition."""
    given = {"value": value[0]} if value else {}
    return {"field": name, "op": op, **given}


def task(subject: str, days: int, kind: str = "task", to: str = "owner") -> dict[str, Any]:
    """A step of a rule: a task in working days. Its words are those of the language in which the pack comes."""
    zh, _bar, en = subject.partition("|")
    params = {
        "subject": {"zh": zh, "en": en},
        "to": to,
        "kind": kind,
        "priority": "high",
        "days": str(days),
        "working": "on",
    }
    return {"do": "effect", "effect": "create_task", "params": params}


def day(name: str, days: int, at: str, *, working: bool = True) -> dict[str, Any]:
    """A rule's trigger: so many days after (negative: before) the date in a field."""
    return {"on": "date", "field": name, "days": days, "hours": 0, "at": at, "working": working}


def rule(key: str, name: str, entity: str, trigger: dict, *steps: dict, condition: dict | None = None) -> Part:
    """An automation rule."""
    given = {"entity": entity, "trigger": trigger, "condition": condition or {}, "steps": list(steps)}
    return Part("rule", key, {**both(name, "name"), **given})
