"""A throwaway PostgreSQL of another make than ours (Debian's 15), on loopback with scram, as a hospital's would be."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
ACCOUNT = "egide-pg"  # as root, PostgreSQL refuses to run as root


class ForeignServer:
    """initdb, start, stop, away with it. `binaries`: the folder of postgres and initdb."""

    def __init__(self, binaries: Path, *, superuser: str = "boss", settings: tuple[str, ...] = ()) -> None:
        self.binaries, self.superuser, self._settings = binaries, superuser, settings
        self.root = Path(tempfile.mkdtemp(prefix="egide-server-", dir="/var/lib" if os.geteuid() == 0 else None))
        self.port = _free_port()
        self.secret = secrets.token_hex(16)
        # where the packages were only unpacked, their libraries lie beside the programs
        libraries = ":".join(str(folder) for folder in binaries.parents[2].glob("*-linux-gnu"))
        self._environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LD_LIBRARY_PATH": libraries}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    def url(self, user: str = "", database: str = "postgres") -> str:
        """Without its password, as `egide setup database` wants it."""
        return f"postgresql://{user or self.superuser}@127.0.0.1:{self.port}/{database}"

    def admin(self, database: str = "postgres", user: str = "", password: str | None = None) -> str:
        """Conninfo of the superuser, secret included: for the tests' own looks."""
        return make_conninfo(self.url(user, database), password=password or self.secret)

    def start(self) -> None:
        """Makes the data folder at the first time, then serves."""
        identity = _identity()
        data = self.root / "data"
        if not data.exists():
            self._make(data, identity)
        settings = (
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "fsync=off",
            *self._settings,
        )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.binaries / "postgres", "-D", data, *(part for one in settings for part in ("-c", one))],
                stdout=log, stderr=log, cwd="/", env=self._environment, **identity,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _make(self, data: Path, identity: dict[str, Any]) -> None:
        if identity:
            os.chown(self.root, identity["user"], identity["group"])
        secret = self.root / "secret"
        secret.write_text(self.secret, encoding="ascii")
        if identity:
            os.chown(secret, identity["user"], identity["group"])
        subprocess.run(
            [self.binaries / "initdb", "-D", data, "-U", self.superuser, f"--pwfile={secret}", "--auth=scram-sha-256",
             "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd="/", env=self._environment, **identity,
        )  # fmt: skip
        secret.unlink()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.admin(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def pause(self) -> None:
        """Fast shutdown; `start` serves again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def stop(self) -> None:
        """Shutdown, and away with the data."""
        self.pause()
        shutil.rmtree(self.root, ignore_errors=True)


def _identity() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(ACCOUNT)
    return {"user": entry.pw_uid, "group": entry.pw_gid}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
