"""A whole clinic in a throwaway EGIDE_HOME, started by `egide run` as anybody starts it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg

from egide.cli.cluster import Cluster
from egide.cli.processes import code_path
from egide.cli.users import separate_accounts
from egide.kernel.home import Home

START_SECONDS = 180


class Clinic:
    """One running installation: its address, its commands, its processes by name."""

    def __init__(self) -> None:
        root = Path(tempfile.mkdtemp(prefix="egide-journey-", dir="/var/lib" if separate_accounts() else None))
        root.chmod(0o755)
        self.home = Home(root)
        self.port = _free_ports()
        self.url = f"http://localhost:{self.port}"
        self._output = root / "output.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """`egide run`, until it says its address."""
        # not for other accounts: what runs as the web process looks for files it can read
        with os.fdopen(os.open(self._output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
            self._process = subprocess.Popen(
                self._command("run", "--demo", "--port", str(self.port)),
                env=self._environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        eventually(lambda: self.url in self._said() or self.process.poll() is not None, START_SECONDS)
        assert self.url in self._said(), self._said()

    def close(self) -> None:
        """As Ctrl-C does, then the home goes."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(90)
        shutil.rmtree(self.home.root, ignore_errors=True)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The supervisor."""
        assert self._process is not None
        return self._process

    def run(self, *arguments: str, expected: int = 0) -> str:
        """One `egide …` command; what it printed."""
        done = subprocess.run(
            self._command(*arguments), env=self._environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == expected, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    def key_of(self, username: str) -> dict[str, Any]:
        """A person's software key for Chromium's virtual authenticator, which counts on from what the base has seen.

        Never ahead of the clock, which is what the demo key service answers for the same key with.
        """
        key: dict[str, Any] = json.loads(self.run("demo", "key", "export", username))
        key["signCount"] = self.sql(
            "SELECT max(k.sign_count) FROM accounts.key k JOIN accounts.account a ON a.id = k.account"
            " WHERE a.username = %s AND k.revoked_at IS NULL", username,
        )[0][0]  # fmt: skip
        return key

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """As the superuser: to age a session, and to count rows from behind."""
        with psycopg.connect(Cluster(self.home).superuser_dsn(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def readings(self) -> int:
        """How many measured values the base holds."""
        return int(self.sql("SELECT count(*) FROM record_measurement")[0][0])

    def kill(self, name: str, *, held: bool = True) -> None:
        """kill -9 of one process. `held`: the supervisor sleeps until `release`, so that the gap can be looked at."""
        if held:
            self.process.send_signal(signal.SIGSTOP)
        # granian's worker outlives its parent: the web dies as a group
        (os.killpg if name in ("web", "live") else os.kill)(self._pid(name), signal.SIGKILL)

    def release(self) -> None:
        """The supervisor wakes, and restarts what died."""
        self.process.send_signal(signal.SIGCONT)

    def answers(self) -> bool:
        """Whether the web serves again."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/sante/", headers={"Host": f"localhost:{self.port}"})
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def _pid(self, name: str) -> int:
        marks = {
            "keeper": b"egide.keeper\0",
            "finder": b"egide.keeper.finding",
            "postgres": b"/postgres",
            "web": b"egide.config.wsgi",
            "live": b"egide.live.asgi",
        }
        root = os.fsencode(self.home.root)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                mine = _parent(entry) == self.process.pid and (root in command or name in ("web", "live"))
                if mine and marks[name] in command:
                    return int(entry.name)
        raise AssertionError(f"{name} does not run")

    def _said(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "egide.cli", *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("EGIDE_", "PYTHONPATH", "DJANGO"))}
        source = code_path()
        return kept | ({"PYTHONPATH": str(source)} if source else {}) | {
            "EGIDE_HOME": str(self.home.root), "EGIDE_PORT": str(self.port), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip


def eventually(holds: Callable[[], object], seconds: float = 30) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def _free_ports() -> int:
    """The web's port; the demo keys and the live channel take the two that follow."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            with suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                third.bind(("127.0.0.1", port + 2))
                return port
    raise AssertionError("no three ports in a row are free")


def _parent(entry: Path) -> int:
    return int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
