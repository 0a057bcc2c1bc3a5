"""What the house decided about duplicates, as this process knows it: kept under the version of what admins define."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from crm.customfields.definitions import kept
from crm.matching.models import MatchPolicy, MatchRule

Level = MatchRule.Level
_STRICTNESS = {Level.IGNORE: 0, Level.WARN: 1, Level.BLOCK: 2}


@dataclass
class Rules:
    """Policies by entity, and the rules that refuse or ignore by entity and kind."""

    policies: dict[str, MatchPolicy] = field(default_factory=dict)
    levels: dict[tuple[str, str], str] = field(default_factory=dict)
    blocking: dict[str, list[MatchRule]] = field(default_factory=lambda: defaultdict(list))

    def policy(self, label: str) -> MatchPolicy:
        """How duplicates of the entity are judged; the usual way where no admin said otherwise."""
        return self.policies.get(label) or MatchPolicy(entity=label)

    def ignored(self, label: str) -> frozenset[str]:
        """Kinds that do not count for the entity."""
        return frozenset(
            kind for (entity, kind), level in self.levels.items() if entity == label and level == Level.IGNORE
        )

    def among(self, label: str, kind: str) -> set[str]:
        """The entities of which none may share a value of the kind with one of ``label``."""
        return {entity for rule in self.blocking.get(label, ()) if rule.kind == kind for entity in rule.entities}


def current() -> Rules:
    """The rules in force."""
    return kept("matching.rules", _read)


def _read() -> Rules:
    found = Rules({policy.entity: policy for policy in MatchPolicy.objects.all()})
    for rule in MatchRule.objects.filter(active=True).order_by("pk"):
        for label in rule.entities:
            before = found.levels.get((label, rule.kind))
            if before is None or _STRICTNESS[Level(rule.level)] > _STRICTNESS[Level(before)]:
                found.levels[label, rule.kind] = rule.level
            if rule.level == Level.BLOCK:
                found.blocking[label].append(rule)
    return found
