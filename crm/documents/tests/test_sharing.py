"""Links to documents: what they show to whom, for how long and how often; what is counted and told."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from PIL import Image, ImageChops

from crm.access.models import Scope
from crm.documents.factories import make_document
from crm.documents.library import DocumentShare, ShareView
from crm.documents.printing import print_html
from crm.documents.sharing import make_share
from crm.files.previews import make_waiting
from crm.notifications.models import Notification
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.models import Entry
from sales.factories import make_opportunity

CHROME = "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/126 Safari/537.36"


@pytest.fixture(autouse=True)
def unhurried():
    cache.clear()


@pytest.fixture
def document(rep, grant):
    grant(rep, "documents.document", view=Scope.OWN, add=Scope.OWN, change=Scope.OWN)
    return make_document(rep, "机密方案.txt", b"secret plan")


def link(document, **values):
    values.setdefault("expires_at", timezone.now() + timedelta(days=7))
    share, address = make_share(document, actor=Actor(document.owner), **values)
    return share, urlsplit(address).path


def visitor(agent=CHROME):
    return Client(headers={"user-agent": agent})


def body(answer):
    return b"".join(answer.streaming_content)


def test_whoever_has_the_link_reads_and_downloads(document):
    share, path = link(document)
    guest = visitor()
    page = guest.get(path)
    assert page.status_code == 200
    assert "机密方案" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert "noindex" in page["X-Robots-Tag"]
    assert "script-src" in page["Content-Security-Policy"]
    assert body(guest.get(path + "file/")) == b"secret plan"
    assert visitor().get(path + "file/").status_code == 404, "the page comes first"
    share.refresh_from_db()
    assert share.views == 1
    assert path.split("/")[2] not in share.token_hash


def test_each_visit_counts_and_the_first_is_told(document, django_capture_on_commit_callbacks):
    share, path = link(document)
    first = visitor()
    for _again in range(3):
        first.get(path)
    visitor().get(path)
    share.refresh_from_db()
    assert (share.views, share.robots) == (2, 0)
    assert list(share.openings.values_list("agent", "robot")) == [("Chrome", False)] * 2
    assert Notification.objects.filter(user=document.owner, kind="document_viewed").count() == 1
    kinds = Entry.objects.filter(entity="documents.document", record_id=document.pk).values_list("kind", flat=True)
    assert [k.rpartition(".")[2] for k in kinds.order_by("id")][-2:] == ["link_made", "link_viewed"]


def test_programs_are_shown_nothing_and_count_apart(document):
    share, path = link(document, most_views=1)
    page = visitor("Mozilla/5.0 (compatible; Googlebot/2.1)").get(path)
    assert page.status_code == 200
    assert "机密方案" not in page.content.decode()
    assert "opened" not in page.cookies
    share.refresh_from_db()
    assert (share.views, share.robots) == (0, 1)
    assert visitor().get(path).status_code == 200


def test_no_more_views_than_may_be(document):
    share, path = link(document, most_views=2)
    last = [visitor(), visitor()]
    assert [guest.get(path).status_code for guest in last] == [200, 200]
    third = visitor().get(path)
    assert third.status_code == 404
    assert "机密方案" not in third.content.decode()
    assert body(last[1].get(path + "file/")) == b"secret plan", "who has opened it may finish"
    share.refresh_from_db()
    assert share.views == ShareView.objects.count() == 2


def test_it_ends(document):
    share, path = link(document)
    guest = visitor()
    guest.get(path)
    DocumentShare.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert [guest.get(path + more).status_code for more in ("", "file/", "picture/1/")] == [404] * 3


def test_revoked_it_leads_nowhere_at_once(client, document, other, grant):
    share, path = link(document)
    guest = visitor()
    guest.get(path)
    grant(other, "documents.document", view=Scope.ALL, change=Scope.OWN)
    client.force_login(other)
    assert client.post(f"/documents/share/{share.pk}/revoke/").status_code == 403
    client.force_login(document.owner)
    assert client.post(f"/documents/share/{share.pk}/revoke/").status_code == 302
    assert [guest.get(path + more).status_code for more in ("", "file/")] == [404] * 2
    assert Entry.objects.filter(kind="documents.document.link_revoked").count() == 1


def test_in_the_trash_it_is_shared_no_more(document):
    _share, path = link(document)
    records.delete(document, actor=Actor(document.owner))
    assert visitor().get(path).status_code == 404


def test_it_goes_to_the_trash_with_its_record(rep):
    deal = make_opportunity(owner=rep)
    _share, path = link(make_document(rep, record=deal))
    assert visitor().get(path).status_code == 200
    records.delete(deal, actor=Actor(rep))
    assert visitor().get(path).status_code == 404


def test_the_password_stands_before_everything(document):
    share, path = link(document, password="泵站2026")
    guest = visitor()
    page = guest.get(path)
    assert page.status_code == 200
    assert "机密方案" not in page.content.decode()
    assert guest.get(path + "file/").status_code == 404
    assert guest.post(path, {"password": "falsch"}).status_code == 403
    assert guest.post(path, {"password": "泵站2026"}).status_code == 303
    assert "机密方案" in guest.get(path).content.decode()
    share.refresh_from_db()
    assert (share.views, share.misses) == (1, 1)
    assert "泵站" not in share.password


def test_passwords_can_not_be_tried_for_ever(document):
    _share, path = link(document, password="泵站2026")
    tried = [visitor().post(path, {"password": f"{n}"}).status_code for n in range(6)]
    assert tried == [403] * 5 + [429]
    assert visitor().post(path, {"password": "泵站2026"}).status_code == 429, "not even with the right one"
    DocumentShare.objects.update(missed_at=timezone.now() - timedelta(hours=1))
    assert visitor().post(path, {"password": "泵站2026"}).status_code == 303


def test_to_look_at_only(document):
    _share, path = link(document, downloads=False)
    guest = visitor()
    page = guest.get(path)
    assert f"{path}file/" not in page.content.decode()
    assert guest.get(path + "file/").status_code == 404


def test_the_pass_of_one_link_opens_no_other(document):
    _share, path = link(document)
    _other, locked = link(document, password="x")
    guest = visitor()
    said = guest.get(path).cookies["opened"].value
    thief = visitor()
    thief.cookies["opened"] = said
    assert thief.get(locked + "file/").status_code == 404


def test_too_many_requests_of_one_address_are_refused(document, monkeypatch):
    monkeypatch.setattr("crm.documents.public.MOST", 3)
    _share, path = link(document)
    assert [visitor().get(path).status_code for _n in range(4)] == [200, 200, 200, 429]


def test_a_link_is_made_on_its_page_and_told_once(client, document):
    client.force_login(document.owner)
    url = f"/documents/{document.pk}/share/"
    assert client.post(url, {"days": "365"}).status_code == 422
    made = client.post(url, {"days": "7", "label": "远山机械", "downloads": "on", "most_views": "5"})
    share = DocumentShare.objects.get()
    assert (share.label, share.downloads, share.most_views) == ("远山机械", True, 5)
    assert visitor().get(urlsplit(made.context["link"]).path).status_code == 200
    page = client.get(f"/documents/documents/{document.pk}/").content.decode()
    assert "远山机械" in page
    assert made.context["link"] not in page


def test_what_is_only_looked_at_shows_every_page_with_its_reader_and_never_the_file(rep, grant):
    grant(rep, "documents.document", view=Scope.OWN)
    pdf = print_html("<style>p { break-after: page }</style><p>一</p><p>二</p><b>三</b>")
    document = make_document(rep, "方案.pdf", pdf)
    make_waiting()
    (_share, looked), (_other, taken) = (
        link(document, downloads=False, label="北辰重工"),
        link(document, downloads=True),
    )
    guest = visitor()
    assert guest.get(f"{looked}picture/1/").status_code == 404
    page = guest.get(looked).content.decode()
    assert [f"picture/{number}/" in page for number in (1, 2, 3, 4)] == [True, True, True, False]
    answers = [guest.get(f"{looked}picture/{number}/") for number in (1, 2, 3)]
    assert [(answer.status_code, answer["Content-Type"]) for answer in answers] == [(200, "image/webp")] * 3
    assert all("no-store" in answer["Cache-Control"] for answer in answers)
    assert len({answer.content for answer in answers}) == 3
    second = visitor()
    second.get(taken)
    plain = Image.open(BytesIO(second.get(f"{taken}picture/3/").content)).convert("L")
    marked = Image.open(BytesIO(answers[2].content)).convert("L")
    assert plain.size == marked.size
    assert ImageChops.difference(plain, marked).getbbox()[2] > plain.width * 0.8
    assert [guest.get(f"{looked}{more}").status_code for more in ("file/", "picture/0/", "picture/4/")] == [404] * 3


def test_a_broken_file_has_no_pages(rep, grant):
    grant(rep, "documents.document", view=Scope.OWN)
    document = make_document(rep, "x.pdf", b"%PDF-1.4 nothing")
    make_waiting()
    _share, path = link(document, downloads=False)
    guest = visitor()
    assert "shared-picture" not in guest.get(path).content.decode()
    assert guest.get(f"{path}picture/1/").status_code == 404
