"""A pack comes as it was shown, as a whole, and goes without a trace; what people made and admins changed is respected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from crm.customentities import registering
from crm.customentities.models import EntityDefinition
from crm.customfields import definitions
from crm.customfields.models import CustomField, CustomOption
from crm.customfields.services import define_field
from crm.entities.entity import registry
from crm.jobs.models import Job
from crm.packs import declaring, services
from crm.packs.declaring import Part, packs
from crm.packs.making import OPPORTUNITY, field
from crm.packs.models import InstalledPack
from crm.packs.parts import PartKind, kinds
from crm.packs.planning import Verdict, plan_install, plan_uninstall, plan_upgrade
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import AuditEvent
from sales.factories import make_opportunity
from sales.models import Pipeline, StageGate

pytestmark = pytest.mark.django_db
V = Verdict
# Logs and counters that only ever grow; everything else must be as it was.
GROWING = (
    "access_policyversion", "workflows_rulesversion", "records_entry", "records_entrylink", "records_audit",
    "records_changeset", "records_delivery", "jobs_job", "notifications_", "django_session", "users_user", "axes_",
)  # fmt: skip
URL = "/admin/packs/installedpack/"


@pytest.fixture(autouse=True)
def forgotten():
    """What a test installed is gone with it."""
    yield
    for label in [label for label in registry if label.startswith("customentities.")]:
        registry.pop(label)
    registering._definitions.clear()
    registering._state["version"] = None
    definitions.assume_none()


@pytest.fixture
def actor(boss):
    return Actor(boss, "test")


def dump() -> dict[str, list[str]]:
    """Every table but the logs, every index and sequence."""
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = current_schema() order by 1")
        tables = [name for (name,) in cursor.fetchall() if not name.startswith(GROWING)]
        found = {}
        for table in tables:
            cursor.execute(f'select t::text from "{table}" t order by 1')
            found[table] = [row for (row,) in cursor.fetchall()]
        cursor.execute("select indexname from pg_indexes where schemaname = current_schema() order by 1")
        found["indexes"] = [row for (row,) in cursor.fetchall()]
        cursor.execute("select sequencename from pg_sequences where schemaname = current_schema() order by 1")
        found["sequences"] = [row for (row,) in cursor.fetchall()]
    return found


def changed(before: dict, after: dict) -> dict:
    return {name: (before.get(name), after[name]) for name in after if before.get(name) != after[name]}


@pytest.mark.parametrize("code", sorted(packs))
def test_it_comes_whole_and_goes_without_a_trace_twice(code, actor, grant, rep, django_capture_on_commit_callbacks):
    grant(rep, OPPORTUNITY, view=3, change=1)
    pack, before = packs[code], dump()
    for _turn in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            plan = services.install(pack, actor=actor)
        assert {line.verdict for line in plan.lines} == {V.ADD}
        assert set(changed(before, dump())) >= {"customfields_customfield", "access_grant", "indexes", "sequences"}
        installed = InstalledPack.objects.get(code=code)
        assert {line.verdict for line in plan_upgrade(pack, installed).lines} == {V.SAME}
        with django_capture_on_commit_callbacks(execute=True):
            gone = services.uninstall(code, actor=actor)
        assert {line.verdict for line in gone.lines} == {V.REMOVE}
        assert changed(before, dump()) == {}
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
    audits = list(AuditEvent.objects.filter(action__startswith="pack_").order_by("id").values_list("action", flat=True))
    assert audits == ["pack_installed", "pack_uninstalled"] * 2


@pytest.fixture
def broken():
    """A pack with a part in its middle that fails when it is made."""

    class Failing(PartKind):
        name, label, rank = "failing", "Failing", 25

        def title(self, data):
            return "Bad part"

        def find(self, data):
            return None

        def add(self, data, *, actor):
            raise ValidationError("It does not work.")

    kinds["failing"] = Failing()
    pack = replace(packs["engineering"], code="broken", parts=(*packs["engineering"].parts, Part("failing", "x", {})))
    yield declaring.declare(pack)
    del kinds["failing"], packs["broken"]


def test_a_failing_part_leaves_nothing(client, boss, broken, django_capture_on_commit_callbacks):
    client.force_login(boss)
    before = dump()
    client.get(f"{URL}broken/")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{URL}broken/", {})
    job = Job.objects.get(kind="packs.install")
    assert (job.state, job.error) == ("failed", "“Bad part”: It does not work. Nothing was changed.")
    assert changed(before, dump()) == {}
    assert "customentities.survey" not in registry and definitions.current().active(OPPORTUNITY) == []
    assert not AuditEvent.objects.filter(action="pack_installed").exists()


def test_admins_see_it_first_and_install_it_in_a_job(client, boss, rep, django_capture_on_commit_callbacks):
    client.force_login(rep)
    assert client.get(URL).status_code == 302 and client.post(f"{URL}engineering/").status_code == 302
    client.force_login(boss)
    assert "Engineering equipment" in client.get(URL).content.decode()
    page = client.get(f"{URL}engineering/")
    assert page.context["plan"].counts[0][::2] == ("add", len(packs["engineering"].parts))
    assert "Site survey on" in page.content.decode() and not CustomField.objects.exists()
    digest = page.context["plan"].digest
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"{URL}engineering/", {"seen": digest})
    job = Job.objects.get(kind="packs.install")
    assert answer.url == f"/jobs/{job.pk}/" and (job.state, job.error) == ("done", "")
    assert "is added" in client.get(answer.url).content.decode()
    assert client.get("/sales/survey/").status_code == 200
    gate = StageGate.objects.get(to_stage__name="Tender")
    assert gate.needs == ["custom.plan_version", "custom.tender_way", "custom.tender_due"]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            f"{URL}engineering/removal/", {"seen": client.get(f"{URL}engineering/removal/").context["plan"].digest}
        )
    assert Job.objects.get(kind="packs.uninstall").state == "done" and not CustomField.objects.exists()
    assert client.get("/sales/survey/").status_code == 404


def test_what_changed_since_the_preview_is_shown_again(actor):
    pack = packs["software"]
    seen = plan_install(pack).digest
    define_field(OPPORTUNITY, "text", "edition", "版本", actor=actor)
    with pytest.raises(services.Refused, match="Look at it again"):
        services.install(pack, actor=actor, seen=seen)
    assert not InstalledPack.objects.exists()


def test_what_is_there_stays_and_is_not_the_packs(actor):
    own = define_field(OPPORTUNITY, "text", "trial_until", "试用至", actor=actor)
    same = define_field(
        OPPORTUNITY, "choice", "term", "订阅周期", "Term", actor=actor,
        options=[{"value": "monthly", "label_zh": "按月", "label_en": "Monthly", "colour": "blue"},
                 {"value": "yearly", "label_zh": "按年", "label_en": "Yearly", "colour": "teal"},
                 {"value": "perpetual", "label_zh": "永久授权", "label_en": "Perpetual", "colour": "indigo"}],
    )  # fmt: skip
    plan = services.install(packs["software"], actor=actor)
    said = {line.name: (line.verdict, line.reason) for line in plan.lines if line.verdict != V.ADD}
    assert said == {
        "field:sales.opportunity/trial_until": (
            V.CONFLICT,
            "Different: kind, label (Chinese), label (English), sortable, on board cards. It is left as it is.",
        ),
        "field:sales.opportunity/term": (V.THERE, "It stays, and is not the pack's."),
        "rule:trial": (V.LEFT, "It builds on: Trial until"),
    }  # fmt: skip
    services.uninstall("software", actor=actor)
    assert set(CustomField.objects.values_list("pk", flat=True)) == {own.pk, same.pk}


@pytest.fixture
def used(actor, boss):
    """The pack in use: an opportunity with a survey date, a survey of its own, a deal in its pipeline."""
    services.install(packs["engineering"], actor=actor)
    deal = make_opportunity(owner=boss)
    deal.custom = {"survey_on": "2026-11-20"}
    records.save(deal, actor=actor)
    survey = registry["customentities.survey"].fresh(boss, {})
    survey.name = "东湖泵站"
    registry["customentities.survey"].save(survey, actor=actor)
    return deal


def test_what_people_entered_is_counted_and_kept_when_asked(
    used, actor, client, boss, django_capture_on_commit_callbacks
):
    installed = InstalledPack.objects.get()
    held = {line.name: line.held for line in plan_uninstall(installed, packs["engineering"]).of(V.HOLDS)}
    assert held == {"field:sales.opportunity/survey_on": 1, "entity:survey": 1}
    client.force_login(boss)
    page = client.get(f"{URL}engineering/removal/")
    assert "What people entered meanwhile" in page.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{URL}engineering/removal/", {"seen": page.context["plan"].digest, "keep": list(held)})
    assert Job.objects.get(kind="packs.uninstall").error == ""
    assert [(f.entity, f.code) for f in CustomField.objects.all()] == [(OPPORTUNITY, "survey_on")]
    used.refresh_from_db()
    assert used.custom == {"survey_on": "2026-11-20"} and EntityDefinition.objects.get().code == "survey"
    assert not InstalledPack.objects.exists()
    again = {line.name: line.verdict for line in plan_install(packs["engineering"]).lines}
    assert again["field:sales.opportunity/survey_on"] == again["entity:survey"] == V.THERE


def test_what_people_entered_goes_when_told_so(used, actor):
    services.uninstall("engineering", actor=actor)
    used.refresh_from_db()
    assert used.custom == {} and not EntityDefinition.objects.exists() and not CustomField.objects.exists()
    labels = connection.cursor()
    labels.execute("select count(*) from customentities_customrecord")
    assert labels.fetchone() == (0,)


def test_a_pipeline_with_deals_is_never_taken_away(actor, boss):
    services.install(packs["engineering"], actor=actor)
    line = Pipeline.objects.get(name="Equipment projects")
    make_opportunity(owner=boss, stage=line.stages.first())
    with pytest.raises(services.Refused, match="used by 1 records"):
        services.uninstall("engineering", actor=actor)
    assert CustomField.objects.exists()
    services.uninstall("engineering", actor=actor, keep=["pipeline:projects"])
    assert list(Pipeline.objects.filter(pk=line.pk)) == [line] and not CustomField.objects.exists()


def test_a_new_version_changes_what_it_says_and_keeps_what_admins_changed(actor):
    old = packs["software"]
    services.install(old, actor=actor)
    installed = InstalledPack.objects.get()
    seats = CustomField.objects.get(code="seats")
    seats.label_zh = "席位"
    seats.save()
    CustomOption.objects.filter(field__code="edition", value="standard").update(label_zh="基础版")

    def newer(part: Part) -> Part | None:
        if part.name.endswith("/seats"):
            return Part(part.kind, part.key, {**part.data, "label_zh": "授权数", "minimum": "5"})
        if part.name.endswith("/edition"):
            options = [
                *part.data["options"][:2],
                {"value": "free", "label_zh": "免费版", "label_en": "Free", "colour": ""},
            ]
            return Part(part.kind, part.key, {**part.data, "options": options})
        return None if part.name.endswith("/rivals") else part

    parts = (*filter(None, map(newer, old.parts)), field(OPPORTUNITY, "text", "licence", "授权号|Licence"))
    new = replace(old, version=2, parts=parts)
    plan = plan_upgrade(new, installed)
    lines = {line.name.rpartition("/")[2]: line for line in plan.lines if line.verdict != V.SAME}
    assert {name: line.verdict for name, line in lines.items()} == {
        "seats": V.CHANGE, "edition": V.CHANGE, "rivals": V.REMOVE, "licence": V.ADD,
    }  # fmt: skip
    assert lines["seats"].settings == {"minimum": "5"} and lines["seats"].kept == {"label_zh": ("席位", "用户数")}
    services.upgrade(new, actor=actor, seen=plan.digest)
    seats.refresh_from_db()
    assert (seats.label_zh, seats.minimum) == ("席位", "5")
    assert list(CustomOption.objects.filter(field__code="edition").values_list("value", "label_zh")) == [
        ("standard", "基础版"), ("professional", "专业版"), ("free", "免费版"),
    ]  # fmt: skip
    assert (
        not CustomField.objects.filter(code="rivals").exists() and CustomField.objects.filter(code="licence").exists()
    )
    assert InstalledPack.objects.get().version == 2
    services.uninstall("software", actor=actor)
    assert not CustomField.objects.exists()


def test_a_part_that_somebody_deleted_is_no_hindrance(actor):
    services.install(packs["software"], actor=actor)
    Pipeline.objects.get(name="Software sales").delete()
    CustomField.objects.get(code="seats").delete()
    plan = services.uninstall("software", actor=actor)
    assert {line.name for line in plan.of(V.GONE)} == {
        "pipeline:software",
        "gate:offer",
        "field:sales.opportunity/seats",
    }
    assert not CustomField.objects.exists()
