"""Many records at once: what is meant, what is reached, what is refused, in a request and as a job."""

from __future__ import annotations

import pytest

from crm.access.models import Scope
from crm.entities import bulk as bulk_module
from crm.entities.views import bulk as bulk_views
from crm.jobs.models import Job
from crm.records.models import ChangeSet, Entry
from customers.factories import make_account, make_contact
from customers.models import Account

pytestmark = pytest.mark.django_db
LABEL, URL = "customers.account", "/customers/accounts/"
EDIT = {"apply": "1", "change_level": "on", "level": "vip"}


@pytest.fixture
def editor(client, rep, grant):
    grant(rep, LABEL, **dict.fromkeys(["view", "add", "change", "delete", "assign"], Scope.ALL))
    client.force_login(rep)
    return rep


def told(response):
    return [str(m) for m in response.context["messages"]]


def test_the_message_says_how_many_and_offers_undo(client, editor):
    accounts = [make_account(level="c") for _i in range(3)]
    response = client.post(URL + "bulk/edit/", EDIT | {"selected": [a.pk for a in accounts]}, follow=True)
    changes = ChangeSet.objects.get()
    assert told(response) == ["3 records were changed."]
    assert f"/undo/set/{changes.pk}/" in response.content.decode()


def test_several_fields_change_together_and_unticked_ones_stay(client, editor):
    account = make_account(level="c", lifecycle="prospect")
    client.post(
        URL + "bulk/edit/", {"apply": "1", "selected": [account.pk], "change_level": "on", "level": "a", "size": "xl"}
    )
    account.refresh_from_db()
    assert (account.level, account.size) == ("a", "")


def test_a_ticked_empty_value_empties(client, editor):
    account = make_account(level="c")
    client.post(URL + "bulk/edit/", {"apply": "1", "selected": [account.pk], "change_level": "on", "level": ""})
    account.refresh_from_db()
    assert account.level == ""


@pytest.mark.parametrize(
    "data", [{}, {"change_level": "on", "level": "emperor"}, {"change_name": "on", "name": "x"}, {"change_owner": "on"}]
)
def test_what_may_not_be_set_is_refused(client, editor, data):
    account = make_account(name="甲", level="c")
    response = client.post(URL + "bulk/edit/", {"apply": "1", "selected": [account.pk]} | data)
    assert response.status_code == 422
    account.refresh_from_db()
    assert (account.name, account.level, account.version) == ("甲", "c", 1)
    assert not ChangeSet.objects.exists()


def test_a_hidden_or_read_only_field_is_not_offered_and_not_written(client, editor, field_rule):
    account = make_account(level="c")
    for mode in ("hidden", "masked", "read"):
        field_rule(editor, LABEL, "level", mode)
        response = client.post(URL + "bulk/edit/", EDIT | {"selected": [account.pk]})
        assert response.status_code == 422, mode
        account.refresh_from_db()
        assert account.level == "c"


def test_batches_reach_everything_and_one_change_set_undoes_it(client, editor, monkeypatch):
    monkeypatch.setattr(bulk_module, "BATCH", 7)
    for i in range(23):
        make_account(level="c", name=f"甲{i}")
    client.post(URL + "bulk/edit/", EDIT | {"all": "1", "query": ""})
    assert Account.objects.filter(level="vip").count() == 23
    changes = ChangeSet.objects.get()
    assert Entry.objects.filter(change_set=changes).count() == 23
    client.post(f"/undo/set/{changes.pk}/")
    assert Account.objects.filter(level="c").count() == 23


def test_too_many_for_a_request_become_a_job_that_does_the_same(
    client, editor, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(bulk_views, "IN_REQUEST", 5)
    monkeypatch.setattr(bulk_module, "BATCH", 4)
    for i in range(11):
        make_account(level="c", name=f"甲{i}")
    make_account(level="c", name="乙")
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(URL + "bulk/edit/", EDIT | {"all": "1", "query": "name__contains=甲"})
    job = Job.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}/"
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (Job.State.DONE, 11, 11)
    assert Account.objects.filter(level="vip").count() == 11
    assert Account.objects.get(name="乙").level == "c"
    assert ChangeSet.objects.get(kind="bulk_edit").entries.count() == 11
    assert client.get(f"/jobs/{job.pk}/").status_code == 200


def test_what_others_still_need_is_refused_with_the_reason_and_the_rest_goes(client, editor):
    kept, gone = make_account(), make_account()
    make_contact(account=kept)
    response = client.post(URL + "bulk/delete/", {"apply": "1", "selected": [kept.pk, gone.pk]}, follow=True)
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert gone.deleted_at
    assert kept.deleted_at is None
    assert told(response) == ["1 record was changed.", "1 refused: Other records still need it."]


def test_verbs_need_their_grants(client, rep, grant):
    grant(rep, LABEL, view=Scope.ALL)
    account = make_account(level="c")
    client.force_login(rep)
    for op in ("edit", "assign", "delete"):
        assert client.post(URL + f"bulk/{op}/", EDIT | {"selected": [account.pk]}).status_code == 403
    assert client.post(URL + "bulk/explode/", EDIT).status_code == 404
    assert not Entry.objects.filter(actor=rep).exists()


@pytest.mark.parametrize("selected", [["x"], ["-1"], ["１"], ["9" * 30], []])
def test_ids_that_are_none_reach_nothing(client, editor, selected):
    make_account(level="c")
    client.post(URL + "bulk/edit/", EDIT | {"selected": selected})
    assert Account.objects.get().level == "c"


def test_a_view_that_is_gone_reaches_nothing(client, editor):
    make_account(level="c")
    client.post(URL + "bulk/edit/", EDIT | {"all": "1", "query": "view=999"})
    assert Account.objects.get().level == "c"
