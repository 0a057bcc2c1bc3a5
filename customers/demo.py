"""Accounts, contacts and affiliations of the demo company."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from urllib.parse import quote

from crm.demo import words
from crm.demo.loading import Maker, chunks, load
from crm.demo.makers import company, mobile, moment, person
from crm.demo.steps import World, bench_file, bench_page, demo_step
from crm.entities.paging import cursor_of
from crm.reference.models import Industry, Region
from crm.users.models import User
from customers import demo_group  # noqa: F401 - registers its step
from customers.models import Account, Contact, DecisionRole, Source

LEVELS = ["vip", "a", "a", "b", "b", "b", "c", "c", ""]


@demo_step(20, "accounts and contacts")
def make_customers(world: World) -> None:
    """Companies spread over the country and over all sellers, each with a few people."""
    sources = [Source.objects.get_or_create(name=name)[0] for name in words.SOURCES]
    regions = {region.name: region for region in Region.objects.all()}
    industries = {name: _industry(name) for _trade, name in words.TRADES}
    world.left |= {"sources": sources, "regions": regions, "industries": industries, "accounts": [], "contacts": []}
    for batch in chunks(_accounts(world)):
        load(batch)
        world.left["accounts"] += [(a.pk, a.owner, a.created_at, a.name) for a in batch]
    for batch in chunks(_contacts(world)):
        load(batch, links=[("customers.account", "account_id")])
        world.left["contacts"] += [(c.pk, c.account_id, c.owner, c.created_at) for c in batch]


def _industry(name: str) -> Industry:
    return Industry.objects.filter(name=name).first() or Industry.objects.create(name=name)


def _accounts(world: World) -> Iterator[Account]:
    random, seen, make = world.random, set(), Maker(Account)
    for i in range(world.counts["accounts"]):
        name, province, industry = company(random)
        while name in seen:
            name, province, industry = company(random)
            name = (
                name
                if name not in seen
                else f"{name[:2]}{random.choice(words.STEMS_B)}{random.choice(words.STEMS_A)}{name[2:]}"
            )
        seen.add(name)
        kind = random.choices(["prospect", "customer", "partner", "supplier", "competitor"], [50, 42, 4, 3, 1])[0]
        created = moment(random, world.now, 700)
        yield make(
            name=name,
            owner=world.sellers[i % len(world.sellers)],
            kind=kind,
            level=random.choice(LEVELS),
            lifecycle="active" if kind == "customer" else "prospect",
            industry=world.left["industries"][industry],
            region=world.left["regions"].get(province),
            source=random.choice(world.left["sources"]),
            size=random.choice(["micro", "small", "small", "medium", "large", "huge"]),
            employees=int(10 ** (1 + 3 * random.random())),
            phone=f"0{random.randrange(10, 99)}-{random.randrange(20_000_000, 89_999_999)}",
            website=f"https://www.company{i}.example.com",
            created_at=created,
            updated_at=min(world.now, created + timedelta(days=random.random() * 60)),
            last_activity_at=moment(random, world.now, 120) if random.random() < 0.8 else None,
        )


def _contacts(world: World) -> Iterator[Contact]:
    random, roles = world.random, [*DecisionRole.values, ""]
    accounts, make = world.left["accounts"], Maker(Contact)
    for i in range(world.counts["contacts"]):
        pk, owner, created, _name = accounts[i % len(accounts)]
        created = created + (world.now - created) * random.random()
        yield make(
            name=person(random),
            account_id=pk,
            owner=owner,
            job_title=random.choice(words.TITLES),
            decision_role=random.choice(roles),
            sex=random.choice(["female", "male", ""]),
            mobile=mobile(random),
            email=f"p{i}@company{i % len(accounts)}.example.com" if random.random() < 0.6 else "",
            source=random.choice(world.left["sources"]),
            created_at=created,
            updated_at=created,
        )


@bench_page("accounts: list", goal=2.5)
def list_accounts(user: User) -> tuple[str, str, None]:
    return "GET", "/customers/accounts/", None


@bench_page("accounts: list by name", goal=2.5)
def list_by_name(user: User) -> tuple[str, str, None]:
    return "GET", "/customers/accounts/?sort=name", None


@bench_page("accounts: list filtered", goal=2.5)
def list_filtered(user: User) -> tuple[str, str, None]:
    return "GET", "/customers/accounts/?level=vip&kind=customer&sort=-last_activity_at", None


@bench_page("accounts: deep page", goal=2.5)
def list_deep(user: User) -> tuple[str, str, None] | None:
    """The page after a record in the middle of the order."""
    rows = Account.objects.restrict(user).order_by("name_key", "pk")
    middle = rows[min(rows.count() // 2, 50_000) :].first()
    return ("GET", f"/customers/accounts/?sort=name&after={cursor_of(middle, 'name_key')}", None) if middle else None


@bench_page("contacts: list", goal=2.5)
def list_contacts(user: User) -> tuple[str, str, None]:
    return "GET", "/customers/contacts/", None


@bench_page("accounts: search in list", goal=2.5)
def search_list(user: User) -> tuple[str, str, None]:
    return "GET", "/customers/accounts/?q=星辰", None


@bench_page("account: 360°", goal=3)
def account_page(user: User) -> tuple[str, str, None] | None:
    """The account with the longest timeline among those that the user owns or may see."""
    mine = Account.objects.restrict(user).order_by("-last_activity_key", "-pk").values_list("pk", flat=True).first()
    return ("GET", f"/customers/accounts/{mine}/", None) if mine else None


@bench_page("account: form", goal=3.5)
def account_form(user: User) -> tuple[str, str, None] | None:
    mine = Account.objects.restrict(user, "change").order_by("pk").values_list("pk", flat=True).first()
    return ("GET", f"/customers/accounts/{mine}/edit/", None) if mine else None


@bench_page("account: save", goal=2.5)
def save_account(user: User) -> tuple[str, str, dict]:
    """A new account with duplicate check, log, search row and match keys."""
    return (
        "POST",
        "/customers/accounts/add/",
        {
            "name": "测量用新客户有限公司",
            "phone": "021-50001234",
            "kind": "prospect",
            "confirm": "1",
            "lifecycle": "prospect",
            "currency": "CNY",
            "owner": user.pk,
        },
    )


for _text in ["星", "星辰", "xingchen", "xc", "5678", "北京 重工"]:

    @bench_page(f"search: {_text}", goal=1.5, htmx=True)
    def search_box(user: User, text: str = _text) -> tuple[str, str, None]:
        return "GET", f"/search/?q={quote(text)}", None


@bench_file("customers.account", "客户名称", "电话", "税号", "行业", "级别", "来源", "员工人数", "网站", "备注")
def account_row(random: Random, number: str) -> list[str]:
    name, _province, industry = company(random)
    site, source = f"https://c{number}.example.com", random.choice(words.SOURCES)
    level, people = random.choice("ABC"), str(random.randrange(5, 5000))
    return [
        f"{name[:-4]}{number}{name[-4:]}",
        mobile(random),
        f"9131{number}MA",
        industry,
        level,
        source,
        people,
        site,
        "老客户",
    ]


@bench_file("customers.contact", "姓名", "手机", "邮箱", "职位", "部门", "备注")
def contact_row(random: Random, number: str) -> list[str]:
    address = f"x{number}@l{random.randrange(997)}.example.com"
    return [person(random), mobile(random), address, random.choice(words.TITLES), "采购部", "展会上认识"]
