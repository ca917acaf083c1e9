"""`egide run` from outside: it restarts what dies, comes back from any kill -9, and refuses with one sentence."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg
import pytest

from egide.cli.cluster import Cluster
from egide.cli.processes import code_path, strays
from egide.cli.users import separate_accounts
from egide.kernel.home import Home
from tests.journeys.clinic import eventually


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """A home and the commands one types there."""

    def __init__(self) -> None:
        self.home = Home(Path(tempfile.mkdtemp(prefix="egide-test-", dir="/var/lib" if separate_accounts() else None)))
        self.home.root.chmod(0o755)
        self.port = free_port()
        self.output = self.home.root / "output.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("EGIDE_", "PYTHONPATH", "DJANGO"))}
        if source := code_path():
            variables["PYTHONPATH"] = str(source)
        return variables | {"EGIDE_HOME": str(self.home.root), "PYTHONDONTWRITEBYTECODE": "1"}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "egide.cli", *arguments]

    def open(self) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command("run", "--real", "--port", str(self.port)),
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        eventually(lambda: "Égide est ouverte" in self.told() or self.process_ended(), 60)
        assert "Égide est ouverte" in self.told(), self.told()

    def process_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def told(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def close(self, how: signal.Signals = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(60)

    def refused(self, *arguments: str, **variables: str) -> str:
        """Runs a command that must refuse; returns its sentence."""
        done = subprocess.run(
            self.command(*(arguments or ("run", "--real", "--port", str(self.port)))),
            env=self.environment() | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode not in (0, 70), done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1, done.stderr
        return lines[0]

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/sante/", headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def pid_of(self, word: str) -> int:
        """The supervised process whose command line holds a word (the group's leader)."""
        assert self.process is not None
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and word.encode() in (entry / "cmdline").read_bytes():
                    return int(entry.name)
        return 0


@pytest.fixture(scope="module")
def place() -> Iterator[Installation]:
    place = Installation()
    yield place
    if place.process is not None and place.process.poll() is None:
        place.close(signal.SIGTERM)
    shutil.rmtree(place.home.root, ignore_errors=True)


@pytest.fixture
def running(place: Installation) -> Installation:
    if place.process is None or place.process.poll() is not None:
        place.open()
    return place


@pytest.fixture
def stopped(place: Installation) -> Installation:
    """Born, then stopped."""
    if place.process is None:
        place.open()
    if place.process is not None and place.process.poll() is None:
        place.close()
    return place


def test_it_prints_the_address_by_name_and_answers(running: Installation) -> None:
    assert f"http://localhost:{running.port}" in running.told()
    assert running.answers()


def test_a_second_one_on_the_same_home_is_refused(running: Installation) -> None:
    assert "tourne déjà" in running.refused()


@pytest.mark.parametrize(
    "word", ["egide.config.wsgi", "egide.live.asgi", "egide.keeper\0", "egide.keeper.finding", "/postgres"]
)
def test_a_killed_process_is_started_again(running: Installation, word: str) -> None:
    before = running.pid_of(word)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: running.pid_of(word) not in (0, before))
    eventually(running.answers)
    eventually(lambda: Cluster(running.home).ready())
    eventually(lambda: connects(running.home.keeper_socket("ops")))
    eventually(lambda: connects(running.home.keeper_socket("finder")))


def workers(server: int) -> list[int]:
    """The processes that serve pages, below the one that listens."""
    try:
        return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
    except OSError:
        return []


def test_a_killed_worker_of_the_web_is_replaced_while_the_other_serves(running: Installation) -> None:
    server = running.pid_of("egide.config.wsgi")
    killed, other = workers(server)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{killed}/cmdline").exists())
    assert running.answers()
    eventually(lambda: len(workers(server)) == 2)
    assert running.pid_of("egide.config.wsgi") == server
    assert other in workers(server)
    assert running.answers()


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def test_after_kill_9_of_the_supervisor_its_children_stop_and_the_next_start_is_well(running: Installation) -> None:
    assert running.process is not None
    running.process.kill()
    running.process.wait()
    running.open()
    assert running.answers()


