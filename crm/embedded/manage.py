"""Runs a manage.py command beside the running program, or with its servers started for the command. Used by script/manage."""

import os
import subprocess
import sys

from crm.embedded import services
from crm.embedded.places import PROGRAM_LOCK, ROOT, EmbeddedError, data_dir, hold, is_held, make_data_dir


def run(environment: dict[str, str]) -> int:
    command = [sys.executable, str(ROOT / "manage.py"), *sys.argv[1:]]
    return subprocess.run(command, check=False, env=environment).returncode


def main() -> int:
    """The exit code of the command."""
    data = data_dir()
    if is_held(data / PROGRAM_LOCK):  # running: settings read its addresses from data/environment
        return run({**os.environ, "DATA_DIR": str(data)})
    try:
        make_data_dir(data)
        environment = services.base_environment(data)
        with hold(data / PROGRAM_LOCK), services.database(data, environment), services.queue(data, environment):
            return run(environment)
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
