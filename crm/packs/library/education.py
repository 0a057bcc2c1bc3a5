"""教育: courses, sold by trial lesson and enrolment."""

from crm.packs.declaring import Pack, declare
from crm.packs.making import (
    ACCOUNT,
    LEAD,
    OPPORTUNITY,
    day,
    entity,
    field,
    gate,
    named,
    pipeline,
    rule,
    stage,
    task,
    test,
    view,
)

LESSON = "customentities.lesson"

PARTS = (
    field(LEAD, "choice", "grade", "年级|Grade", options="primary 小学|Primary school; junior 初中|Junior high; senior 高中|Senior high; adult 成人|Adult", searchable=True),
    field(LEAD, "multichoice", "subjects", "意向科目|Subjects wanted", options="maths 数学|Mathematics; english 英语|English; coding 编程|Coding; art 艺术|Art; vocational 职业资格|Vocational"),
    field(LEAD, "text", "school", "就读学校|School", searchable=True),
    field(OPPORTUNITY, "choice", "grade", "年级|Grade", options="primary 小学|Primary school; junior 初中|Junior high; senior 高中|Senior high; adult 成人|Adult"),
    field(OPPORTUNITY, "choice", "course", "报读课程|Course", options="oneonone 一对一|One to one; small 小班|Small group; large 大班|Class; online 线上课|Online", searchable=True),
    field(OPPORTUNITY, "integer", "hours", "课时数|Lessons", minimum="1"),
    field(OPPORTUNITY, "date", "lesson_on", "试听日期|Trial lesson on", sortable=True, on_card=True),
    field(OPPORTUNITY, "choice", "payment", "缴费方式|Payment", options="full 全款|In full; instalments 分期|Instalments"),
    field(ACCOUNT, "text", "guardian", "家长姓名|Guardian"),
    field(ACCOUNT, "date", "class_ends_on", "结课日期|Course ends on", sortable=True),
    entity("lesson", "试听课|Trial lesson", "Trial lessons", icon="school", prefix="ST", title_zh="试听内容", title_en="Lesson", stages="已预约|Booked; 已到访|Attended; 未到访|Missed", done=("已到访", "未到访")),
    field(LESSON, "link", "lead", "线索|Lead", target=LEAD),
    field(LESSON, "link", "opportunity", "商机|Opportunity", target=OPPORTUNITY),
    field(LESSON, "datetime", "held_at", "试听时间|Held at", sortable=True),
    field(LESSON, "user", "teacher", "试听老师|Teacher"),
    field(LESSON, "longtext", "feedback", "试听反馈|Feedback"),
    *named("source", "校区咨询|Walk-in", "老带新|Referral by students", "公益讲座|Open lecture", "地推|Street promotion"),
    *named("loss_reason", "距离太远|Too far away", "时间冲突|Time does not fit", "选择其他机构|Chose another school"),
    pipeline(
        "enrolment", "招生报名|Enrolment",
        stage("advice", "咨询测评|Advice and test", 20, "blue", 5),
        stage("lesson", "预约试听|Trial lesson", 40, "teal", 7),
        stage("plan", "学习方案|Learning plan", 60, "indigo", 7, forecast="best_case"),
        stage("pay", "缴费报名|Payment", 85, "amber", 5, forecast="commit"),
    ),
    gate("plan", "方案前须试听|A plan needs a trial lesson", "enrolment#plan", "custom.lesson_on"),
    gate("pay", "缴费前确认课程|Payment needs a course", "enrolment#pay", "custom.course", "custom.hours"),
    view("lessons", "本周试听|Trial lessons this week", OPPORTUNITY, test("custom.lesson_on", "this_week")),
    rule("lesson", "试听前一天提醒|The day before a trial lesson", OPPORTUNITY, day("custom.lesson_on", -1, "10:00", working=False), task("确认试听到访|Confirm the trial lesson", 0, "call")),
    rule("ends", "结课前一个月谈续班|A month before the course ends", ACCOUNT, day("custom.class_ends_on", -30, "09:00"), task("续班沟通|Talk about the next course", 3, "call")),
)  # fmt: skip

declare(
    Pack(
        "education", 1, "教育", "Education",
        "培训招生：咨询测评、试听、学习方案、缴费；含年级、科目、课时与试听课管理。",
        "Courses: advice, trial lesson, learning plan, payment; with grades, subjects, lessons and trial lessons.",
        "school", PARTS,
    )
)  # fmt: skip
