"""Layouts: arranged in the administration, seen by the right role, taken back, and never a way around the policy."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from crm.access.models import Role, Scope
from crm.customfields import definitions, layouts
from crm.customfields.layouts import Part
from crm.customfields.models import Layout
from crm.customfields.services import define_field
from crm.entities.entity import registry
from crm.records.actor import Actor
from customers.factories import make_account

pytestmark = pytest.mark.django_db
LABEL = "customers.account"
ENTITY = registry[LABEL]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield
    definitions.assume_none()


@pytest.fixture
def arrange(boss):
    def make(surface, *names, role=None, variant="", label=LABEL, **more):
        part = Part("one", zh="第一", en="First", fields=names, **more)
        return layouts.arrange(label, surface, [part], actor=Actor(boss, "test"), role=role, variant=variant)

    return make


@pytest.fixture
def admin(client, boss):
    client.force_login(boss)
    client.cookies.load({"django_language": "en"})
    return client


def url(surface="form", **more):
    query = "&".join(f"{k}={v}" for k, v in {"entity": LABEL, "surface": surface, **more}.items())
    return f"{reverse('admin:customfields_layout_arrange')}?{query}"


def form_sections(client, path="/customers/accounts/add/"):
    sections = client.get(path).context["form"].sections
    return [(s.title, [f.name for f in s.fields]) for s in sections]


def test_the_form_has_the_sections_and_fields_as_arranged(sells, arrange):
    arrange("form", "phone", "name", "owner")
    assert form_sections(sells)[0] == ("First", ["phone", "name", "owner"])
    assert all("website" not in names for _title, names in form_sections(sells))


def test_what_every_record_needs_comes_along_though_a_layout_forgot_it(sells, arrange):
    arrange("form", "phone")
    assert ("", ["name"]) in form_sections(sells)


def test_the_address_fills_in_what_the_layout_leaves_out(sells, arrange):
    arrange("form", "name")
    assert any("phone" in names for _title, names in form_sections(sells, "/customers/accounts/add/?phone=110"))


def test_a_saved_form_leaves_what_it_does_not_show_as_it_was(sells, account, arrange):
    arrange("form", "name")
    path = f"/customers/accounts/{account.pk}/edit/"
    data = {"name": "Other Ltd", "version": account.version}
    data |= {n: getattr(account, n) for n in form_sections(sells, path)[-1][1] if n not in data}
    assert sells.post(path, data).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.phone, account.employees) == ("Other Ltd", "022-6530 1188", 1200)


def test_a_role_has_its_own_layout_before_everybodys(sells, seller, arrange):
    role = Role.objects.get(code=f"test-{seller.username}")
    arrange("list", "name", "phone")
    arrange("list", "phone", "employees", role=role.pk)
    columns = sells.get("/customers/accounts/").context["query"].columns
    assert [c.name for c in columns] == ["phone", "employees"]


def test_a_layout_of_another_role_is_nobodys_business(sells, arrange):
    other = Role.objects.create(name="Other", code="other")
    arrange("list", "phone", role=other.pk)
    columns = sells.get("/customers/accounts/").context["query"].columns
    assert [c.name for c in columns] == [
        f.name for f in sells.get("/customers/accounts/").context["entity"].visible(ENTITY.columns)
    ]


@pytest.mark.parametrize("surface", ["form", "facts", "list", "quick"])
def test_a_layout_never_shows_what_the_policy_hides(sells, account, arrange, rules, surface):
    rules(LABEL, ["phone"], "hidden")
    arrange(surface, "name", "phone")
    account.phone = "022-9999 8888"
    account.save(update_fields=["phone"])
    for path in ("", "add/", "add/?in_place=1", f"{account.pk}/", f"{account.pk}/edit/"):
        page = sells.get(f"/customers/accounts/{path}")
        assert page.status_code == 200
        assert "9999 8888" not in page.content.decode()
        assert 'name="phone"' not in page.content.decode()


def test_facts_and_quick_form_follow_their_layouts(sells, account, arrange):
    arrange("facts", "phone", "owner")
    arrange("quick", "name", "phone")
    facts = sells.get(f"/customers/accounts/{account.pk}/").context["facts"]
    assert [(f.title, [x.name for x in f.fields]) for f in facts] == [("First", ["phone", "owner"])]
    assert form_sections(sells, "/customers/accounts/add/?in_place=1")[0] == ("First", ["name", "phone"])


def test_cards_show_what_was_put_on_them(boss, client, arrange):
    from sales.factories import make_opportunity

    define_field("sales.opportunity", "text", "site", "现场", "Site", actor=Actor(boss, "test"), on_card=True)
    deal = make_opportunity(owner=boss, custom={"site": "Shed <b>7</b>"}, product_text="Pump")
    client.force_login(boss)
    page = client.get(f"/sales/opportunities/board/?pipeline={deal.pipeline_id}").content.decode()
    assert "Shed &lt;b&gt;7&lt;/b&gt;" in page
    arrange("card", "product_text", label="sales.opportunity")
    page = client.get(f"/sales/opportunities/board/?pipeline={deal.pipeline_id}").content.decode()
    assert "Pump" in page
    assert "Shed" not in page


def test_a_pipeline_has_a_form_of_its_own(boss, client, arrange):
    from sales.factories import make_opportunity

    deal = make_opportunity(owner=boss)
    arrange("form", "name", "amount", label="sales.opportunity", variant=str(deal.pipeline_id))
    client.force_login(boss)
    first = form_sections(client, f"/sales/opportunities/{deal.pk}/edit/")[0]
    assert first == ("First", ["name", "amount"])
    assert layouts.varies("sales.opportunity")


def test_layouts_cost_no_query(sells, account, arrange):
    def count(path):
        sells.get(path)
        with CaptureQueriesContext(connection) as seen:
            sells.get(path)
        return len(seen)

    define_field(LABEL, "text", "site", "现场", "Site", actor=Actor(None, "test"))
    paths = ["/customers/accounts/", f"/customers/accounts/{account.pk}/", "/customers/accounts/add/"]
    plain = [count(path) for path in paths]
    for surface in ("form", "facts", "quick"):
        arrange(surface, *[n for names in ENTITY.sections.values() for n in names if "__" not in n])
    arrange("list", *ENTITY.columns)
    assert all(now <= was for now, was in zip([count(p) for p in paths], plain, strict=True))


# The editor


def test_an_admin_arranges_takes_back_resets_and_takes_up(admin):
    assert admin.get(url()).status_code == 200
    data = {"part": ["main", "s1"], "part-main-zh": "主要", "part-main-en": "Main", "part-main-columns": "1"}
    data |= {"part-main-order": "2", "part-s1-order": "1", "part-s1-folded": "on"}
    data |= {"place-name": "main", "order-name": "2", "place-phone": "main", "order-phone": "1", "place-owner": "s1"}
    data |= {name: value for n in needed() for name, value in {f"place-{n}": "main"}.items()}
    assert admin.post(url(), data | {"do": "save"}).status_code == 302
    parts = layouts.arranged(LABEL, "form")
    assert [(p.key, p.columns, p.folded) for p in parts] == [("s1", 2, True), ("main", 1, False)]
    assert parts[1].fields[:2] == ("phone", "name")
    admin.post(url(), {"do": "reset"})
    assert layouts.arranged(LABEL, "form") is None
    admin.post(url(), {"do": "undo"})
    assert layouts.arranged(LABEL, "form") == parts
    first = Layout.objects.order_by("pk").first()
    admin.post(url(), {"do": "reset"})
    admin.post(url(), {"do": f"take:{first.pk}"})
    assert layouts.arranged(LABEL, "form") == parts
    assert Layout.objects.filter(current=True).count() == 1


def needed():
    from crm.entities.arranged import needed as must

    return must(ENTITY)


def test_a_form_without_what_every_record_needs_is_refused(admin):
    answer = admin.post(url(), {"part": ["main"], "place-phone": "main", "do": "save"})
    assert answer.status_code == 422
    assert "“Name” can&#x27;t be left out: every record needs it." in answer.content.decode()
    assert not Layout.objects.exists()


def test_a_layout_is_copied_for_a_role(admin, arrange):
    role = Role.objects.create(name="Field staff", code="field")
    arrange("list", "name", "phone")
    admin.post(url("list"), {"do": "copy", "to": str(role.pk)})
    assert layouts.arranged(LABEL, "list", (role.pk,))[0].fields == ("name", "phone")


def test_the_preview_shows_what_is_posted_and_keeps_nothing(admin):
    preview = reverse("admin:customfields_layout_preview")
    answer = admin.post(
        f"{preview}?entity={LABEL}&surface=form",
        {"part": ["x"], "part-x-en": "Mine <b>", "place-phone": "x"},
    )
    page = answer.content.decode()
    assert (answer.status_code, page.count("Mine &lt;b&gt;"), Layout.objects.count()) == (200, 2, 0)


@pytest.mark.parametrize("surface", ["form", "quick", "facts", "list", "card"])
def test_every_surface_has_an_editor_and_all_names_that_are_posted_are_harmless(admin, surface):
    path = reverse("admin:customfields_layout_arrange")
    address = f"{path}?entity=sales.opportunity&surface={surface}&role=&variant="
    page = admin.get(address)
    assert page.status_code == 200
    hostile = {"part": ["\x00", "x" * 900, "<b>"] * 30, "do": "save", "order-name": "9" * 99, "place-name": "<b>"}
    assert admin.post(address, hostile).status_code in {302, 422}
    assert admin.post(address, {"do": "take:99999999999999"}).status_code == 404
    assert admin.post(address, {"do": "nonsense"}).status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        [],
        "x",
        7,
        {"sections": 7},
        {
            "sections": [
                7,
                [],
                {"fields": 7},
                {"fields": [7, {}, None, "gone", "custom.gone", "owner__password", "__class__"]},
            ]
        },
        {"sections": [{"key": {}, "zh": [], "en": 7, "columns": "x", "fields": ["name", "name", "contacts"]}]},
    ],
)
def test_hostile_rows_break_no_page(sells, account, content):
    for surface in ("form", "quick", "facts", "list", "card"):
        Layout.objects.create(entity=LABEL, surface=surface, content=content)
    layouts.forget()
    for path in ("", "add/", "add/?in_place=1", f"{account.pk}/", f"{account.pk}/edit/"):
        assert sells.get(f"/customers/accounts/{path}").status_code == 200


def test_only_administrators_arrange(sells):
    for path in (url(), reverse("admin:customfields_layout_changelist"), reverse("admin:customfields_layout_preview")):
        assert sells.get(path).status_code in {302, 403}


def test_the_overview_names_every_layout(admin, arrange):
    arrange("list", "name")
    page = admin.get(reverse("admin:customfields_layout_changelist"))
    assert page.status_code == 200
    assert "Columns of the list" in page.content.decode()
    row = Layout.objects.get()
    assert admin.get(reverse("admin:customfields_layout_change", args=[row.pk])).status_code == 302


def test_two_admins_at_once_leave_one_current(arrange):
    for _n in range(3):
        arrange("list", "name")
    assert Layout.objects.filter(current=True).count() == 1


def test_rights_are_asked_as_ever(signed_in, arrange, may, rep):
    may(rep, LABEL, view=Scope.OWN)
    arrange("list", "name")
    make_account(name="Not mine")
    assert "Not mine" not in signed_in.get("/customers/accounts/").content.decode()
