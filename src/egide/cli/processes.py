"""Starting one process under its own account, with nothing inherited that it does not need, and finding strays."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import egide
from egide.cli.halt import Halt
from egide.cli.users import User, closed_above, separate_accounts, user_of
from egide.kernel.home import Home

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LOG_LIMIT: Final = 20 * 1024 * 1024
_SOURCE: Final = Path(egide.__file__).resolve().parent.parent


def code_path() -> Path | None:
    """The folder children must be told to import `egide` from; None when it is installed in the environment.

    A checkout that the system accounts cannot read is passed over: their environment holds the same code, installed.
    """
    if _SOURCE.is_relative_to(Path(sys.prefix).resolve()):
        return None
    return None if separate_accounts() and closed_above(_SOURCE / "egide") else _SOURCE


def environment(home: Home, process: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """All of a child's environment: no secret ever stands in it, and nothing of the caller's passes through."""
    variables = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
        "EGIDE_HOME": str(home.root),
        "EGIDE_PROCESS": process,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if source := code_path():
        variables["PYTHONPATH"] = str(source)
    return variables | dict(extra or {})


def open_log(home: Home, process: str, user: User | None) -> int:
    """Opens log/<process>.log for appending, owned by the process's user; one older file is kept."""
    path = home.log_file(process)
    with contextlib.suppress(FileNotFoundError):
        if path.lstat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if user is not None:
        os.fchown(descriptor, user.uid, user.gid)
    return descriptor


def rotate_logs(home: Home) -> None:
    """Of each log grown past its limit one older copy is kept; its process goes on writing to the emptied file."""
    for path in (*home.log.glob("*.log"), home.postgres_log):
        with contextlib.suppress(OSError):
            if path.lstat().st_size <= _LOG_LIMIT:
                continue
            older = path.with_suffix(f"{path.suffix}.1")
            older.unlink(missing_ok=True)
            descriptor = os.open(older, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with path.open("rb") as grown, os.fdopen(descriptor, "wb") as kept:
                shutil.copyfileobj(grown, kept)
            os.truncate(path, 0)


def _in_child(parent: int, parent_death: signal.Signals) -> Callable[[], None]:
    def prepare() -> None:
        # After the change of user (which clears it) and before the program starts. No core file: it would hold data.
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(parent_death), 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def start(
    home: Home,
    process: str,
    command: Sequence[str],
    *,
    account: str | None = None,
    extra: Mapping[str, str] | None = None,
    parent_death: signal.Signals = signal.SIGTERM,
    shown: bool = False,
) -> subprocess.Popen[bytes]:
    """Starts a process in its own session, under the account of `account` (default: `process`), output to its log
    (`shown`: to this terminal).

    Must be called from the main thread: the parent's death is told per thread.
    """
    user = user_of(account or process)
    log = open_log(home, process, user)
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=None if shown else log,
            stderr=None if shown else log,
            cwd="/",
            env=environment(home, process, extra),
            umask=0o077,
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            preexec_fn=_in_child(os.getpid(), parent_death),  # noqa: PLW1509 — the supervisor has one thread
        )
    finally:
        os.close(log)


def run(
    home: Home,
    process: str,
    command: Sequence[str],
    *,
    account: str | None = None,
    extra: Mapping[str, str] | None = None,
    shown: bool = False,
) -> None:
    """Runs a step to its end; a failure is a Halt that repeats the step's own last sentence and names its log.

    `shown`: what it says goes to this terminal, not to the log.
    """
    if shown:
        child = start(home, process, command, account=account, extra=extra, shown=True)
        try:
            code = child.wait()
        except BaseException:
            stop(child, signal.SIGINT, 30)
            raise
        if code < 0:
            raise Halt(f"L'étape « {process} » a été tuée : ce qu'elle avait fini reste. Relancez la même commande.")
        if code:
            raise Halt(f"L'étape « {process} » s'est arrêtée là : suivez ce qu'elle dit ci-dessus.", code)
        return
    log = home.log_file(process)
    before = log.stat().st_size if log.exists() else 0
    child = start(home, process, command, account=account, extra=extra)
    try:
        code = child.wait()
    except BaseException:
        stop(child, signal.SIGTERM, 10)
        raise
    if code:
        raise Halt(f"L'étape « {process} » a échoué ({last_line(log, before)}) ; le détail est dans {log}.")


