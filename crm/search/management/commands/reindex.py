from django.core.management.base import BaseCommand, CommandParser

from crm.entities.entity import registry
from crm.search.index import rebuild, search_fields


class Command(BaseCommand):
    help = "Write the search rows of all entities, or of those named, anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("entities", nargs="*", metavar="ENTITY", help="such as customers.account")

    def handle(self, *args, **options) -> None:
        for label in options["entities"] or registry:
            if label in registry and search_fields(registry[label]):
                self.stdout.write(f"{label}: {rebuild(label)}")
