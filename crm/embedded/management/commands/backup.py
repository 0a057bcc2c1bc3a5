from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.embedded.backup import BackupError, backup


class Command(BaseCommand):
    help = "Writes database and private files to one archive, while the program runs. TARGET is a file, or a directory for a file named by the time."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", type=Path)

    def handle(self, *args: object, **options: Path) -> None:
        try:
            path, manifest = backup(settings.DATABASES["default"], settings.PRIVATE_ROOT, options["target"].absolute())
        except BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(table["rows"] for table in manifest["tables"].values())
        tables, files, size = len(manifest["tables"]), len(manifest["files"]), path.stat().st_size
        self.stdout.write(f"{path}: {rows:,} rows of {tables} tables, {files:,} files, {size:,} bytes.")
