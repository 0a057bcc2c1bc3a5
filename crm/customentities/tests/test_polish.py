"""What an entity of one's own has beside the contracts: its own word for a name, both sides of a link, files, an admin page."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import IntegrityError, transaction

from crm.access.models import Scope
from crm.customentities.models import CustomRecord, EntityDefinition
from crm.customentities.services import define_entity
from crm.customentities.tests.test_own_entities import STAGES, forgotten  # noqa: F401
from crm.customfields.services import define_field
from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.entities.role_admin import RoleForm
from crm.exchange.tests.test_import import bring  # noqa: F401
from crm.records import services
from crm.records.actor import Actor
from customers.factories import make_account

pytestmark = pytest.mark.django_db
URL = "/sales/survey/"


@pytest.fixture
def actor(boss):
    return Actor(boss, "test")


@pytest.fixture
def survey(actor):
    made = define_entity(
        "survey", "现场勘测", name_en="Site survey", plural_en="Site surveys", prefix="SV", stages=STAGES, actor=actor,
        title_zh="勘测内容", title_en="What is surveyed",
    )  # fmt: skip
    define_field(made.label, "link", "account", "客户", "Account", actor=actor, target="customers.account")
    return made


def make(survey, owner, name: str, **custom) -> CustomRecord:
    entity = registry[survey.label]
    record = entity.fresh(owner, {})
    record.name, record.custom = name, custom
    entity.save(record, actor=Actor(owner, "test"))
    return record


def test_its_records_are_called_by_a_word_of_its_own(client, boss, survey, actor):
    define_entity("other", "投标", name_en="Tender", actor=actor)
    client.force_login(boss)
    form = client.get(URL + "add/").content.decode()
    assert "What is surveyed" in form and "<th" not in form
    assert "What is surveyed" in client.get(URL).content.decode()
    assert registry["customentities.other"].field("name").label == "Name"
    assert registry[survey.label].field("name").label == "What is surveyed"
    EntityDefinition.objects.filter(pk=survey.pk).update(title_en="Place")
    assert "Place" in client.get(URL + "add/").content.decode()


def test_a_link_leads_both_ways(client, boss, survey):
    account, other = make_account(name="华东泵业", owner=boss), make_account(name="云帆", owner=boss)
    record = make(survey, boss, "东湖泵站", account=account.pk)
    client.force_login(boss)
    line = client.get(f"/customers/accounts/{account.pk}/?tab=timeline").content.decode()
    assert "东湖泵站" in line
    assert "东湖泵站" not in client.get(f"/customers/accounts/{other.pk}/?tab=timeline").content.decode()
    tab = client.get(f"/customers/accounts/{account.pk}/related/{survey.label}/").content.decode()
    assert f"{URL}add/?custom.account={account.pk}" in tab
    form = client.get(f"{URL}add/?custom.account={account.pk}").content.decode()
    assert f'value="{account.pk}" selected' in form and "华东泵业" in form
    record.name = "东湖泵站二期"
    services.save(record, actor=Actor(boss, "test"))
    assert "东湖泵站二期" in client.get(f"/customers/accounts/{account.pk}/?tab=timeline").content.decode()


def test_what_happens_to_it_is_told_only_to_who_may_see_it(client, boss, rep, survey, grant):
    account = make_account(name="华东泵业", owner=rep)
    make(survey, boss, "秘密勘测", account=account.pk)
    grant(rep, "customers.account", view=Scope.OWN)
    client.force_login(rep)
    page = client.get(f"/customers/accounts/{account.pk}/?tab=timeline")
    assert page.status_code == 200 and "秘密勘测" not in page.content.decode()


def test_a_unique_field_is_unique_within_its_entity(boss, survey, actor, django_capture_on_commit_callbacks):
    other = define_entity("other", "投标", name_en="Tender", actor=actor)
    with django_capture_on_commit_callbacks(execute=True):
        for label in (survey.label, other.label):
            define_field(label, "text", "sheet", "表号", "Sheet", actor=actor, unique=True)
    make(survey, boss, "A", sheet="1")
    make(other, boss, "B", sheet="1")
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomRecord._base_manager.create(
            definition=survey, name="C", owner=boss, custom={"sheet": "1"}, name_key="c", number="x"
        )


def test_files_bring_and_take_them(client, boss, survey, bring):  # noqa: F811
    make_account(name="华东泵业", owner=boss)
    _run, job = bring(boss).whole(survey.label, "勘测内容,阶段,客户\n东湖泵站,待勘测,华东泵业\n西湖泵站,已完成,\n")
    assert (job.created, job.failed) == (2, 0)
    record = CustomRecord.objects.get(name="东湖泵站")
    assert record.stage.name_zh == "待勘测" and record.number.startswith("SV") and record.custom["account"]
    response = client.post(f"{URL}export/?cols=name,stage,custom.account&sort=name", {"format": "csv"})
    rows = list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))
    assert rows[0] == ["What is surveyed", "Stage", "Account"]
    assert sorted(rows[1:]) == sorted([["东湖泵站", "To do", "华东泵业"], ["西湖泵站", "Done", ""]])


def test_roles_and_filters_know_it(client, boss, survey):
    assert f"grant:{survey.label}:view" in RoleForm().fields
    bound = bind(registry[survey.label], boss)
    test = {"all": [{"field": "stage", "op": "in", "value": [str(survey.stages.first().pk)]}]}
    make(survey, boss, "A")
    assert [r.name for r in bound.records().filter(bound.condition(test).q(bound.reader()))] == ["A"]
    client.force_login(boss)
    assert "To do" in client.get(f"{URL}link/stage/?filter=1").content.decode()


def test_the_administration_offers_pictures_and_makes_the_code(client, boss):
    client.force_login(boss)
    page = client.get("/admin/customentities/entitydefinition/add/").content.decode()
    assert page.count("icons.svg#") >= 18 and "icon-picker" in page
    posted = {
        "name_zh": "投标", "name_en": "Tender", "icon": "gavel", "area": "sales", "position": "0", "active": "on",
        "title_zh": "标段", "title_en": "Lot", "rights_like": "", "stages-TOTAL_FORMS": "0", "stages-INITIAL_FORMS": "0",
    }  # fmt: skip
    assert client.post("/admin/customentities/entitydefinition/add/", posted).status_code == 302
    made = EntityDefinition.objects.get()
    assert (made.code, made.icon) == ("tender", "gavel")
    assert client.get("/sales/tender/").status_code == 200
    client.post("/admin/customentities/entitydefinition/add/", posted)
    assert list(EntityDefinition.objects.order_by("pk").values_list("code", flat=True)) == ["tender", "tender2"]
    for code in ("tender", "tender2"):
        registry.pop(f"customentities.{code}", None)
