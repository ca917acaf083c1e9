"""Makes $EGIDE_HOME/venv (or venv-dev) from the lock, installs the project in it, then becomes the command asked for.

Standard library only: this runs before anything is installed. Called by tools/env.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parent.parent


def refuse(sentence: str) -> NoReturn:
    sys.exit(sentence)


def home() -> Path:
    """As in egide.kernel.home, which is not installed yet."""
    named = os.environ.get("EGIDE_HOME", "").strip()
    if named:
        return Path(named).expanduser().absolute()
    return Path("/var/lib/egide") if os.geteuid() == 0 else CHECKOUT / ".egide"


def digest(paths: list[Path]) -> str:
    """One hash of the files' names and contents."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(os.fsencode(path.relative_to(CHECKOUT)) + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def sources() -> list[Path]:
    files = [p for p in (CHECKOUT / "src").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return [*files, CHECKOUT / "pyproject.toml"]


class Environment:
    """One virtual environment, its lock file and the stamp that tells what stands in it."""

    def __init__(self, folder: Path, lock: Path, *, with_project: bool) -> None:
        self.folder = folder
        self.lock = lock
        self.with_project = with_project
        self.stamp = folder / "egide-stamp.json"
        self.python = folder / "bin" / "python"

    def wanted(self) -> dict[str, str]:
        wanted = {"python": f"{sys.executable} {sys.version}", "lock": digest([self.lock])}
        if self.with_project:
            wanted["source"] = digest(sources())
        return wanted

    def present(self) -> dict[str, str]:
        try:
            return dict(json.loads(self.stamp.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def complete(self) -> bool:
        present = self.present()
        return all(present.get(key) == value for key, value in self.wanted().items())

    def whole(self) -> bool:
        """Whether it was made to its end, for this code or an older one; `make` takes the stamp away first."""
        return bool(self.present())

    def make(self) -> None:
        """Brings the folder to what is wanted; a run killed half way is begun again by the next."""
        wanted, present = self.wanted(), self.present()
        rebuilt = any(present.get(key) != wanted[key] for key in ("python", "lock"))
        if rebuilt:
            say(f"Environnement {self.folder} : installation des dépendances épinglées…")
            shutil.rmtree(self.folder, ignore_errors=True)
            venv.create(self.folder, with_pip=True)
            self.pip("--require-hashes", "--only-binary", ":all:", "-r", str(self.lock))
            present = {}
        self.stamp.unlink(missing_ok=True)
        if self.with_project and present.get("source") != wanted["source"]:
            say("Installation d'Égide…")
            self.pip("--no-index", "--no-build-isolation", "--force-reinstall", str(CHECKOUT))
        self.stamp.write_text(json.dumps(present | wanted), encoding="utf-8")

    def pip(self, *arguments: str) -> None:
        """pip install without dependencies: the lock names them all. The user's own mirror or proxy holds."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "PIP_USER"}
        command = [str(self.python), "-m", "pip", "install", "--quiet", "--no-input", "--no-deps"]
        done = subprocess.run(
            [*command, "--disable-pip-version-check", *arguments],
            env=environment | {"PIP_ROOT_USER_ACTION": "ignore"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.strip() and "WARNING" not in line]
            for line in errors[-4:]:
                say(f"  {line}")
            if "No space left" in done.stderr:
                refuse(f"Le disque de {self.folder} est plein : libérez de la place (1 Go), puis relancez.")
            refuse("L'installation a échoué (voir ci-dessus) : vérifiez l'accès à l'index de paquets, puis relancez.")


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def reachable(folder: Path) -> Path | None:
    """The first folder above that other users cannot cross, if any."""
    for parent in reversed([folder, *folder.parents]):
        if parent.exists() and not parent.stat().st_mode & 0o001:
            return parent
    return None


def prepare(root: Path, environment: Environment) -> None:
    """Takes the environment's lock, makes it if needed, and keeps a shared lock for the command's whole life."""
    root.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0 and (closed := reachable(root)):
        refuse(
            f"Les comptes système d'Égide ne peuvent pas traverser {closed} : donnez à EGIDE_HOME un autre dossier, "
            "par exemple /var/lib/egide."
        )
    guard = os.open(root / f"{environment.folder.name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Someone runs in it (shared lock) or makes it (exclusive): wait for a maker, change nothing under a runner.
        deadline = time.monotonic() + 300
        while True:
            try:
                fcntl.flock(guard, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    refuse(f"Une autre commande prépare encore {environment.folder} : attendez sa fin, puis relancez.")
                time.sleep(0.5)
        if not environment.complete():
            refuse(
                f"Le code a changé pendant qu'une commande d'Égide tourne dans {environment.folder} : "
                "arrêtez-la, puis relancez."
            )
    else:
        if not environment.complete():
            environment.make()
        fcntl.flock(guard, fcntl.LOCK_SH)
    os.set_inheritable(guard, True)


def held_as_is(root: Path, environment: Environment, command: str) -> bool:
    """Whether the command can run in what stands there; then holds the shared lock as `prepare` does."""
    if not (environment.folder / "bin" / command).exists():
        return False
    try:
        guard = os.open(root / f"{environment.folder.name}.lock", os.O_RDONLY)
        fcntl.flock(guard, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # nobody made it, or it is being made
        return False
    if not environment.whole():
        os.close(guard)
        return False
    os.set_inheritable(guard, True)
    return True


def main() -> NoReturn:
    arguments = sys.argv[1:]
    options = {"--dev": False, "--no-project": False, "--as-is": False}
    while arguments and arguments[0] in options:
        options[arguments.pop(0)] = True
    if not arguments:
        refuse("Usage : tools/env [--dev] [--no-project] [--as-is] COMMANDE [ARGUMENT…]")
    root = home()
    name = "venv-dev" if options["--dev"] else "venv"
    lock = CHECKOUT / "requirements" / ("dev.lock" if options["--dev"] else "runtime.lock")
    environment = Environment(root / name, lock, with_project=not options["--no-project"])
    try:
        if not (options["--as-is"] and held_as_is(root, environment, arguments[0])):
            prepare(root, environment)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            refuse(f"Le disque de {root} est plein : libérez de la place (1 Go), puis relancez.")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
            refuse(f"Impossible d'écrire dans {root} : donnez à EGIDE_HOME un dossier qui vous appartient.")
        raise
    os.environ.pop("PYTHONPATH", None)
    os.environ.pop("PYTHONHOME", None)
    os.environ["EGIDE_HOME"] = str(root)
    os.environ["VIRTUAL_ENV"] = str(environment.folder)
    os.environ["PATH"] = f"{environment.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    program = shutil.which(arguments[0])
    if program is None:
        refuse(f"Commande introuvable : {arguments[0]}")
    os.execv(program, arguments)


if __name__ == "__main__":
    main()
