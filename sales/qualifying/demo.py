"""The four questions of the demo company, and what its people found out."""

from __future__ import annotations

from crm.demo.steps import World, demo_step
from crm.records.actor import Actor
from sales.models import Lead
from sales.qualifying.models import Question
from sales.qualifying.services import answer

ASKED = (
    ("预算是否已经落实？", "choice", "已批复 = 30\n正在申请 = 15\n没有预算 = 0", 0, "qualified"),
    ("对接人能否拍板？", "yesno", "", 20, "qualified"),
    ("要解决的问题是什么？", "text", "", 20, ""),
    ("计划什么时候采购？", "choice", "一个月内 = 30\n三个月内 = 20\n半年以后 = 5", 0, "converted"),
)
GIVEN = (
    ("已批复", "yes", "老泵房能耗高，夜间噪声超标，计划整体更换。", "三个月内"),
    ("正在申请", "no", "", "半年以后"),
    ("已批复", "yes", "", ""),
)


@demo_step(59, "qualification questions")
def ask_questions(world: World) -> None:
    """Asked of all, answered of some that are being worked on."""
    if Question.objects.exists():
        return
    names = ("name", "kind", "options", "points", "before")
    questions = [
        Question.objects.create(position=place * 10, **dict(zip(names, row, strict=True)))
        for place, row in enumerate(ASKED, 1)
    ]
    worked = Lead.objects.alive().filter(status__in=["contacted", "nurturing", "qualified"], owner__isnull=False)
    for number, lead in enumerate(worked.select_related("owner").order_by("pk")[:60]):
        given = GIVEN[0] if lead.status == Lead.Status.QUALIFIED else GIVEN[number % len(GIVEN)]
        for question, value in zip(questions, given, strict=True):
            answer(lead, question, value, actor=Actor(lead.owner, "demo"))
