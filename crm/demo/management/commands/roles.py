from django.core.management.base import BaseCommand, CommandParser

from crm.demo.roles import ensure_roles


class Command(BaseCommand):
    help = "Make the standard roles that are missing; roles that exist stay as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--language", choices=["zh-hans", "en"], default="zh-hans")

    def handle(self, *args, **options) -> None:
        self.stdout.write(", ".join(role.name for role in ensure_roles(options["language"]).values()))
