from contextlib import nullcontext
from random import Random

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from crm.demo.loading import without_indexes
from crm.demo.people import PASSWORD, sign_ins
from crm.demo.steps import SIZES, World, steps
from crm.lib.collecting import collected_rarely
from crm.matching.models import MatchKey
from crm.search.models import SearchRow
from crm.users.models import User


class Command(BaseCommand):
    help = "Fill an empty database with the demo company: S to play with, M and L to measure."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=sorted(SIZES), default="S")
        parser.add_argument("--seed", type=int, default=2026)

    def handle(self, *args, **options) -> None:
        if User.objects.filter(username="admin").exists():
            raise CommandError("There are people in this database already; the demo company needs an empty one.")
        say = lambda text: self.stderr.write(text)  # noqa: E731 - one line, used here only
        world = World(counts=SIZES[options["size"]], random=Random(options["seed"]), now=timezone.now(), say=say)
        bare = without_indexes(SearchRow, MatchKey) if options["size"] != "S" else nullcontext()
        with bare, collected_rarely():
            for step in sorted(steps, key=lambda step: step.order):
                began = timezone.now()
                step.run(world)
                say(f"{step.label}: {(timezone.now() - began).total_seconds():.1f} s")
        with connection.cursor() as cursor:
            cursor.execute("analyze")
        self.stdout.write(f"Password of everybody: {PASSWORD}")
        for username, name, role in sign_ins():
            self.stdout.write(f"  {username:10} {name} ({role})")
        for line in world.told:
            self.stdout.write(f"  {line}")
