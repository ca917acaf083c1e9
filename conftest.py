"""Tests run against the real thing: a cluster of their own, its roles, a migrated base and a running keeper.

Nothing is rolled back: each test draws fresh people. As root every process has its own account, as in production.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from egide.cli.cluster import Cluster
from egide.cli.processes import check_interpreter
from egide.cli.supervisor import Supervisor
from egide.kernel.home import Home

pytest_plugins = ["egide.gate.tests.fixtures"]

PORT = 8499  # part of the origin that sign-ins are made for; nothing listens on it unless a test starts the web


@pytest.fixture(scope="session")
def house() -> Iterator[Supervisor]:
    """PostgreSQL and keeper running on a migrated demo base without people, in a throwaway EGIDE_HOME."""
    os.umask(0o022)
    root = Path(tempfile.mkdtemp(prefix="egide-test-", dir="/var/lib" if os.geteuid() == 0 else None))
    root.chmod(0o755)
    home = Home(root)
    before = dict(os.environ)
    os.environ |= {
        "EGIDE_HOME": str(root),
        "EGIDE_PORT": str(PORT),
        "EGIDE_ORIGIN": f"http://localhost:{PORT}",
        "DJANGO_SETTINGS_MODULE": "egide.config.settings",
    }
    house = Supervisor(home, PORT, demo=True, durable=False)
    try:
        house.prepare_home()
        check_interpreter(home)
        house.start_postgres()
        house.migrate()
        house.start_keeper()
        yield house
    finally:
        house.stop_all()
        shutil.rmtree(root, ignore_errors=True)
        os.environ.clear()
        os.environ |= before


@pytest.fixture(scope="session")
def home(house: Supervisor) -> Home:
    """The folders of the session's base; EGIDE_HOME names it."""
    return house.home


@pytest.fixture(scope="session")
def cluster(house: Supervisor) -> Cluster:
    """The session's PostgreSQL: `superuser_dsn()`, `dsn(role)`."""
    return house.cluster


@pytest.fixture(scope="session")
def django(home: Home) -> None:
    """Django, set up once as the web role of the session's base."""
    del home
    import django as framework

    framework.setup()
