"""Checks that every text of the sources is translated: extracts them into a copy of the catalogue and looks for gaps."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

from crm.embedded.places import ROOT

SOURCES = ["crm", "customers", "sales", "service", "marketing", "analytics", "templates", "static/js"]
LANGUAGE = "zh_Hans"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
SHOWN = 60


def extract(root: Path, into: Path) -> None:
    """Copy sources and catalogues of ``root`` to ``into`` and run makemessages there (it writes beside what it reads)."""
    ignored = shutil.ignore_patterns("tests", "__pycache__", "vendor", "*.mo")
    for name in [*SOURCES, "locale"]:
        if (root / name).is_dir():
            shutil.copytree(root / name, into / name, ignore=ignored)
    (into / "locale").mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    for domain in sorted({"django", *(path.stem for path in (into / "locale").rglob("*.po"))}):
        command = [sys.executable, "-m", "django", "makemessages", "-l", LANGUAGE, "-d", domain, "--no-wrap", "-v", "0"]
        subprocess.run(command, cwd=into, env=environment, check=True)


def gaps(path: Path) -> list[str]:
    """What is wrong in one catalogue, a line each."""
    found = []
    for entry in polib.pofile(str(path)):
        if entry.obsolete:
            continue
        where = f"{entry.occurrences[0][0]}: " if entry.occurrences else ""
        if entry.fuzzy or not entry.translated():
            found.append(f"{where}not translated{' (only guessed)' if entry.fuzzy else ''}: {entry.msgid!r}")
        elif lost := lost_placeholders(entry):
            found.append(f"{where}placeholders differ ({', '.join(sorted(lost))}): {entry.msgid!r}")
    return found


def lost_placeholders(entry: polib.POEntry) -> set[str]:
    """Placeholders that stand only in the text or only in its translation. Plural forms may drop the number."""
    if not entry.msgid_plural:
        return set(PLACEHOLDER.findall(entry.msgid)) ^ set(PLACEHOLDER.findall(entry.msgstr))
    known = set(PLACEHOLDER.findall(entry.msgid + entry.msgid_plural))
    return {name for text in entry.msgstr_plural.values() for name in PLACEHOLDER.findall(text)} - known


def check(root: Path = ROOT) -> list[str]:
    """The gaps of all catalogues; without xgettext only of what the catalogues know."""
    if not shutil.which("xgettext"):
        print("! xgettext is missing (Debian: apt-get install gettext): texts that no catalogue knows are NOT found.")
        return [gap for path in sorted((root / "locale").rglob("*.po")) for gap in gaps(path)]
    with tempfile.TemporaryDirectory(prefix="crm-texts-") as name:
        copy = Path(name) / "project"
        extract(root, copy)
        return [gap for path in sorted((copy / "locale").rglob("*.po")) for gap in gaps(path)]


def main() -> int:
    """The exit code: 1 when there are gaps, which are listed."""
    found = check()
    for gap in found[:SHOWN]:
        print(gap)
    if len(found) > SHOWN:
        print(f"and {len(found) - SHOWN} more")
    print(f"{len(found)} texts need a translation." if found else "Every text is translated.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
