import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.test import override_settings

from crm.demo.bench import as_json, measure
from crm.users.models import User


class Command(BaseCommand):
    help = "Measure every page and verb as a rep, a manager and an admin; quote the ratios to the floor, not the times."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", metavar="FILE")
        parser.add_argument("--rounds", type=int, default=15)
        parser.add_argument("--only", default="", help="pages whose name contains this")

    def handle(self, *args, **options) -> None:
        people = {user.username: user for user in User.objects.filter(username__in=["rep", "manager", "admin"])}
        if len(people) < 3:
            raise CommandError("The bench needs the demo company: run manage.py demo --size M on an empty database.")
        found = []
        self.stdout.write(
            f"{'page':34} {'role':8} {'p50':>8} {'p95':>8} {'sql':>4} {'sql ms':>8} {'bytes':>8} {'ratio':>6} {'goal':>5}"
        )
        with override_settings(
            ROOT_URLCONF="crm.demo.bench_urls", ALLOWED_HOSTS=["localhost"], SECURE_SSL_REDIRECT=False
        ):
            for one in measure(
                {role: people[role] for role in ("rep", "manager", "admin")},
                rounds=options["rounds"],
                only=options["only"],
            ):
                found.append(one)
                mark = "" if one.met else "  ✗" if one.status < 400 else f"  {one.status}"
                self.stdout.write(
                    f"{one.page:34} {one.role:8} {one.p50_ms:8.1f} {one.p95_ms:8.1f} {one.queries:4} {one.sql_ms:8.1f} "
                    f"{one.bytes:8} {one.ratio:6.2f} {one.goal:5.1f}{mark}"
                )
        if options["json"]:
            Path(options["json"]).write_text(json.dumps(as_json(found), indent=1), encoding="utf-8")
