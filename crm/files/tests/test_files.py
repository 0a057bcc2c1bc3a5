"""Files of records: who gets them, what leaves, versions, trash, limits."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from crm.access.models import RecordShare, Scope
from crm.embedded.backup import private_files
from crm.files.models import FileVersion, StoredFile
from crm.files.previews import make_preview, make_waiting
from crm.files.services import add_version, attach, restore_version, store_content, store_file
from crm.files.storage import path_of, preview_path
from crm.files.sweeping import OLD, sweep
from crm.files.types import clean_name
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import AuditEvent, Entry, EntryLink
from sales.factories import make_opportunity

OWN, ALL = Scope.OWN, Scope.ALL
LABEL = "sales.opportunity"


@pytest.fixture
def seller(rep, grant):
    grant(rep, LABEL, view=OWN, change=OWN, delete=OWN)
    return rep


@pytest.fixture
def deal(seller):
    return make_opportunity(owner=seller, name="泵站")


def upload(name="报价.pdf", content=b"%PDF-1.4 hello", content_type="application/pdf"):
    return SimpleUploadedFile(name, content, content_type)


def picture(size=(400, 300), format="PNG", **options):
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, format, **options)
    return target.getvalue()


def body(answer):
    return b"".join(answer.streaming_content)


def tab_url(deal):
    return f"/sales/opportunities/{deal.pk}/files/"


def test_who_may_change_the_record_brings_files_and_who_sees_it_downloads(client, deal, seller, other, grant):
    grant(other, LABEL, view=ALL)
    client.force_login(seller)
    answer = client.post(tab_url(deal), {"file": upload()})
    assert (answer.status_code, answer.url) == (302, f"/sales/opportunities/{deal.pk}/?tab=files")
    file = StoredFile.objects.get()
    assert (file.name, file.size, file.content_type, file.owner, file.number) == (
        "报价.pdf",
        14,
        "application/pdf",
        seller,
        1,
    )
    client.force_login(other)
    answer = client.get(f"/files/{file.pk}/download/")
    assert body(answer) == b"%PDF-1.4 hello"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "private, no-store"
    event = AuditEvent.objects.get(action="downloaded")
    assert (event.user_id, event.entity, event.record_ids) == (other.pk, "files.storedfile", [file.pk])
    assert client.post(tab_url(deal), {"file": upload()}).status_code == 403
    assert StoredFile.objects.count() == 1
    page = client.get(f"/sales/opportunities/{deal.pk}/?tab=files").content.decode()
    assert "报价.pdf" in page
    assert "data-upload" not in page


def test_who_does_not_see_the_record_sees_no_file_of_it(client, deal, seller, other, grant):
    file = store_file(upload(), record=deal, actor=Actor(seller))
    assert client.get(f"/files/{file.pk}/download/").status_code == 302
    grant(other, LABEL, view=OWN, change=OWN, delete=OWN)
    client.force_login(other)
    for url in ("download/", "download/1/", "preview/small/"):
        assert client.get(f"/files/{file.pk}/{url}").status_code == 404
    for url in ("version/", "restore/1/", "remove/"):
        assert client.post(f"/files/{file.pk}/{url}", {"file": upload()}).status_code == 404
    assert client.get(f"/files/all/{file.pk}/").status_code == 404
    assert "报价" not in client.get("/files/all/").content.decode()
    assert client.post(tab_url(deal), {"file": upload()}).status_code == 404
    RecordShare.objects.create(entity=LABEL, record_id=deal.pk, user=other)
    assert client.get(f"/files/{file.pk}/download/").status_code == 200
    assert client.post(f"/files/{file.pk}/remove/").status_code == 403
    RecordShare.objects.all().delete()
    assert client.get(f"/files/{file.pk}/download/").status_code == 404


def test_files_of_a_deleted_record_are_not_seen(client, deal, seller):
    file = store_file(upload(), record=deal, actor=Actor(seller))
    records.delete(deal, actor=Actor(seller))
    client.force_login(seller)
    assert client.get(f"/files/{file.pk}/download/").status_code == 404


def test_a_file_of_nothing_is_its_owners_until_it_is_attached(client, deal, seller, other, grant):
    grant(other, LABEL, view=ALL)
    file = store_content(b"hello there", "memo.txt", actor=Actor(seller))
    client.force_login(other)
    assert client.get(f"/files/{file.pk}/download/").status_code == 404
    client.force_login(seller)
    assert client.get(f"/files/{file.pk}/download/").status_code == 200
    attach(file, deal, actor=Actor(seller))
    client.force_login(other)
    assert client.get(f"/files/{file.pk}/download/").status_code == 200


def test_the_timeline_tells_of_files(client, deal, seller):
    file = store_file(upload(), record=deal, actor=Actor(seller))
    entry = Entry.objects.get(entity="files.storedfile")
    assert (entry.kind, entry.record_id, entry.title) == ("files.storedfile.created", file.pk, "报价.pdf")
    assert EntryLink.objects.filter(entry_id=entry.pk, entity=LABEL, record_id=deal.pk).exists()
    client.force_login(seller)
    page = client.get(f"/sales/opportunities/{deal.pk}/")
    assert "报价.pdf" in page.content.decode()
    assert ">Files<" in page.content.decode()


def test_versions_are_kept_and_come_back(client, deal, seller):
    file = store_file(upload(), record=deal, actor=Actor(seller))
    client.force_login(seller)
    client.post(f"/files/{file.pk}/version/", {"file": upload("v2.txt", b"second text")})
    file.refresh_from_db()
    assert (file.number, file.size, file.content_type, file.name) == (2, 11, "text/plain", "报价.pdf")
    assert body(client.get(f"/files/{file.pk}/download/")) == b"second text"
    assert body(client.get(f"/files/{file.pk}/download/1/")) == b"%PDF-1.4 hello"
    client.post(f"/files/{file.pk}/restore/1/")
    file.refresh_from_db()
    assert (file.number, file.size, file.content_type) == (1, 14, "application/pdf")
    entry = Entry.objects.filter(kind="files.storedfile.version_restored").get()
    client.post(f"/undo/entry/{entry.pk}/")
    file.refresh_from_db()
    assert (file.number, file.size) == (2, 11)
    same = client.post(
        f"/files/{file.pk}/version/", {"file": upload("x", b"second text")}, headers={"HX-Request": "true"}
    )
    assert same.status_code == 422
    assert file.versions.count() == 2


def test_a_third_version_after_going_back_takes_the_next_number(deal, seller):
    file = store_file(upload(), record=deal, actor=Actor(seller))
    file = add_version(file, upload("b", b"bbb"), actor=Actor(seller))
    file = restore_version(file, 1, actor=Actor(seller))
    file = add_version(file, upload("c", b"ccc"), actor=Actor(seller))
    assert file.number == 3
    assert [v.number for v in file.versions.all()] == [3, 2, 1]


def test_to_the_trash_and_back(client, deal, seller):
    file = store_file(upload(), record=deal, actor=Actor(seller))
    client.force_login(seller)
    answer = client.post(f"/files/{file.pk}/remove/")
    assert answer.url == f"/sales/opportunities/{deal.pk}/?tab=files"
    undo = next(iter(client.get(answer.url).context["messages"])).extra_tags.removeprefix("undo=")
    assert client.get(f"/files/{file.pk}/download/").status_code == 404
    assert client.post(undo).status_code == 302
    assert client.get(f"/files/{file.pk}/download/").status_code == 200


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [
        ("photo.jpg", b"<html><script>alert(1)</script></html>", "text/html"),
        ("photo.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml"),
        ("invoice.pdf", b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\x00" * 200, None),
    ],
)
def test_what_is_disguised_is_told_and_harmless(client, deal, seller, name, content, type):
    file = store_file(upload(name, content, "image/jpeg"), record=deal, actor=Actor(seller))
    assert type in {None, file.content_type}
    assert file.disguised
    client.force_login(seller)
    answer = client.get(f"/files/{file.pk}/download/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert client.get(f"/files/{file.pk}/preview/large/").status_code == 404
    assert "Not what its name says" in client.get(f"/sales/opportunities/{deal.pk}/?tab=files").content.decode()


def test_the_limit_holds_before_anything_is_kept(client, deal, seller, settings):
    settings.UPLOAD_LIMIT = 1 << 20
    client.force_login(seller)
    answer = client.post(tab_url(deal), {"file": upload("big.bin", b"x" * 3_000_000)}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    # Not the name of the file: it was cut off on the way in, before anything was kept.
    assert answer.content.decode().startswith("The file is larger than 1 MB.")
    empty = client.post(tab_url(deal), {"file": upload("empty.txt", b"")}, headers={"HX-Request": "true"})
    assert empty.status_code == 422
    assert not StoredFile.objects.exists()
    assert private_files(settings.PRIVATE_ROOT) == {}


def test_names_are_only_names():
    assert clean_name("../../etc/passwd") == "passwd"
    assert clean_name("C:\\temp\\报价 单.xlsx") == "报价 单.xlsx"
    assert clean_name("invoice\u202efdp.exe") == "invoicefdp.exe"
    assert clean_name("a\x00b\n.txt") == "ab.txt"
    assert clean_name("...") == "file"
    long = clean_name("长" * 300 + ".docx")
    assert (len(long), long[-5:]) == (200, ".docx")


def test_previews_are_drawn_anew_without_what_was_hidden(client, deal, seller):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    file = store_file(upload("a.jpg", picture(format="JPEG", exif=exif)), record=deal, actor=Actor(seller))
    client.force_login(seller)
    assert client.get(f"/files/{file.pk}/preview/small/").status_code == 404
    assert make_waiting() == 1
    answer = client.get(f"/files/{file.pk}/preview/small/")
    drawn = body(answer)
    assert (answer["Content-Type"], Image.open(io.BytesIO(drawn)).size) == ("image/webp", (160, 120))
    assert b"secret" not in preview_path(file.sha256, "large").read_bytes()
    again = client.get(f"/files/{file.pk}/preview/small/", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_the_first_page_of_a_pdf_is_drawn(deal, seller):
    target = io.BytesIO()
    Image.new("RGB", (600, 800), "white").save(target, "PDF")
    file = store_file(upload("a.pdf", target.getvalue()), record=deal, actor=Actor(seller))
    make_preview(file.versions.get().pk)
    assert file.versions.get().preview == "ready"
    assert Image.open(preview_path(file.sha256, "small")).size == (120, 160)


def bomb():
    """A picture of 40,000 × 40,000 pixels in few bytes."""
    return picture((1, 1)).replace(b"\x00\x00\x00\x01\x00\x00\x00\x01\x08", b"\x00\x00\x9c\x40\x00\x00\x9c\x40\x08")


def zip_bomb():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", b"\0" * 50_000_000)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content"), [("a.png", bomb()), ("b.pdf", b"%PDF-1.7\nnonsense"), ("c.zip", zip_bomb())]
)
def test_hostile_files_only_have_no_preview(client, deal, seller, name, content):
    file = store_file(upload(name, content), record=deal, actor=Actor(seller))
    make_waiting()
    assert file.versions.get().preview == "none"
    client.force_login(seller)
    assert body(client.get(f"/files/{file.pk}/download/")) == content


def test_one_content_lies_once_and_goes_when_nothing_names_it(deal, seller):
    one = store_file(upload("a.txt", b"same"), record=deal, actor=Actor(seller))
    two = store_file(upload("b.txt", b"same"), record=deal, actor=Actor(seller))
    place = path_of(one.sha256)
    assert one.sha256 == two.sha256
    later = place.stat().st_mtime + OLD + 10
    assert sweep(later) == 0
    FileVersion.objects.filter(file=one).delete()
    assert sweep(later) == 0
    FileVersion.objects.all().delete()
    assert sweep(place.stat().st_mtime + 60) == 0
    assert (sweep(later), place.exists()) == (1, False)


def test_a_backup_takes_the_files_and_nothing_unfinished(deal, seller, settings):
    file = store_file(upload("a.txt", b"same"), record=deal, actor=Actor(seller))
    place = path_of(file.sha256)
    (place.parent / ".half.part").write_bytes(b"x")
    found = private_files(settings.PRIVATE_ROOT)
    assert found == {str(place.relative_to(settings.PRIVATE_ROOT)): file.sha256}


def test_files_are_found_by_name_within_rights(client, deal, seller, other, grant):
    store_file(upload("图纸方案.dwg", b"drawing"), record=deal, actor=Actor(seller))
    client.force_login(seller)
    assert "图纸方案.dwg" in client.get("/search/?q=图纸").content.decode()
    grant(other, LABEL, view=OWN)
    client.force_login(other)
    assert "图纸方案.dwg" not in client.get("/search/?q=图纸").content.decode()