def last_line(log: Path, start_at: int = 0) -> str:
    """The last line a process wrote since an offset, cut to one screen line."""
    with log.open("rb") as lines:
        lines.seek(max(start_at, log.stat().st_size - 4096) if log.stat().st_size >= start_at else 0)
        written = [line.strip() for line in lines.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return written[-1][:200] if written else "sans un mot"


def stop(child: subprocess.Popen[bytes], how: signal.Signals, patience: float) -> None:
    """Asks a process to stop, waits up to `patience` seconds, then kills whatever its session still holds."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
    kill_group(child.pid)
    child.wait()


def kill_group(leader: int) -> None:
    """Kills what is left of a process's group (granian's worker outlives a killed granian)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _all_pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def strays(home: Home) -> list[int]:
    """Processes of this home whose supervisor was killed, PostgreSQL's aside (see cluster.py)."""
    mark = os.fsencode(f"EGIDE_HOME={home.root}")
    argument = os.fsencode(str(home.root))
    found = []
    for pid in _all_pids():
        if pid == os.getpid():
            continue
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        # The keeper hides its environment from its own account; its command line names the home.
        ours = b"--home" in command and argument in command
        with contextlib.suppress(OSError):
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            ours = ours or (mark in variables and any(v.startswith(b"EGIDE_PROCESS=") for v in variables))
        if ours and not command[0].endswith(b"/postgres"):
            found.append(pid)
    return found


def end_strays(home: Home) -> int:
    """Stops what a killed supervisor left behind; returns how many processes there were."""
    found = strays(home)
    for how, patience in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        left = strays(home)
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, how)
        deadline = time.monotonic() + patience
        while strays(home) and time.monotonic() < deadline:
            time.sleep(0.1)
    return len(found)


def check_interpreter(home: Home) -> None:
    """As root: the interpreter and the code must be readable by the processes' accounts; else a Halt that says so."""
    user = user_of("web")
    if user is None:
        return
    if blocked := closed_above(home.root):
        raise Halt(
            f"Les comptes système d'Égide ne peuvent pas traverser {blocked} : donnez à EGIDE_HOME un autre dossier, "
            "par exemple /var/lib/egide."
        )
    try:
        readable = not subprocess.run(
            [sys.executable, "-c", "import egide.kernel.home"],
            cwd="/",
            env=environment(home, "probe"),
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            capture_output=True,
            check=False,
        ).returncode
    except PermissionError:
        readable = False
    if not readable:
        raise Halt(
            f"Le compte {user.name} ne peut pas exécuter {sys.executable} avec le code d'Égide : "
            "lancez « make run », qui installe les deux dans EGIDE_HOME."
        )


@dataclass
class Watched:
    """A process under supervision: how to start it, how to stop it, and when it may be restarted."""

    name: str
    begin: Callable[[], subprocess.Popen[bytes]]
    how: signal.Signals = signal.SIGTERM
    patience: float = 15.0
    child: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    not_before: float = field(default=0.0)

    def start(self) -> None:
        self.child = self.begin()
        self.started = time.monotonic()

    def adopt(self, child: subprocess.Popen[bytes] | None) -> None:
        """Takes over a process that was started, and waited for, by its own module."""
        self.child = child
        self.started = time.monotonic()

    def has_died(self) -> int | None:
        """The exit code of a process that died, once; what it left in its session is killed, the restart is delayed."""
        if self.child is None or (code := self.child.poll()) is None:
            return None
        kill_group(self.child.pid)
        self.child = None
        if time.monotonic() - self.started > 60:
            self.failures = 0
        self.postpone()
        return code

    def postpone(self) -> None:
        """Delays the next start: 0.4 s after a first failure, twice as long after each, 30 s at most."""
        self.failures += 1
        self.not_before = time.monotonic() + min(0.2 * 2 ** min(self.failures, 8), 30)

    def due(self) -> bool:
        return self.child is None and time.monotonic() >= self.not_before

    def stop(self) -> None:
        if self.child is not None:
            stop(self.child, self.how, self.patience)
            self.child = None
