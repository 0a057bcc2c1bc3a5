"""Layouts as this process knows them, and the ways to change them: every change is a new version that can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from crm.customfields import definitions
from crm.customfields.models import Layout
from crm.records.actor import Actor
from crm.records.audit import audit

MOST_SECTIONS, MOST_FIELDS = 40, 300


@dataclass(frozen=True)
class Part:
    """One section as it is stored: what it is called, in one or two columns, folded or not, and the names of its fields."""

    key: str
    zh: str = ""
    en: str = ""
    columns: int = 2
    folded: bool = False
    fields: tuple[str, ...] = ()

    def title(self, language: str) -> str:
        """What it is called; where one language is missing the other stands in."""
        return self.zh or self.en if language.startswith("zh") else self.en or self.zh

    @property
    def stored(self) -> dict[str, Any]:
        """As it lies in a layout's content."""
        return {
            "key": self.key,
            "zh": self.zh,
            "en": self.en,
            "columns": self.columns,
            "folded": self.folded,
            "fields": list(self.fields),
        }


def read(content: Any) -> tuple[Part, ...]:
    """The sections in a stored content; whatever is not understood is left out."""
    sections = content.get("sections") if isinstance(content, Mapping) else None
    found: list[Part] = []
    placed: set[str] = set()
    for number, raw in enumerate(sections[:MOST_SECTIONS] if isinstance(sections, list) else ()):
        if not isinstance(raw, Mapping):
            continue
        listed = raw.get("fields")
        names = [n for n in (listed if isinstance(listed, list) else ())[:MOST_FIELDS] if isinstance(n, str)]
        fields = tuple(name for name in dict.fromkeys(names) if name not in placed)
        placed |= set(fields)
        found.append(
            Part(
                key=_text(raw.get("key"))[:40] or f"s{number}",
                zh=_text(raw.get("zh")),
                en=_text(raw.get("en")),
                columns=1 if raw.get("columns") == 1 else 2,
                folded=raw.get("folded") is True,
                fields=fields,
            )
        )
    return tuple(found)


def _text(raw: Any) -> str:
    return raw.replace("\x00", "").strip()[:100] if isinstance(raw, str) else ""


def arranged(label: str, surface: str, roles: Sequence[int] = (), variant: str = "") -> tuple[Part, ...] | None:
    """The sections of a surface for who holds ``roles``; None where nobody arranged it. No query.

    A role's own layout comes before everybody's, and one for the variant before one for all; of several roles the first.
    """
    known = definitions.current()
    key = "layouts", label
    table = known.made.get(key)
    if table is None:
        rows = [row for row in known.layouts if row.entity == label]
        table = known.made[key] = {(row.surface, row.role_id, row.variant): read(row.content) for row in rows}
    if not table:
        return None
    for role in (*roles, None):
        for kind in dict.fromkeys((variant, "")):
            if found := table.get((surface, role, kind)):
                return found
    return None


def varies(label: str) -> bool:
    """Whether some layout of the entity is made for one variant only; no query."""
    return any(row.entity == label and row.variant for row in definitions.current().layouts)


def section_names(label: str, key: str) -> tuple[str, ...]:
    """The fields of the section ``key`` in the layouts of the entity; empty where no layout has it. No query."""
    for row in (row for row in definitions.current().layouts if row.entity == label):
        for part in read(row.content):
            if part.key == key:
                return part.fields
    return ()


@transaction.atomic
def arrange(
    label: str,
    surface: str,
    parts: Iterable[Part] | None,
    *,
    actor: Actor,
    role: int | None = None,
    variant: str = "",
) -> Layout:
    """Make ``parts`` the layout of the surface (None: the default again); the one before stays as a version."""
    same = {"entity": label, "surface": surface, "role": role, "variant": variant}
    with connection.cursor() as cursor:  # two admins at once: one after the other
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"layout:{sorted(same.items())}"])
    Layout.objects.filter(**same, current=True).update(current=False)
    content = None if parts is None else {"sections": [part.stored for part in parts]}
    made = Layout.objects.create(
        entity=label, surface=surface, role_id=role, variant=variant, content=content, made_by=actor.user
    )
    audit(actor.user, "layout_changed", entity=label, surface=surface, role=role, variant=variant)
    forget()
    return made


def forget() -> None:
    """What this process knows is out of date; the others learn it from the version that a trigger raised."""
    definitions.look_again()
    transaction.on_commit(definitions.look_again)


def versions(label: str, surface: str, role: int | None = None, variant: str = "") -> list[Layout]:
    """Every version, the newest first."""
    rows = Layout.objects.filter(entity=label, surface=surface, role=role, variant=variant)
    return list(rows.select_related("made_by").order_by("-id")[:50])


def take_up(version: Layout, *, actor: Actor) -> Layout:
    """Make an older version the current one again, as a new version."""
    parts = None if version.content is None else read(version.content)
    return arrange(version.entity, version.surface, parts, actor=actor, role=version.role_id, variant=version.variant)


def undo(label: str, surface: str, *, actor: Actor, role: int | None = None, variant: str = "") -> Layout | None:
    """Back to the version before the current one; None when there was none."""
    known = versions(label, surface, role, variant)
    if not known:
        return None
    if len(known) > 1:
        return take_up(known[1], actor=actor)
    return arrange(label, surface, None, actor=actor, role=role, variant=variant)


def copy(source: Layout, *, role: int | None, variant: str = "", actor: Actor) -> Layout:
    """The same arrangement for another role."""
    return arrange(
        source.entity, source.surface, read(source.content), actor=actor, role=role, variant=variant or source.variant
    )
