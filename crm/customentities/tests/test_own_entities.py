"""An entity that an admin made has what every entity has: list, form, board, search, import, rights, trash, undo, tabs."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from crm.access.models import Grant, Role, Scope
from crm.customentities import registering
from crm.customentities.models import CustomRecord, EntityDefinition, EntityStage
from crm.customentities.services import define_entity, delete_entity
from crm.customfields.services import define_field
from crm.entities.entity import entity_at, entity_of, registry
from crm.records import services
from crm.records.actor import Actor
from crm.records.models import ChangeSet
from crm.search.services import search
from customers.factories import make_account

pytestmark = pytest.mark.django_db
STAGES = (
    {"name_zh": "待勘测", "name_en": "To do", "colour": "blue"},
    {"name_zh": "已完成", "name_en": "Done", "colour": "green", "closes": True},
)
URL = "/sales/survey/"


@pytest.fixture(autouse=True)
def forgotten():
    """What a test defined is gone with it."""
    yield
    registering._definitions.clear()
    registry.pop("customentities.survey", None)
    registry.pop("customentities.other", None)
    registering._state["version"] = None


@pytest.fixture
def survey(boss):
    return define_entity(
        "survey", "现场勘测", name_en="Site survey", plural_en="Site surveys", prefix="SV",
        stages=STAGES, actor=Actor(boss, "test"), rights_like="sales.lead",
    )  # fmt: skip


@pytest.fixture
def record(survey, rep):
    def make(**values):
        entity = registry[survey.label]
        made = entity.fresh(values.pop("owner", rep), {})
        for name, value in values.items():
            setattr(made, name, value)
        entity.save(made, actor=Actor(made.owner, "test"))
        return made

    return make


def test_it_has_pages_of_its_own(client, boss, survey):
    client.force_login(boss)
    assert client.get(URL).status_code == 200
    stage = survey.stages.first()
    added = client.post(URL + "add/", {"name": "东湖泵站", "stage": stage.pk, "owner": boss.pk})
    made = CustomRecord.objects.get()
    assert added.status_code == 302 and made.definition == survey and made.number.startswith("SV")
    page = client.get(f"{URL}{made.pk}/").content.decode()
    assert "东湖泵站" in page and "To do" in page
    done = survey.stages.last()
    moved = client.post(f"{URL}{made.pk}/move/", {"to": done.pk, "version": made.version})
    made.refresh_from_db()
    assert moved.status_code in (200, 204, 302) and made.stage == done
    board = client.get(URL + "board/").content.decode()
    assert "To do" in board and "Done" in board
    assert "Site surveys" in client.get("/").content.decode()


def test_rights_follow_the_matrix(client, survey, record, rep, other, grant):
    mine, others = record(name="Mine"), record(name="Others", owner=other)
    client.force_login(rep)
    assert client.get(URL).status_code == 403
    grant(rep, survey.label, view=Scope.OWN)
    assert client.get(f"{URL}{mine.pk}/").status_code == 200
    assert client.get(f"{URL}{others.pk}/").status_code == 404


def test_roles_get_the_rights_that_they_have_elsewhere(boss, rep, grant):
    grant(rep, "sales.lead", view=Scope.TEAM, change=Scope.OWN, convert=Scope.OWN)
    made = define_entity("survey", "现场勘测", actor=Actor(boss, "test"), rights_like="sales.lead")
    role = Role.objects.get(code="test-rep")
    held = dict(Grant.objects.filter(role=role, entity=made.label).values_list("action", "scope"))
    assert held == {"view": Scope.TEAM, "change": Scope.OWN}


def test_fields_search_history_trash_and_undo(client, boss, survey, record, rep):
    define_field(survey.label, "text", "site", "现场", "Site", actor=Actor(boss, "test"))
    made = record(name="东湖泵站勘测")
    made.custom = {"site": "东湖路8号"}
    services.save(made, actor=Actor(rep, "test"))
    client.force_login(boss)
    assert "东湖路8号" in client.get(f"{URL}{made.pk}/").content.decode()
    assert made.pk in {hit.record.pk for hit in search(boss, "dhbz")}
    changes = services.delete(made, actor=Actor(boss, "test"))
    assert client.get(f"{URL}{made.pk}/").status_code == 404
    client.post(f"/undo/set/{changes.pk}/")
    assert client.get(f"{URL}{made.pk}/").status_code == 200
    assert ChangeSet.objects.filter(kind="undo").exists()


def test_a_link_shows_its_records_on_the_other_side(client, boss, survey, record):
    define_field(
        survey.label, "link", "account", "客户", "Account", actor=Actor(boss, "test"), target="customers.account"
    )
    account, other = make_account(name="华东泵业"), make_account(name="云帆")
    made = record(name="东湖泵站勘测")
    made.custom = {"account": account.pk}
    services.save(made, actor=Actor(boss, "test"))
    client.force_login(boss)
    tab = f"/customers/accounts/{account.pk}/related/{survey.label}/"
    assert "东湖泵站勘测" in client.get(tab).content.decode()
    tab = f"/customers/accounts/{other.pk}/related/{survey.label}/"
    assert "东湖泵站勘测" not in client.get(tab).content.decode()


def test_records_and_stages_of_two_entities_never_mix(client, boss, survey, record):
    other = define_entity("other", "投标", stages=({"name_zh": "标书"},), actor=Actor(boss, "test"))
    mine = record(name="勘测")
    foreign = registry[other.label].fresh(boss, {})
    foreign.name = "投标"
    registry[other.label].save(foreign, actor=Actor(boss, "test"))
    client.force_login(boss)
    assert client.get(f"/sales/other/{mine.pk}/").status_code == 404
    assert client.get(f"{URL}{foreign.pk}/").status_code == 404
    stage = other.stages.get()
    refused = client.post(f"{URL}{mine.pk}/edit/", {"name": "x", "stage": stage.pk, "version": 1, "owner": boss.pk})
    assert refused.status_code == 422
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomRecord.objects.filter(pk=mine.pk).update(stage=stage)
        connection.check_constraints()


def test_another_process_learns_of_it_at_its_next_request(client, boss, survey):
    client.force_login(boss)
    registering._definitions.clear()
    registry.pop(survey.label)
    registering._state["version"] = 12
    assert client.get(URL).status_code == 200
    EntityDefinition.objects.update(active=False)
    assert client.get(URL).status_code == 404
    assert entity_at("sales", "survey") is None


def test_it_goes_without_a_trace_but_not_with_records(survey, record, boss):
    made = record(name="x")
    with pytest.raises(ValidationError):
        delete_entity(survey, actor=Actor(boss, "test"))
    type(made)._base_manager.filter(pk=made.pk).delete()
    delete_entity(survey, actor=Actor(boss, "test"))
    assert not EntityStage.objects.exists() and not Grant.objects.filter(entity="customentities.survey").exists()
    assert "customentities.survey" not in registry


def test_an_admin_makes_one(client, boss):
    client.force_login(boss)
    posted = {
        "name_zh": "现场勘测", "name_en": "Survey", "code": "survey", "icon": "ruler", "area": "sales", "active": "on",
        "title_zh": "名称", "title_en": "Name", "position": "0", "rights_like": "", "prefix": "",
        "stages-TOTAL_FORMS": "1", "stages-INITIAL_FORMS": "0", "stages-0-name_zh": "待勘测", "stages-0-colour": "blue",
        "stages-0-position": "1",
    }  # fmt: skip
    answer = client.post("/admin/customentities/entitydefinition/add/", posted)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert client.get(URL).status_code == 200 and client.get(URL + "board/").status_code == 200
    taken = client.post("/admin/customentities/entitydefinition/add/", posted | {"code": "leads"})
    assert taken.status_code == 200 and "already" in taken.content.decode()


def test_proxies_are_their_entities(survey, record):
    made = record(name="x")
    assert entity_of(made).label == survey.label and type(made).objects.count() == 1