def test_after_kill_9_of_everything_what_was_acknowledged_is_there(running: Installation) -> None:
    assert running.process is not None
    cluster = Cluster(running.home)
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS public.kept (a int)")
        connection.execute("INSERT INTO public.kept VALUES (1)")
    postgres = running.pid_of("/postgres")
    for pid in (running.process.pid, *strays(running.home), postgres):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    running.process.wait()
    running.open()
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        assert connection.execute("SELECT count(*) FROM public.kept").fetchone() == (1,)
        connection.execute("DROP TABLE public.kept")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_everything_and_leaves_nothing(place: Installation, how: signal.Signals) -> None:
    if place.process is None or place.process.poll() is not None:
        place.open()
    assert place.close(how) == 0
    assert strays(place.home) == []
    assert not (place.home.pg / "postmaster.pid").exists()
    assert not place.answers()


def test_stop_stops_it_and_says_when_there_is_nothing_to_stop(running: Installation) -> None:
    def told() -> str:
        command = running.command("stop")
        return subprocess.run(command, env=running.environment(), capture_output=True, text=True, check=True).stdout

    assert "arrêtée" in told()
    assert running.process is not None
    assert running.process.wait(10) == 0
    assert "Aucune Égide" in told()


def test_a_second_start_takes_seconds(stopped: Installation) -> None:
    began = time.monotonic()
    stopped.open()
    assert time.monotonic() - began < 20
    assert stopped.close() == 0


def test_a_port_in_use_is_refused(stopped: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", stopped.port))
        other.listen()
        assert f"Le port {stopped.port} est déjà pris" in stopped.refused()


def test_lost_keys_are_never_replaced_by_new_ones(stopped: Installation) -> None:
    aside = stopped.home.root / "keeper-aside"
    stopped.home.keeper.rename(aside)
    try:
        assert "Les clés du gardien manquent" in stopped.refused()
    finally:
        shutil.rmtree(stopped.home.keeper)
        aside.rename(stopped.home.keeper)


def test_a_lost_secret_is_refused(stopped: Installation) -> None:
    secret = stopped.home.pgpass("super")
    aside = secret.with_suffix(".aside")
    secret.rename(aside)
    try:
        assert "remettez-le depuis la sauvegarde" in stopped.refused()
    finally:
        aside.rename(secret)


def test_a_clock_before_the_birth_is_refused(stopped: Installation) -> None:
    told = stopped.home.base_json.read_text()
    stopped.home.base_json.write_text(json.dumps(json.loads(told) | {"born": "2999-01-01T00:00:00+00:00"}))
    try:
        assert "horloge" in stopped.refused()
    finally:
        stopped.home.base_json.write_text(told)


def test_a_base_of_a_newer_version_is_refused(stopped: Installation) -> None:
    cluster = Cluster(stopped.home)
    cluster.start()
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('gate', '9999_later', now())")
    cluster.stop()
    try:
        assert "version plus récente" in stopped.refused()
    finally:
        cluster.start()
        with psycopg.connect(cluster.superuser_dsn()) as connection:
            connection.execute("DELETE FROM django_migrations WHERE name = '9999_later'")
        cluster.stop()


def test_a_base_of_another_postgresql_is_refused(stopped: Installation) -> None:
    version = stopped.home.pg / "PG_VERSION"
    version.write_text("15\n")
    try:
        assert "PostgreSQL 15" in stopped.refused()
    finally:
        version.write_text("18\n")


def test_a_real_base_never_becomes_a_demo(stopped: Installation) -> None:
    assert "cela ne change jamais" in stopped.refused("run", "--demo", "--port", str(stopped.port))


@pytest.mark.parametrize(
    ("arguments", "home", "words"),
    [
        (("run",), "/proc/nowhere/egide", "EGIDE_HOME"),
        (("run",), "/dev/null", "EGIDE_HOME"),
        (("run", "--port", "abc"), "", "--port"),
        (("run", "--port", "0"), "", "--port"),
        (("walk",), "", "--help"),
        (("doctor",), "/var/empty-egide", "make run"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    place: Installation, arguments: tuple[str, ...], home: str, words: str
) -> None:
    assert words in place.refused(*arguments, EGIDE_HOME=home or str(place.home.root))
