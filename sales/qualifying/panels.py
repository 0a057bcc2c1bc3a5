"""The questions on the page of a lead, each answered by itself."""

from __future__ import annotations

from typing import Any

from crm.access import policy
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.panels import panel
from sales.models import Lead
from sales.qualifying.models import Question
from sales.qualifying.services import NO, YES, questions

LABEL = "sales.lead"


@panel(LABEL, slot="side", template="qualifying/panel.html", order=-15)
def qualification(record: Lead, user: Any) -> dict | None:
    """Nothing while admins ask nothing, or where the reader may not know the score."""
    if not bind(registry[LABEL], user).readable_on(record, ["qualification.score"]):
        return None
    asked = questions()
    if not asked:
        return None
    given = {row.question_id: row for row in record.answers.all()}
    rows = [{"question": one, "answer": given.get(one.pk), "options": _options(one)} for one in asked]
    answered = [row["answer"] for row in rows if row["answer"]]
    may = (
        record.deleted_at is None
        and record.status != Lead.Status.CONVERTED
        and policy.can_record(user, record, "change")
    )
    return {
        "lead": record,
        "rows": rows,
        "score": sum(row.points for row in answered),
        "most": sum(_most(one) for one in asked),
        "open": len(asked) - len(answered),
        "may_answer": may,
    }


def _options(question: Question) -> list[tuple[str, str]]:
    if question.kind == Question.Kind.CHOICE:
        return [(name, name) for name in question.choices]
    return [(YES, ""), (NO, "")] if question.kind == Question.Kind.YES_NO else []


def _most(question: Question) -> int:
    if question.kind == Question.Kind.CHOICE:
        return max([0, *question.choices.values()])
    return max(0, question.points)
