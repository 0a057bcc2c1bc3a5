"""Values are suggested with their source, taken one by one by the rules of the form, and never written silently."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from crm.access.models import Scope
from crm.jobs.models import Job
from crm.jobs.running import run
from crm.ownership.models import Pool, PoolMember
from crm.records.models import Entry
from crm.reference.addresses import forget
from crm.reference.loading import load_regions
from crm.reference.models import Industry, Region
from customers.factories import make_account, make_contact
from customers.models import Account, Suggestion

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
PAGE = """<html><head><title>远山科技</title><meta name="description" content="工业泵与阀门的制造商">
<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"WebSite","name":"x"},
{"@type":"Organization","telephone":"+86 21 5000 1234","email":"mailto:info@yuanshan.example.com","foundingDate":"1998-05-01",
"address":{"addressRegion":"上海市","addressLocality":"浦东新区","streetAddress":"世纪大道 100 号"},
"numberOfEmployees":{"value":320}}]}</script></head><body><script>alert(1)</script></body></html>"""


@pytest.fixture(autouse=True)
def _regions(db):
    load_regions(Region)
    forget()
    yield
    forget()


@pytest.fixture
def seller(rep, grant):
    for label in ("customers.account", "customers.contact"):
        grant(rep, label, view=Scope.OWN, change=Scope.OWN, add=Scope.OWN)
    return rep


def url(record, what=""):
    return f"/customers/insight/{record._meta.label_lower}/{record.pk}/{what}"


def told(client, record):
    return [(one.field, one.shown, one.source) for one in client.get(url(record), headers=HTMX).context["proposals"]]


def test_an_address_suggests_its_region_and_nothing_is_written(client, seller):
    account = make_account(owner=seller, address="江苏省苏州市姑苏区干将东路 1 号")
    client.force_login(seller)
    assert told(client, account) == [("region", "苏州市", "address")]
    account.refresh_from_db()
    assert account.region is None
    city = Region.objects.get(name="苏州市")
    data = {"field": "region", "value": city.pk, "do": "accept"}
    assert client.post(url(account, "suggestion/"), data, headers=HTMX).status_code == 204
    account.refresh_from_db()
    assert account.region == city
    assert Entry.objects.filter(kind="customers.account.changed", record_id=account.pk).count() == 1
    assert told(client, account) == []


def test_a_city_refines_its_province_but_contradicts_no_other(client, seller):
    province = Region.objects.get(name="江苏省")
    account = make_account(owner=seller, address="苏州市姑苏区", region=province)
    client.force_login(seller)
    assert told(client, account) == [("region", "苏州市", "address")]
    Account.objects.filter(pk=account.pk).update(region=Region.objects.get(name="浙江省"))
    assert told(client, account) == []


def test_what_was_turned_down_does_not_come_again(client, seller):
    account = make_account(owner=seller, email="li@yuanshan.example.com")
    client.force_login(seller)
    assert told(client, account) == [("website", "yuanshan.example.com", "email")]
    data = {"field": "website", "value": "https://yuanshan.example.com", "do": "dismiss"}
    assert "Turned down" in client.post(url(account, "suggestion/"), data, headers=HTMX)["HX-Trigger"]
    assert told(client, account) == []
    assert client.post(url(account, "suggestion/"), data | {"do": "accept"}).status_code == 404


def test_only_what_is_suggested_can_be_taken(client, seller):
    account = make_account(owner=seller, address="苏州市姑苏区")
    client.force_login(seller)
    for data in ({"field": "owner", "value": "1"}, {"field": "region", "value": "1"}, {"field": "name", "value": "x"}):
        assert client.post(url(account, "suggestion/"), data | {"do": "accept"}).status_code == 404


def test_public_mailboxes_say_nothing(client, seller):
    account = make_account(owner=seller, email="li@qq.com")
    client.force_login(seller)
    assert told(client, account) == []


def test_a_person_is_brought_to_the_account_with_their_domain_only_where_it_is_seen(client, seller, other):
    make_account(owner=other, name="金丝雀公司", website="https://yuanshan.example.com")
    person = make_contact(owner=seller, email="li@yuanshan.example.com")
    client.force_login(seller)
    assert told(client, person) == []
    make_account(owner=seller, name="远山", email="x@yuanshan.example.com")
    assert told(client, person) == [("account", "远山", "email")]


def test_a_hidden_field_suggests_nothing(client, seller, field_rule, other):
    account = make_account(owner=seller, address="苏州市姑苏区")
    field_rule(seller, "customers.account", "address", "hidden")
    client.force_login(seller)
    assert told(client, account) == []
    field_rule(seller, "customers.account", "address", "read")
    assert told(client, account) == [("region", "苏州市", "address")]
    field_rule(seller, "customers.account", "region", "read")
    assert told(client, account) == []


def test_earlier_records_suggest(client, seller, other):
    industry = Industry.objects.create(name="水泵")
    parent = make_account(owner=seller, industry=industry, address="上海市浦东新区 1 号")
    child = make_account(owner=seller, parent=parent)
    person = make_contact(owner=seller, account=parent)
    client.force_login(seller)
    assert told(client, child) == [("industry", "水泵", "parent")]
    assert told(client, person) == [("address", "上海市浦东新区 1 号", "account")]
    Account.objects.filter(pk=parent.pk).update(owner=other)
    assert told(client, child) == [] and told(client, person) == []


@pytest.fixture
def website():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "http://localhost:1/")
                self.end_headers()
                return
            body = PAGE.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_website_is_read_on_request_where_that_is_switched_on(client, seller, website, settings):
    account = make_account(owner=seller, website=f"{website}/")
    client.force_login(seller)
    assert "Read the website" not in client.get(url(account), headers=HTMX).content.decode()
    assert client.post(url(account, "website/")).status_code == 404
    settings.ENRICH_WEBSITES, settings.OUTGOING_PRIVATE = True, ["127.0.0.1"]
    assert "Read the website" in client.get(url(account), headers=HTMX).content.decode()
    assert client.post(url(account, "website/"), headers=HTMX).status_code == 200
    job = Job.objects.get(kind="customers.website")
    run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.error
    found = {field: shown for field, shown, source in told(client, account) if source == "website"}
    assert found == {
        "description": "工业泵与阀门的制造商",
        "phone": "+862150001234",
        "email": "info@yuanshan.example.com",
        "address": "上海市浦东新区世纪大道 100 号",
        "founded": "1998",
        "employees": "320",
    }
    account.refresh_from_db()
    assert (account.phone, account.employees) == ("", None)
    client.post(url(account, "suggestion/"), {"field": "employees", "value": "320", "do": "accept"})
    account.refresh_from_db()
    assert account.employees == 320
    assert Suggestion.objects.get(field="employees").state == "accepted"


def test_private_addresses_and_other_sites_are_not_read(client, seller, website, settings):
    settings.ENRICH_WEBSITES = True
    account = make_account(owner=seller, website=f"{website}/")
    client.force_login(seller)
    for private, path in (([], "/"), (["127.0.0.1"], "/away")):
        settings.OUTGOING_PRIVATE = private
        Account.objects.filter(pk=account.pk).update(website=website + path)
        client.post(url(account, "website/"))
        job = Job.objects.latest("pk")
        run(job.pk)
        job.refresh_from_db()
        assert job.state == Job.State.FAILED and "did not answer" in job.error
    assert not Suggestion.objects.exists()


@pytest.mark.parametrize(("hidden", "expected"), [([], [("account", "公海客户", "email")]), (["website"], [])])
def test_what_a_pool_hides_is_not_told(client, seller, grant, other, hidden, expected):
    account = make_account(owner=other, name="公海客户", website="https://yuanshan.example.com")
    pool = Pool.objects.create(entity="customers.account", name="公海", hidden=hidden)
    PoolMember.objects.create(pool=pool, user=seller)
    Account.objects.filter(pk=account.pk).update(owner=None, pool=pool)
    person = make_contact(owner=seller, email="li@yuanshan.example.com")
    client.force_login(seller)
    assert told(client, person) == expected
    page = client.get(url(account), headers=HTMX)
    assert page.status_code == 200 and page.context["proposals"] == []
    assert ("Website" in {str(gap.field.label) for gap in page.context["gaps"]}) is False
