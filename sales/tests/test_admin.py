"""The pages of Django admin for reference lists, pipelines and records: they open, search, and write through the services."""

import pytest
from django.urls import reverse

from crm.records.models import Entry
from customers.factories import make_account, make_contact
from customers.models import Account
from sales.factories import make_lead, make_opportunity, make_pipeline, make_stage
from sales.models import Opportunity, Stage, StageHistory

pytestmark = pytest.mark.django_db

MODELS = (
    "customers_source customers_account customers_contact reference_region reference_industry reference_exchangerate "
    "reference_numbersequence sales_pipeline sales_stage sales_lossreason sales_lead sales_opportunity"
).split()


@pytest.fixture
def admin(client, boss):
    client.force_login(boss)
    return client


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_forms_open_and_search(admin, model):
    make_contact(account=make_account())
    make_opportunity()
    make_lead()
    listed = reverse(f"admin:{model}_changelist")
    assert admin.get(listed).status_code == 200
    assert admin.get(listed, {"q": "a"}).status_code == 200
    assert admin.get(reverse(f"admin:{model}_add")).status_code == 200


def test_a_pipeline_is_edited_with_its_stages(admin):
    pipeline = make_pipeline()
    page = admin.get(reverse("admin:sales_pipeline_change", args=[pipeline.pk]))
    data = {"name": pipeline.name, "position": 0, "active": "on"}
    forms = page.context["inline_admin_formsets"][0].formset
    for key, value in forms.management_form.initial.items():
        data[f"stages-{key}"] = value
    for index, form in enumerate(forms.initial_forms):
        for name, field in form.fields.items():
            value = form.initial.get(name, field.initial)
            if value is not None and value is not False:
                data[f"stages-{index}-{name}"] = getattr(value, "pk", value)
    data["stages-0-position"] = 99
    answer = admin.post(reverse("admin:sales_pipeline_change", args=[pipeline.pk]), data)
    assert answer.status_code == 302, [form.errors for form in answer.context["inline_admin_formsets"][0].formset]
    assert list(pipeline.stages.values_list("name", flat=True))[-1] == "需求分析"


def test_an_account_is_written_with_its_history(admin, boss):
    data = {"name": "远山科技", "kind": "prospect", "lifecycle": "prospect", "currency": "CNY", "owner": boss.pk}
    answer = admin.post(reverse("admin:customers_account_add"), data)
    assert answer.status_code == 302, answer.context["errors"]
    account = Account.objects.get()
    assert account.name_key == "yuanshankeji"
    assert Entry.objects.get(entity="customers.account").actor == boss


def test_a_stage_set_in_admin_is_a_move(admin, boss):
    deal = make_opportunity(owner=boss)
    data = {"name": deal.name, "stage": make_stage("赢单").pk, "currency": "CNY", "owner": boss.pk}
    answer = admin.post(reverse("admin:sales_opportunity_change", args=[deal.pk]), data)
    assert answer.status_code == 302, answer.context["errors"]
    assert StageHistory.objects.get().to_stage.name == "赢单"
    assert Opportunity.objects.won().get() == deal


def test_deleting_in_admin_moves_to_the_trash(admin, boss):
    lead = make_lead(owner=boss)
    admin.post(reverse("admin:sales_lead_delete", args=[lead.pk]), {"post": "yes"})
    lead.refresh_from_db()
    assert lead.deleted_at


def rows_of(page, pipeline):
    """What the browser sends when the form of a pipeline is saved as it stands."""
    data = {"name": pipeline.name, "position": 0, "active": "on"}
    formset = page.context["inline_admin_formsets"][0].formset
    for key, value in formset.management_form.initial.items():
        data[f"stages-{key}"] = value
    for index, form in enumerate(formset.initial_forms):
        for name, field in form.fields.items():
            value = form.initial.get(name, field.initial)
            if value is not None and value is not False:
                data[f"stages-{index}-{name}"] = getattr(value, "pk", value)
    return data


def test_a_new_stage_finds_its_place_and_its_chance(admin):
    pipeline = make_pipeline()
    url = reverse("admin:sales_pipeline_change", args=[pipeline.pk])
    page = admin.get(url)
    assert b"data-order" in page.content
    data = rows_of(page, pipeline)
    new = {"stages-5-pipeline": pipeline.pk, "stages-5-name": "商务谈判", "stages-5-colour": "blue"}
    new |= {"stages-5-forecast": "pipeline", "stages-6-name": "立项", "stages-6-position": 1, "stages-6-colour": "red"}
    new |= {"stages-6-forecast": "pipeline", "stages-6-pipeline": pipeline.pk, "stages-TOTAL_FORMS": 7}
    new |= {"stages-5-position": "", "stages-5-probability": ""}  # as browsers send them; left out is the same
    answer = admin.post(url, data | new)
    assert answer.status_code == 302, [form.errors for form in answer.context["inline_admin_formsets"][0].formset]
    stages = list(pipeline.stages.order_by("position").values_list("name", "probability", "position"))
    assert stages == [
        ("需求分析", 10, 0),
        ("立项", 20, 1),
        ("方案设计", 30, 2),
        ("合同谈判", 80, 3),
        ("商务谈判", 90, 4),
        ("赢单", 100, 5),
        ("输单", 0, 6),
    ]


def test_stages_come_in_the_order_of_their_numbers(admin):
    pipeline = make_pipeline()
    url = reverse("admin:sales_pipeline_change", args=[pipeline.pk])
    data = rows_of(admin.get(url), pipeline)
    data |= {"stages-0-position": 1, "stages-1-position": 0}
    assert admin.post(url, data).status_code == 302
    assert list(pipeline.stages.values_list("name", flat=True))[:2] == ["方案设计", "需求分析"]
    assert list(pipeline.stages.values_list("position", flat=True)) == [0, 1, 2, 3, 4]


def test_a_stage_that_a_file_names_gets_a_chance(admin):
    pipeline = make_pipeline()
    made = Stage.objects.make_named("Engaging", pipeline)
    assert (made.probability, made.position) == (90, 3)
    lonely = make_pipeline("空流程", ())
    assert Stage.objects.make_named("First", lonely).probability == 50
