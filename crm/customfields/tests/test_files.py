"""A file as a field: uploaded with the form, shown to who may see the record, gone with a tick."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.access.models import Scope
from crm.entities.testing import exported, listed
from crm.files.models import StoredFile
from customers.factories import make_account
from customers.models import Account

pytestmark = pytest.mark.django_db
LABEL, URL = "customers.account", "/customers/accounts/"


@pytest.fixture
def desk(client, rep, grant):
    for label in (LABEL, "files.storedfile"):
        grant(rep, label, **dict.fromkeys(("view", "add", "change", "delete", "export"), Scope.OWN))
    client.force_login(rep)
    return client


def posted(desk, account, **values):
    form = desk.get(f"{URL}{account.pk}/edit/").context["form"]
    data = {
        n: form[n].value() for n in form.names if n != "custom.licence" and form[n].value() not in (None, False, "")
    }
    return data | {"version": account.version} | values


def test_it_comes_with_the_form_and_goes_with_a_tick(desk, define, rep):
    define(LABEL, "file", "licence")
    account, empty = make_account(owner=rep, name="A"), make_account(owner=rep, name="B")
    upload = SimpleUploadedFile("licence.txt", b"hello")
    answer = desk.post(f"{URL}{account.pk}/edit/", posted(desk, account, **{"custom.licence": upload}))
    assert answer.status_code == 302
    account.refresh_from_db()
    file = StoredFile.objects.get()
    assert account.custom == {"licence": file.pk}
    assert (file.on_entity, file.on_id) == (LABEL, account.pk)
    assert "licence.txt" in desk.get(f"{URL}{account.pk}/").content.decode()
    assert "licence.txt" in desk.get(f"{URL}?cols=name,custom.licence").content.decode()
    assert "licence.txt" in "\n".join(exported(desk, LABEL, "?cols=name,custom.licence"))
    assert listed(desk, LABEL, "?custom.licence__filled=1") == {account.pk}
    assert listed(desk, LABEL, "?custom.licence__empty=1") == {empty.pk}
    assert "licence.txt" in desk.get(f"{URL}{account.pk}/?tab=history").content.decode()
    kept = desk.post(f"{URL}{account.pk}/edit/", posted(desk, account, name="A2"))
    account.refresh_from_db()
    assert kept.status_code == 302 and account.custom == {"licence": file.pk} and account.name == "A2"
    desk.post(f"{URL}{account.pk}/edit/", posted(desk, account, **{"custom.licence-clear": "on"}))
    account.refresh_from_db()
    assert account.custom == {} and StoredFile.objects.filter(pk=file.pk).exists()


def test_a_required_file_is_asked_for_and_an_empty_one_refused(desk, define, rep):
    define(LABEL, "file", "licence", required=True)
    new = {"name": "A", "kind": "prospect", "lifecycle": "prospect", "currency": "CNY", "owner": rep.pk}
    assert desk.post(URL + "add/", new).status_code == 422
    assert desk.post(URL + "add/", new | {"custom.licence": SimpleUploadedFile("a.txt", b"")}).status_code == 422
    assert desk.post(URL + "add/", new | {"custom.licence": "not a file"}).status_code == 422
    assert not Account.objects.exists() and not StoredFile.objects.exists()
    assert desk.post(URL + "add/", new | {"custom.licence": SimpleUploadedFile("a.txt", b"x")}).status_code == 302
    assert Account.objects.get().custom == {"licence": StoredFile.objects.get().pk}


def test_the_name_shows_only_to_who_may_see_the_file(desk, define, rep, other):
    define(LABEL, "file", "licence")
    theirs = StoredFile.objects.create(name="Qsecret.txt", owner=other)
    account = make_account(owner=rep)
    Account.objects.filter(pk=account.pk).update(custom={"licence": theirs.pk})
    for url in (f"{URL}{account.pk}/", f"{URL}{account.pk}/edit/", f"{URL}?cols=name,custom.licence"):
        assert "Qsecret" not in desk.get(url).content.decode()
