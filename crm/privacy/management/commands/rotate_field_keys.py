"""Encrypt again what lies under earlier keys. Safe to stop and to run again: it goes on with what is left."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from crm.privacy.rotation import rotate


class Command(BaseCommand):
    help = "Re-encrypts encrypted columns and custom fields under the first of FIELD_KEYS, in batches that commit."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--batch", type=int, default=500, help="Rows a transaction.")

    def handle(self, *args: Any, **options: Any) -> None:
        for place, done, unreadable in rotate(options["batch"]):
            left = f", {unreadable} unreadable: their key is not among FIELD_KEYS" if unreadable else ""
            self.stdout.write(f"{place}: {done} values{left}")
