"""HTML to PDF in a process of its own with limits: what a template asks for can cost nobody else their time or memory.

``python -P crm/documents/printer.py`` reads HTML and writes the PDF. Nothing is fetched but what the page itself carries as
``data:``. This process holds no settings and no connection of ours.
"""

from __future__ import annotations

import resource
import sys

from weasyprint import HTML
from weasyprint.urls import URLFetcher

SECONDS = 120
MEMORY = 3 * 1024**3


class Carried(URLFetcher):
    """Only what the page carries itself."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False)


def limit() -> None:
    """The operating system ends what takes more."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024**2, 256 * 1024**2))


def main() -> None:
    """Standard input to standard output."""
    limit()
    html = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(HTML(string=html, url_fetcher=Carried()).write_pdf())


if __name__ == "__main__":
    main()
