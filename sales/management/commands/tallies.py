from django.core.management.base import BaseCommand, CommandError, CommandParser

from sales import tally_upkeep


class Command(BaseCommand):
    help = "Compare the tallies with the rows; --rebuild counts them anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rebuild", action="store_true")

    def handle(self, *args, **options) -> None:
        if options["rebuild"]:
            tally_upkeep.rebuild()
        if wrong := tally_upkeep.wrong():
            raise CommandError(f"{wrong} keys differ. Count them anew: manage.py tallies --rebuild")
        self.stdout.write("The tallies are right.")
