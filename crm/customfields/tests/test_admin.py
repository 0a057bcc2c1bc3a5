"""Administrators define fields without JSON, with a preview, and learn what deleting would cost."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from crm.customfields.models import CustomField
from crm.entities.entity import registry
from crm.jobs.models import Job
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
URL = "/admin/customfields/customfield/"


def posted(**values):
    options = values.pop("options", [])
    data = {
        "entity": "customers.account",
        "kind": "text",
        "label_zh": "客户等级",
        "label_en": "",
        "active": "on",
        "position": "0",
        "options-TOTAL_FORMS": len(options),
        "options-INITIAL_FORMS": values.pop("kept", 0),
    }
    for number, option in enumerate(options):
        row = {"position": number, "active": "on", **option}
        data |= {f"options-{number}-{name}": value for name, value in row.items()}
    return {**data, **values}


def errors(answer):
    return str(answer.context["adminform"].form.errors) + str(
        [f.formset.errors for f in answer.context["inline_admin_formsets"]]
    )


def test_a_field_with_options_is_defined_and_used_at_once(desk):
    options = [{"value": "a", "label_zh": "甲", "colour": "green"}, {"value": "b", "label_zh": "乙"}]
    answer = desk.post(URL + "add/", posted(kind="choice", default="b", options=options))
    assert answer.status_code == 302, errors(answer)
    field = CustomField.objects.get()
    assert (field.code, field.position, field.options.count()) == ("kehudengji", 1, 2)
    form = desk.get("/customers/accounts/add/").context["form"]
    assert form["custom.kehudengji"].value() == "b"
    assert [value for value, _label in form.fields["custom.kehudengji"].choices] == ["", "a", "b"]


def test_the_same_label_twice_gets_another_code(desk):
    for _time in range(2):
        assert desk.post(URL + "add/", posted(label_en="Size (m²)")).status_code == 302
    assert {field.code for field in CustomField.objects.all()} == {"size_m2", "size_m2_2"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "integer", "minimum": "x"}, "minimum"),
        ({"kind": "choice", "default": "z"}, "default"),
        ({"label_zh": ""}, "label"),
        ({"kind": "link"}, "target"),
        ({"pattern": "(a+)+"}, "pattern"),
        ({"kind": "formula-of-mine"}, "kind"),
        ({"entity": "users.user"}, "entity"),
        ({"minimum": "\x00", "code": "\x00"}, "minimum"),
    ],
)
def test_what_cannot_be_is_said_beside_the_setting(desk, values, said):
    answer = desk.post(URL + "add/", posted(**values))
    assert answer.status_code == 200 and said in errors(answer)
    assert not CustomField.objects.exists()


def test_the_preview_shows_the_field_in_both_languages(desk):
    said = desk.post(
        URL + "preview/",
        posted(kind="choice", label_en="Grade", options=[{"value": "a", "label_zh": "甲", "label_en": "First"}]),
    ).content.decode()
    assert all(word in said for word in ("客户等级", "Grade", "甲", "First"))
    assert desk.post(URL + "preview/", posted(kind="")).status_code == 200
    for kind in ("text", "richtext", "address", "link", "user", "datetime", "multichoice", "boolean", "money"):
        assert desk.post(URL + "preview/", posted(kind=kind, minimum="x", pattern="(")).status_code == 200


def test_used_options_stay(desk, define, boss):
    field = define("customers.account", "choice", "grade")
    account = make_account(owner=boss)
    Account.objects.filter(pk=account.pk).update(custom={"grade": "a"})
    rows = [
        {"id": o.pk, "value": o.value, "label_zh": o.label_zh, "label_en": o.label_en}
        for o in field.options.order_by("position")
    ]
    change = f"{URL}{field.pk}/change/"
    gone = posted(kind="choice", kept=3, options=[rows[0] | {"DELETE": "on"}, *rows[1:]])
    assert "1 records hold" in str(desk.post(change, gone).context["errors"])
    renamed = posted(kind="choice", kept=3, options=[rows[0] | {"value": "x"}, *rows[1:]])
    assert "1 records hold" in errors(desk.post(change, renamed))
    out = posted(kind="choice", kept=3, options=[rows[0] | {"active": ""}, *rows[1:]])
    assert desk.post(change, out).status_code == 302
    edit = desk.get(f"/customers/accounts/{account.pk}/edit/").context["form"]
    assert "a" in [value for value, _label in edit.fields["custom.grade"].choices]
    add = desk.get("/customers/accounts/add/").context["form"]
    assert "a" not in [value for value, _label in add.fields["custom.grade"].choices]
    with override("en"):
        assert registry["customers.account"].field("custom.grade").show("a") == "Option a"


def test_deleting_says_how_many_records_hold_a_value(desk, define, boss):
    field = define("customers.account", "text", "thing")
    for _number in range(3):
        Account.objects.filter(pk=make_account(owner=boss).pk).update(custom={"thing": "x"})
    assert "3 records hold a value" in desk.get(f"{URL}{field.pk}/delete/").content.decode()
    assert "3" in desk.get(f"{URL}{field.pk}/change/").content.decode()
    assert desk.post(f"{URL}{field.pk}/delete/", {"post": "yes"}).status_code == 302
    assert Job.objects.filter(kind="customfields.purge", total=3).exists()
    assert "custom.thing" not in desk.get("/customers/accounts/add/").content.decode()
    assert desk.get(URL).status_code == 200 and desk.get(URL).context["cl"].result_count == 0


def test_fields_go_out_of_use_together_and_come_back(desk, define):
    define("customers.account", "text", "thing", searchable=True)
    ids = list(CustomField.objects.values_list("pk", flat=True))
    for action, active in (("take_out", False), ("take_in", True)):
        assert desk.post(URL, {"action": action, "_selected_action": ids}).status_code == 302
        assert CustomField.objects.get().active is active
        assert ("My thing" in desk.get("/customers/accounts/add/").content.decode()) is active
