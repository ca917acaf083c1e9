"""The cluster: who may do what before any table exists, and how it comes back after a crash."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from egide.cli import premises
from egide.cli.cluster import Cluster
from egide.cli.roles import LOGIN_ROLES
from egide.cli.users import ACCOUNTS, separate_accounts
from egide.kernel.home import SECRET_ROLES, Home

CLOSED = ("set_config('a.b', 'c', false)", "pg_notify('a', 'b')", "pg_advisory_lock(1)", "lo_creat(-1)", "lo_create(0)")


@pytest.mark.parametrize("role", LOGIN_ROLES)
def test_each_role_signs_in_with_its_own_secret_and_no_other(cluster: Cluster, role: str) -> None:
    with psycopg.connect(cluster.dsn(role)) as connection:
        row = connection.execute("SELECT current_user, current_setting('TimeZone')").fetchone()
    assert row == (role, "UTC")
    stranger = cluster.dsn(role).replace("/pgpass", "/absent")
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(stranger)


@pytest.mark.parametrize("role", ["web", "worker", "keeper", "live", "auditor"])
@pytest.mark.parametrize("call", CLOSED)
def test_no_process_may_call_what_reaches_past_row_security(cluster: Cluster, role: str, call: str) -> None:
    with psycopg.connect(cluster.dsn(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"SELECT {call}")


@pytest.mark.parametrize("role", ["web", "worker", "keeper", "live", "auditor"])
@pytest.mark.parametrize(
    "statement",
    ["CREATE TEMP TABLE t (a int)", "CREATE TABLE public.t (a int)", "CREATE SCHEMA s", "DO $$ BEGIN END $$"],
)
def test_no_process_may_create_anything(cluster: Cluster, role: str, statement: str) -> None:
    with psycopg.connect(cluster.dsn(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_no_process_role_is_above_row_security_or_inside_another(cluster: Cluster) -> None:
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        above = connection.execute(
            "SELECT rolname FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND rolname !~ '^pg_' ORDER BY 1"
        ).fetchall()
        members = connection.execute(
            "SELECT pg_get_userbyid(member), pg_get_userbyid(roleid), inherit_option FROM pg_auth_members"
            " WHERE pg_get_userbyid(member) !~ '^pg_' AND pg_get_userbyid(member) <> 'egide_super' ORDER BY 1, 2"
        ).fetchall()
    assert [row[0] for row in above] == ["egide_super", "gatekeeper", "migrator"]
    assert members == [("migrator", "gatekeeper", False), ("migrator", "owner", False)]


def test_roles_may_be_made_again(cluster: Cluster) -> None:
    cluster.create_roles()
    with psycopg.connect(cluster.dsn("web")):
        pass


def test_nothing_listens_on_tcp_and_values_stay_out_of_the_log(cluster: Cluster) -> None:
    wanted = {
        "listen_addresses": "",
        "log_min_error_statement": "panic",
        "log_min_messages": "log",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_min_duration_statement": "-1",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "data_checksums": "on",
    }
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        rows = connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(wanted)])
        found: dict[str, str] = dict(rows.fetchall())
        methods = connection.execute("SELECT DISTINCT auth_method, type FROM pg_hba_file_rules").fetchall()
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 'Zylberquist'::int")
    assert found == wanted
    assert methods == [("scram-sha-256", "local")]  # replication, the superuser's, too
    said = cluster.home.postgres_log.read_text()
    assert {json.loads(line)["error_severity"] for line in said.splitlines()} <= {"LOG", "FATAL", "PANIC"}
    assert "Zylberquist" not in said + cluster.home.log_file("postgres").read_text()


def test_each_secret_belongs_to_its_process_alone(home: Home) -> None:
    for role in SECRET_ROLES:
        path = home.pgpass(role)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    if separate_accounts():
        owners = [home.pgpass(role).stat().st_uid for role in SECRET_ROLES]
        # The operator keeps two; every other one has an owner of its own.
        assert len(set(owners)) == len(owners) - 1
        assert len(set(ACCOUNTS.values())) == len(ACCOUNTS)


def test_no_secret_stands_in_an_argument_or_an_environment(home: Home, cluster: Cluster) -> None:
    secrets = [home.pgpass(role).read_text().strip().rsplit(":", 1)[1] for role in SECRET_ROLES]
    assert cluster.process is not None
    own = Path(f"/proc/{cluster.process.pid}")
    for file in ("cmdline", "environ"):
        text = (own / file).read_bytes().decode("utf-8", "replace")
        assert not [secret for secret in secrets if secret in text]


@pytest.fixture
def spare() -> Iterator[Home]:
    """A home of its own for a cluster that a test mistreats."""
    root = Path(tempfile.mkdtemp(prefix="egide-test-", dir="/var/lib" if separate_accounts() else None))
    root.chmod(0o755)
    premises.prepare(Home(root))
    yield Home(root)
    shutil.rmtree(root)


def test_a_cluster_killed_whole_comes_back_with_what_it_acknowledged(spare: Home) -> None:
    first = Cluster(spare)
    first.ensure()
    first.start()
    with psycopg.connect(first.superuser_dsn("postgres")) as connection:
        connection.execute("CREATE TABLE kept (a int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    second = Cluster(spare)
    second.ensure()
    try:
        second.start()
        with psycopg.connect(second.superuser_dsn("postgres")) as connection:
            assert connection.execute("SELECT a FROM kept").fetchall() == [(7,)]
    finally:
        second.stop()


def test_a_server_left_running_is_stopped_before_another_starts(spare: Home) -> None:
    left = Cluster(spare, durable=False)
    left.ensure()
    left.start()
    assert left.process is not None
    after = Cluster(spare, durable=False)
    began = time.monotonic()
    after.start()
    try:
        assert left.process.wait(5) == 0
        assert time.monotonic() - began < 30
    finally:
        after.stop()
