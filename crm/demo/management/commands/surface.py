import json

from django.core.management.base import BaseCommand, CommandParser

from crm.demo.surface import surface


class Command(BaseCommand):
    help = "Print every route with its methods, guard and entity, every task, entity and field."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args, **options) -> None:
        found = surface()
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1))
            return
        for route in found["routes"]:
            self.stdout.write(f"{','.join(route['methods']):24} {route['guard']:18} {route['route']}")
        for task in found["tasks"]:
            self.stdout.write(f"task {task}")
        for label, entity in found["entities"].items():
            self.stdout.write(f"{label}: {', '.join(entity['fields'])}")
