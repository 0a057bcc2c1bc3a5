import shutil
import tempfile
from pathlib import Path

import pytest

from crm.embedded.places import make_data_dir


@pytest.fixture(scope="module")
def data():
    """A data directory that the database's user can reach (pytest's own temporary directory is closed to it)."""
    parent = Path(tempfile.mkdtemp(prefix="crm-test-"))
    parent.chmod(0o711)
    yield make_data_dir(parent / "data")
    shutil.rmtree(parent)
