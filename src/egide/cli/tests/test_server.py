"""A server by URL: prepared by a superuser of whom nothing is kept, again at will, and what it refuses is named."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from egide.cli import passfiles, premises, roles, server
from egide.cli.cluster import Cluster, find_binaries
from egide.cli.doctor import Verdict, _closed
from egide.cli.halt import Halt
from egide.cli.users import ensure_accounts, separate_accounts
from egide.kernel.home import DATABASE, Home
from tests.foreign_server import DEBIAN_15, ForeignServer


@pytest.fixture(scope="module")
def hospital_server() -> Iterator[ForeignServer]:
    """Debian's PostgreSQL 15 where it is installed, else the wheel's programs: a server we did not make, over TCP."""
    ensure_accounts()
    running = ForeignServer(DEBIAN_15 if (DEBIAN_15 / "postgres").exists() else find_binaries())
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def place() -> Iterator[Home]:
    root = Path(tempfile.mkdtemp(prefix="egide-test-", dir="/var/lib" if separate_accounts() else None))
    root.chmod(0o755)
    premises.prepare(Home(root))
    yield Home(root)
    shutil.rmtree(root)


@pytest.fixture
def empty_server(hospital_server: ForeignServer) -> ForeignServer:
    """The server without anything of an Égide, whatever the test before left."""
    with psycopg.connect(hospital_server.admin(), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        admin.execute("GRANT CONNECT, TEMP ON DATABASE postgres, template1 TO PUBLIC")
        for role in ("migrator", *roles.GROUP_ROLES, *roles.LOGIN_ROLES):
            if admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                admin.execute(f"DROP OWNED BY {role}")
                admin.execute(f"DROP ROLE {role}")
    return hospital_server


def prepare(place: Home, at: ForeignServer, *, renew: bool = False) -> server.Prepared:
    return server.prepare(place, at.url(), DATABASE, lambda: at.secret, renew=renew)


def test_each_role_gets_in_and_nothing_of_the_superuser_is_kept(place: Home, empty_server: ForeignServer) -> None:
    assert prepare(place, empty_server) == []
    with psycopg.connect(Cluster(place).dsn("web")) as web:
        row = web.execute("SELECT current_user, current_setting('TimeZone')").fetchone()
        assert row == ("web", "UTC")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute("SELECT set_config('a.b', 'c', false)")
    written = b"\n".join(path.read_bytes() for path in place.root.rglob("*") if path.is_file())
    assert empty_server.secret.encode() not in written
    assert b"boss" not in written
    assert not place.pgpass("super").exists()


def test_prepared_again_changes_no_secret_and_ends_what_an_intruder_left(
    place: Home, empty_server: ForeignServer
) -> None:
    prepare(place, empty_server)
    before = {role: passfiles.secret(place.pgpass(role)) for role in roles.LOGIN_ROLES}
    with psycopg.connect(empty_server.admin(DATABASE), autocommit=True) as admin:
        admin.execute("ALTER ROLE web IN DATABASE egide SET row_security = off")
        admin.execute("ALTER ROLE worker BYPASSRLS PASSWORD 'mine'")
        admin.execute("GRANT EXECUTE ON FUNCTION pg_notify TO PUBLIC")
        found = {finding.subject: finding for finding in _closed(admin)}
    assert found["fonctions de PostgreSQL"].details == ("pg_notify(text,text)",)
    assert found["réglages des rôles"].details == ("web : row_security=off",)
    assert prepare(place, empty_server) == []
    assert before == {role: passfiles.secret(place.pgpass(role)) for role in roles.LOGIN_ROLES}
    with psycopg.connect(empty_server.admin(DATABASE)) as admin:
        assert admin.execute("SELECT rolbypassrls FROM pg_roles WHERE rolname = 'worker'").fetchone() == (False,)


def test_renewed_secrets_are_those_the_server_takes_and_the_former_ones_are_not(
    place: Home, empty_server: ForeignServer
) -> None:
    prepare(place, empty_server)
    former = passfiles.secret(place.pgpass("keeper"))
    prepare(place, empty_server, renew=True)
    assert passfiles.secret(place.pgpass("keeper")) != former
    assert not list(place.secrets.rglob("*.new"))
    server.reach(place)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(empty_server.admin(DATABASE, "keeper", former))


def test_a_preparation_cut_short_is_finished_by_the_next(
    place: Home, empty_server: ForeignServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("make_database", "harden"):
        with monkeypatch.context() as patch:
            patch.setattr(roles, step, cut)
            with pytest.raises(KeyboardInterrupt):
                prepare(place, empty_server, renew=True)
    assert prepare(place, empty_server) == []


def test_roles_of_somebody_else_are_left_alone(place: Home, empty_server: ForeignServer) -> None:
    with psycopg.connect(empty_server.admin(), autocommit=True) as admin:
        admin.execute("CREATE ROLE web LOGIN PASSWORD 'theirs'")
    with pytest.raises(Halt, match="rôles nommés web"):
        prepare(place, empty_server)
    psycopg.connect(empty_server.admin("postgres", "web", "theirs")).close()


@contextmanager
def managed_server(binaries: Path) -> Iterator[ForeignServer]:
    """A server whose tenant is no superuser, as clouds rent them."""
    ensure_accounts()
    running = ForeignServer(binaries)
    try:
        running.start()
        with psycopg.connect(running.admin(), autocommit=True) as admin:
            admin.execute("CREATE ROLE cloud LOGIN CREATEROLE CREATEDB BYPASSRLS PASSWORD 'cloud'")
        yield running
    finally:
        running.stop()


def test_what_a_managed_server_refuses_is_named_item_by_item(place: Home) -> None:
    with managed_server(find_binaries()) as rented:
        for _ in range(2):
            prepared = server.prepare(place, rented.url("cloud"), DATABASE, lambda: "cloud")
            left = {measure.subject: items for measure, items in prepared}
            assert "pg_notify(text,text)" in left["fonctions de PostgreSQL"]
            assert len(left["opérateurs dits étanches"]) > 100
            assert any("log_min_messages" in line for line in left["journal du serveur"])
            assert "schéma public" not in left
        with psycopg.connect(rented.admin(DATABASE)) as admin:
            held = "SELECT pg_get_userbyid(roleid) FROM pg_auth_members WHERE member = 'cloud'::regrole AND set_option"
            assert admin.execute(held).fetchall() == []
        with psycopg.connect(Cluster(place).dsn("migrator")) as migrator:
            told = {finding.subject: finding for finding in _closed(migrator)}
    assert told["opérateurs dits étanches"].verdict is Verdict.ERROR
    assert "sans ticket ni ligne de trace" in told["opérateurs dits étanches"].sentence
    assert told["opérateurs dits étanches"].details == tuple(left["opérateurs dits étanches"])


def test_before_16_only_a_superuser_can_prepare_and_the_sentence_says_so(place: Home) -> None:
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("Debian's postgresql-15 is not installed")
    with managed_server(DEBIAN_15) as rented:
        with pytest.raises(Halt, match="CREATEROLE, CREATEDB et BYPASSRLS"):
            server.prepare(place, rented.url("cloud"), DATABASE, lambda: "cloud")
        # nothing half-made stands in the way of who may
        assert server.prepare(place, rented.url(), DATABASE, lambda: rented.secret) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://boss:secret@127.0.0.1/postgres", "mot de passe de l'adresse"),
        ("postgresql://boss@db.hopital.example/postgres", "sslmode=verify-full"),
        ("postgresql://boss@db.hopital.example/postgres?sslmode=require", "sslmode=verify-full"),
        ("postgresql:///postgres", "ne nomme pas de machine"),
        ("n'importe quoi", "n'est pas celle d'un serveur"),
        ("postgresql://boss@127.0.0.1:1/postgres", "ne répond pas"),
    ],
)
def test_an_address_that_cannot_do_is_one_sentence_and_changes_nothing(place: Home, url: str, words: str) -> None:
    before = sorted(path.name for path in place.root.rglob("*"))
    with pytest.raises(Halt, match=words):
        server.prepare(place, url, DATABASE, lambda: "x")
    assert sorted(path.name for path in place.root.rglob("*")) == before


def test_values_stay_out_of_the_log_of_a_server_that_wrote_everything(place: Home) -> None:
    binaries = DEBIAN_15 if (DEBIAN_15 / "postgres").exists() else find_binaries()
    loud = ForeignServer(binaries, settings=("log_statement=all", "log_min_duration_statement=0"))
    try:
        loud.start()
        prepare(place, loud)
        with psycopg.connect(Cluster(place).dsn("web"), autocommit=True) as web:
            web.execute("SELECT %s::text", ["Zylberquist"])
            with pytest.raises(psycopg.Error):
                web.execute("SELECT 'Zylberquist'::date")
        with psycopg.connect(Cluster(place).dsn("migrator")) as migrator:
            assert list(roles.talkative(migrator)) == []
        with psycopg.connect(loud.admin(), autocommit=True) as elsewhere:
            elsewhere.execute("SELECT 'Witnessword'")
        written = loud.log.read_text()
        assert "Witnessword" in written
        assert "Zylberquist" not in written
    finally:
        loud.stop()
