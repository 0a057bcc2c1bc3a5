"""The people of the demo company: departments, teams, roles, sign-ins."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password

from crm.demo.makers import mobile, person
from crm.demo.roles import ensure_roles
from crm.demo.steps import World, demo_step
from crm.users.models import Department, Membership, Team, User

PASSWORD = "demo-2026"
COMPANY = "恒信工程设备"
# username, name, role, department; the people whose sign-ins are printed.
CAST = [
    ("admin", "何静", "admin", "总部"),
    ("manager", "周明远", "manager", "销售中心"),
    ("lead", "赵敏", "lead", "华东分公司"),
    ("rep", "林晓", "rep", "华东分公司"),
    ("finance", "孙倩", "finance", "财务部"),
    ("legal", "郑文", "legal", "法务部"),
    ("agent", "吴婷", "agent", "客户服务部"),
    ("marketer", "许佳", "marketer", "市场部"),
]
BRANCHES = ["华东分公司", "华北分公司", "华南分公司", "西部分公司"]


@demo_step(10, "people")
def make_people(world: World) -> None:
    """Departments as a tree, one team a branch (more on large sets), and everybody with the same demo password."""
    roles = ensure_roles()
    departments = _departments()
    secret = make_password(PASSWORD)
    cast = {
        username: User.objects.create(
            username=username,
            name=name,
            email=f"{username}@demo.invalid",
            mobile=mobile(world.random),
            department=departments[department],
            password=secret,
            is_staff=role == "admin",
            is_superuser=role == "admin",
        )
        for username, name, role, department in CAST
    }
    for username, _name, role, _department in CAST:
        roles[role].users.add(cast[username])
    others = [
        User(
            username=f"rep{i}",
            name=person(world.random),
            email=f"rep{i}@demo.invalid",
            mobile=mobile(world.random),
            department=departments[BRANCHES[i % 4]],
            manager=cast["lead"] if i % 4 == 0 else cast["manager"],
            password=secret,
        )
        for i in range(2, 2 + world.counts["users"] - len(CAST))
    ]
    User.objects.bulk_create(others)
    roles["rep"].users.add(*others)
    User.objects.filter(username__in=["lead", "rep"]).update(manager=cast["manager"])
    world.sellers = [cast["rep"], cast["lead"], *others]
    _teams(world.sellers)


def _departments() -> dict[str, Department]:
    top = Department.objects.create(name="总部", kind=Department.Kind.COMPANY)
    sales = Department.objects.create(name="销售中心", parent=top)
    found = {"总部": top, "销售中心": sales}
    for name in BRANCHES:
        found[name] = Department.objects.create(name=name, parent=sales, kind=Department.Kind.BRANCH)
    for name in ["财务部", "法务部", "客户服务部", "市场部"]:
        found[name] = Department.objects.create(name=name, parent=top)
    return found


def _teams(sellers: list[User]) -> None:
    """Teams of at most eight people of one branch."""
    members = []
    for branch in BRANCHES:
        people = [user for user in sellers if user.department.name == branch]
        for i in range(0, len(people), 8):
            team = Team.objects.create(name=f"{branch.removesuffix('分公司')}{i // 8 + 1}组")
            members += [Membership(team=team, user=user) for user in people[i : i + 8]]
    Membership.objects.bulk_create(members)


def sign_ins() -> list[tuple[str, str, str]]:
    """(username, name, role) of the people whose sign-ins are shown."""
    return [(username, name, role) for username, name, role, _department in CAST]
