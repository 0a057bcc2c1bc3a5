"""Comments: writing, answering, changing and taking back what colleagues say about a record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.access import policy
from crm.activities import following
from crm.activities.kinds import COMMENT_CHANGED
from crm.activities.models import Comment, Follow
from crm.lib.folding import fold
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Record
from crm.users.models import User

MOST_MENTIONS = 50
_AT = re.compile(r"@([^\s@,，。；;：:！!？?()（）\[\]]{1,100})")


@transaction.atomic
def add_comment(
    on: Record, text: str, *, actor: Actor, answers: Comment | None = None, mentions: Iterable[int] = ()
) -> Comment:
    """Say something about a record. The caller has asked whether ``actor`` sees it.

    ``mentions`` are ids of people whose names were chosen while writing; what else stands behind an @ is looked up.
    An answer to an answer goes to the comment that began it.
    """
    if answers is not None:
        answers = answers.answers or answers
        if (answers.on_entity, answers.on_id) != (on.entity_label(), on.pk):
            raise ValidationError(_("The comment belongs to another record."))
    comment = Comment(owner=actor.user, on_entity=on.entity_label(), on_id=on.pk, text=text.strip(), answers=answers)
    people = named(comment.text, mentions)
    comment.mentions = [{"id": person.pk, "name": person.name or person.username} for person in people]
    records.save(comment, actor=actor)
    following.auto_follow(on, [actor.user], Follow.Cause.COMMENTED)
    following.auto_follow(on, [p for p in people if policy.can_record(p, on, "view")], Follow.Cause.MENTIONED)
    return comment


def edit_comment(comment: Comment, text: str, *, actor: Actor, mentions: Iterable[int] = ()) -> Comment:
    """Say it otherwise; the history keeps both."""
    comment.text = text.strip()
    kept = {one["id"] for one in comment.mentions}
    people = named(comment.text, [*mentions, *kept])
    comment.mentions = [{"id": person.pk, "name": person.name or person.username} for person in people]
    records.save(comment, actor=actor, kind=COMMENT_CHANGED)
    return comment


def named(text: str, chosen: Iterable[int] = ()) -> list[User]:
    """The active people whom a text speaks to with an @: those chosen, as far as their names stand in it, and any whose name or
    sign-in name follows an @ and is nobody else's."""
    words = [fold(word) for word in _AT.findall(text)[:MOST_MENTIONS]]
    if not words:
        return []
    by_name: dict[str, list[User]] = {}
    for person in User.objects.filter(is_active=True).only("pk", "name", "username", "is_active", "is_superuser"):
        for name in {fold(person.name), fold(person.username)} - {""}:
            by_name.setdefault(name, []).append(person)
    wanted, found = set(chosen), {}
    for word in words:
        # Chinese leaves no blank after a name: the longest name that begins the word is meant.
        name = next((word[:end] for end in range(len(word), 0, -1) if word[:end] in by_name), "")
        people = by_name.get(name, [])
        meant = [p for p in people if p.pk in wanted] or (people if len(people) == 1 else [])
        found |= {person.pk: person for person in meant}
    return list(found.values())


def unseen_by(people: Sequence[Any], record: Record) -> list[User]:
    """Those of the people who may not see the record."""
    ids = [getattr(p, "pk", None) or p["id"] for p in people]
    return [user for user in User.objects.filter(pk__in=ids) if not policy.can_record(user, record, "view")]
