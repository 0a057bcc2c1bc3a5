"""Documents: who sees them, versions, printed papers, folders."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError
from django.urls import reverse

from crm.access.models import Scope
from crm.documents import keeping
from crm.documents.factories import make_document, make_folder
from crm.documents.library import Document, DocumentVersion, Folder
from crm.entities.entity import registry
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from sales.factories import make_opportunity

OWN, ALL = Scope.OWN, Scope.ALL
ENTITY = registry["documents.document"]
UPLOAD = "/documents/upload/"


@pytest.fixture
def keeper(rep, grant):
    for label in ("documents.document", "documents.folder", "sales.opportunity"):
        grant(rep, label, view=OWN, add=OWN, change=OWN, delete=OWN)
    return rep


@pytest.fixture
def colleague(make_user, grant):
    user = make_user("colleague")
    for label in ("documents.document", "documents.folder", "sales.opportunity"):
        grant(user, label, view=OWN, add=OWN, change=OWN, delete=OWN)
    return user


def sent(name="a.txt", content=b"one"):
    return SimpleUploadedFile(name, content)


def seen_by(user):
    return set(Document.objects.restrict(user).values_list("pk", flat=True))


def test_a_document_of_a_record_goes_with_it(keeper, colleague):
    deal = make_opportunity(owner=colleague)
    document = make_document(keeper, record=deal)
    assert document.owner == keeper
    assert seen_by(keeper) == set(), "who brought it sees it no longer than its record"
    assert seen_by(colleague) == {document.pk}
    records.delete(deal, actor=Actor(colleague))
    assert seen_by(colleague) == set()


def test_without_grants_nothing_is_seen(keeper, make_user):
    nobody = make_user("nobody")
    make_document(keeper, folder=make_folder(keeper, seen_by="all"))
    assert seen_by(nobody) == set()
    assert not Folder.objects.restrict(nobody).exists()


@pytest.mark.parametrize(("seen", "reaches"), [("owner", False), ("department", False), ("all", True)])
def test_who_sees_a_folder_sees_what_lies_in_it(client, keeper, colleague, seen, reaches):
    folder = make_folder(keeper, seen_by=seen)
    document = make_document(keeper, folder=folder)
    client.force_login(colleague)
    assert (document.pk in seen_by(colleague)) is reaches
    assert client.get(ENTITY.url("record", document.pk)).status_code == (200 if reaches else 404)
    file = reverse("files:version", args=[document.file_id, 1])
    assert client.get(file).status_code == (200 if reaches else 404)
    url = reverse("documents:version", args=[document.pk])
    assert client.post(url, {"file": sent(content=b"two")}).status_code == (403 if reaches else 404)
    assert client.get(reverse("documents:share", args=[document.pk])).status_code == (403 if reaches else 404)


def test_the_department_sees_its_folders(keeper, colleague, department):
    for user in (keeper, colleague):
        user.department = department
        user.save()
    folder = make_folder(keeper, seen_by="department")
    assert Folder.objects.get(pk=folder.pk).department == department
    document = make_document(keeper, folder=folder)
    assert document.pk in seen_by(type(colleague).objects.get(pk=colleague.pk))


def test_many_files_are_dropped_on_a_folder(client, keeper, colleague):
    folder = make_folder(keeper)
    client.force_login(keeper)
    answer = client.post(UPLOAD, {"folder": folder.pk, "file": [sent("方案.txt"), sent("b.txt", b"two")]})
    assert answer.status_code == 302
    assert sorted(Document.objects.filter(folder=folder).values_list("title", "number")) == [("b", 1), ("方案", 1)]
    client.force_login(colleague)
    assert client.post(UPLOAD, {"folder": folder.pk, "file": sent()}).status_code == 404


def test_documents_are_brought_only_to_records_that_one_may_change(client, keeper, colleague, grant):
    deal = make_opportunity(owner=colleague)
    client.force_login(keeper)
    where = {"on_entity": "sales.opportunity", "on_id": deal.pk}
    assert client.post(UPLOAD, where | {"file": sent()}).status_code == 404
    grant(keeper, "sales.opportunity", view=ALL)
    assert client.post(UPLOAD, where | {"file": sent()}).status_code == 403
    client.force_login(colleague)
    assert client.post(UPLOAD, where | {"file": sent()}).status_code == 302
    assert "documents" in client.get(registry["sales.opportunity"].url("record", deal.pk)).content.decode()


def test_versions_stay_and_come_back_as_new_ones(client, keeper):
    document = make_document(keeper, content=b"one")
    client.force_login(keeper)
    url = reverse("documents:version", args=[document.pk])
    client.post(url, {"file": sent("b.txt", b"two"), "note": "改了价格"})
    client.post(reverse("documents:restore", args=[document.pk, 1]))
    rows = [(v.number, v.note) for v in document.versions.order_by("number")]
    assert rows == [(1, ""), (2, "改了价格"), (3, rows[2][1])]
    document.refresh_from_db()
    assert document.number == 3
    bodies = [
        b"".join(client.get(reverse("files:version", args=[v.file_id, 1])).streaming_content)
        for v in document.versions.order_by("number")
    ]
    assert bodies == [b"one", b"two", b"one"]
    page = client.get(ENTITY.url("record", document.pk)).content.decode()
    assert "改了价格" in page
    with pytest.raises(ValidationError):
        keeping.add_version(document, ContentFile(b"one", name="c.txt"), actor=Actor(keeper))


def test_versions_are_written_once(keeper):
    document = make_document(keeper)
    with pytest.raises(DatabaseError), transaction.atomic():
        document.versions.update(note="x")
    assert not DocumentVersion.objects.filter(note="x").exists()


def test_the_file_of_a_version_is_changed_by_no_other_door(client, keeper):
    document = make_document(keeper)
    client.force_login(keeper)
    assert client.post(reverse("entities:file_version", args=[document.file_id]), {"file": sent()}).status_code == 403
    assert client.post(reverse("entities:file_remove", args=[document.file_id])).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_two_uploads_at_once_are_two_versions(keeper):
    document = make_document(keeper)
    gate, errors = threading.Barrier(2), []

    def bring(word):
        try:
            gate.wait(10)
            keeping.add_version(document, ContentFile(word, name="x.txt"), actor=Actor(keeper))
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=bring, args=[word]) for word in (b"two", b"three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(document.versions.values_list("number", flat=True)) == [1, 2, 3]
    document.refresh_from_db()
    assert document.number == 3


def test_a_paper_has_one_document_with_a_version_for_each_print(keeper):
    deal = make_opportunity(owner=keeper)
    first = keeping.keep_paper(deal, b"%PDF-1.4 a", "BJ1.pdf", actor=Actor(keeper), source="zh-hans")
    again = keeping.keep_paper(deal, b"%PDF-1.4 b", "BJ1.pdf", actor=Actor(keeper), source="zh-hans")
    other = keeping.keep_paper(deal, b"%PDF-1.4 c", "BJ1.pdf", actor=Actor(keeper), source="en")
    assert (again.pk, again.number) == (first.pk, 2)
    assert other.pk != first.pk


def test_names_are_unique_within_a_folder_and_no_folder_lies_in_itself(client, keeper):
    top = make_folder(keeper, "合同")
    inner = make_folder(keeper, "合同", parent=top)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_folder(keeper, "合同")
    client.force_login(keeper)
    answer = client.post(
        registry["documents.folder"].url("edit", top.pk),
        {"name": "合同", "parent": inner.pk, "seen_by": "all", "owner": keeper.pk, "version": top.version},
    )
    assert answer.status_code == 422
    top.refresh_from_db()
    assert top.parent is None


def test_documents_go_to_another_folder_in_bulk_and_to_the_trash_and_back(client, keeper):
    folder, documents = make_folder(keeper), [make_document(keeper, f"{n}.txt") for n in range(2)]
    client.force_login(keeper)
    ids = [document.pk for document in documents]
    client.post(ENTITY.url("bulk", "edit"), {"apply": "1", "selected": ids, "change_folder": "on", "folder": folder.pk})
    assert Document.objects.filter(folder=folder).count() == 2
    records.delete(documents[0], actor=Actor(keeper))
    assert seen_by(keeper) == {ids[1]}
    records.restore(Document.objects.get(pk=ids[0]), actor=Actor(keeper))
    assert seen_by(keeper) == set(ids)


def test_a_document_is_linked_to_another_record_and_unlinked(client, keeper, other, grant):
    grant(keeper, "sales.opportunity", view=Scope.OWN, change=Scope.OWN)
    mine, theirs = make_opportunity(owner=keeper, name="泵站改造"), make_opportunity(owner=other, name="泵站改造")
    document = make_document(keeper)
    url, page = f"/documents/{document.pk}/place/", registry["documents.document"].url("record", document.pk)
    client.force_login(keeper)
    found = client.get(url, {"q": "泵站"}).context["found"]
    assert [record for record, _line in found] == [mine]
    choice = {"entity": "sales.opportunity", "record": theirs.pk}
    assert client.post(url, choice).status_code == 404
    assert client.post(url, {**choice, "record": mine.pk}).status_code == 302
    document.refresh_from_db()
    assert (document.on_entity, document.on_id) == ("sales.opportunity", mine.pk)
    assert Entry.objects.filter(kind="documents.document.placed").count() == 1
    grant(other, "documents.document", view=Scope.ALL, change=Scope.OWN)
    grant(other, "sales.opportunity", view=Scope.ALL, change=Scope.OWN)
    client.force_login(other)
    assert client.post(url, choice).status_code == 403
    client.force_login(keeper)
    assert client.post(f"{page}do/free/", {"version": document.version}).status_code == 302
    document.refresh_from_db()
    assert (document.on_entity, document.on_id) == ("", None)


def test_what_was_printed_stays_with_its_record_and_nobody_loses_a_document_by_it(keeper, other, grant):
    deal = make_opportunity(owner=keeper)
    printed = keeping.keep_paper(deal, b"%PDF-1.4 a", "BJ1.pdf", actor=Actor(keeper), source="zh-hans")
    with pytest.raises(ValidationError):
        keeping.free_document(printed, actor=Actor(keeper))
    grant(keeper, "sales.opportunity", view=Scope.OWN, change=Scope.OWN)
    foreign = make_document(other, record=deal)
    with pytest.raises(ValidationError):
        keeping.free_document(foreign, actor=Actor(keeper))
    foreign.refresh_from_db()
    assert foreign.on_id == deal.pk
