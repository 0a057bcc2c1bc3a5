import json
from dataclasses import asdict
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.test import override_settings

from crm.demo.bench import as_json, measure
from crm.demo.filebench import measure_files
from crm.demo.shaping import is_shaped, shape
from crm.lib.collecting import collected_rarely
from crm.users.models import User


class Command(BaseCommand):
    help = "Measure every page and verb as a rep, a manager and an admin (quote the ratios to the floor, not the times), or files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", metavar="FILE")
        parser.add_argument("--rounds", type=int, default=15)
        parser.add_argument("--only", default="", help="pages whose name contains this")
        parser.add_argument(
            "--files",
            type=int,
            metavar="ROWS",
            help="instead of pages: import so many made-up rows of each kind and export them again; they stay, so use a "
            "database to throw away, without workers beside it",
        )
        parser.add_argument(
            "--shaped",
            action="store_true",
            help="with 20 custom fields, dynamic rules and 20 automation rules, which stay in the database",
        )

    def handle(self, *args, **options) -> None:
        people = {user.username: user for user in User.objects.filter(username__in=["rep", "manager", "admin"])}
        if len(people) < 3:
            raise CommandError("The bench needs the demo company: run manage.py demo --size M on an empty database.")
        if options["files"]:
            self._files(people["admin"], options)
            return
        if options["shaped"] and not is_shaped():
            shape(people["admin"], self.stderr.write)
        found = []
        self.stdout.write(
            f"{'page':34} {'role':8} {'p50':>8} {'p95':>8} {'sql':>4} {'sql ms':>8} {'bytes':>8} {'ratio':>6} {'goal':>5}"
        )
        served = {"ROOT_URLCONF": "crm.demo.bench_urls", "ALLOWED_HOSTS": ["localhost"], "SECURE_SSL_REDIRECT": False}
        with override_settings(**served), collected_rarely():  # as crm.wsgi serves them
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

    def _files(self, user: User, options: dict) -> None:
        found = []
        columns = ("rows", "seconds", "rows/s", "python s", "database s", "peak MB")
        self.stdout.write(f"{'file':34} " + " ".join(f"{column:>10}" for column in columns))
        for one in measure_files(user, options["files"], only=options["only"]):
            found.append({**asdict(one), "rate": one.rate})
            database = "?" if one.database is None else f"{one.database:.1f}"
            self.stdout.write(
                f"{one.what:34} {one.rows:10} {one.seconds:10.1f} {one.rate:10.0f} {one.python:10.1f} {database:>10} {one.peak_mb:10}"
            )
        if options["json"]:
            Path(options["json"]).write_text(json.dumps(found, indent=1), encoding="utf-8")
