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

from egide.cli import premises, server
from egide.cli.cluster import Cluster
from egide.cli.processes import check_interpreter
from egide.cli.supervisor import Supervisor
from egide.cli.users import ensure_accounts
from egide.kernel.home import DATABASE, SUPERUSER, Home
from tests.foreign_server import ForeignServer

pytest_plugins = ["egide.gate.tests.fixtures"]

PORT = 8499  # part of the origin that sign-ins are made for; nothing listens on it unless a test starts the web


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--server", help="folder of another PostgreSQL's programs: the base is on that server, by URL")


class _ByUrl(Cluster):
    """A server by URL as the tests see it: its superuser, of whom Égide keeps nothing, included."""

    def __init__(self, home: Home, server: ForeignServer) -> None:
        super().__init__(home)
        self._server = server

    def dsn(self, role: str, dbname: str | None = None) -> str:
        return self._server.admin(dbname or DATABASE) if role == "super" else super().dsn(role, dbname)

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.pause()


@pytest.fixture(scope="session")
def foreign(request: pytest.FixtureRequest) -> Iterator[ForeignServer | None]:
    """The server of `--server`, running; None: PostgreSQL is the embedded one."""
    binaries = request.config.getoption("--server")
    if binaries is None:
        yield None
        return
    ensure_accounts()
    running = ForeignServer(Path(binaries), superuser=SUPERUSER)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def house(foreign: ForeignServer | None) -> Iterator[Supervisor]:
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
        premises.prepare(house.home)
        check_interpreter(home)
        if foreign is not None:
            server.prepare(home, foreign.url(), DATABASE, lambda: foreign.secret)
            house.cluster = _ByUrl(home, foreign)
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
