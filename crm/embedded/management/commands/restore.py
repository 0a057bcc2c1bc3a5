from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.embedded.backup import BackupError, restore


class Command(BaseCommand):
    help = "Brings back an archive of `manage.py backup` into an empty database and proves it by its checksums. Stop the program first."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path)
        parser.add_argument(
            "--force", action="store_true", help="replace what is in the database; private files are moved aside"
        )

    def handle(self, *args: object, **options: Any) -> None:
        try:
            manifest = restore(
                settings.DATABASES["default"],
                settings.PRIVATE_ROOT,
                options["source"].absolute(),
                force=options["force"],
            )
        except BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(table["rows"] for table in manifest["tables"].values())
        self.stdout.write(
            f"Restored the backup of {manifest['made']}: {rows:,} rows and {len(manifest['files'])} files, "
            "every table has the checksum of the backup. Now run migrate (script/run does)."
        )
