"""One `egide run` a home: who holds it, whether anybody does, and asking whoever does to stop."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator

from egide.cli.halt import Halt
from egide.kernel.home import Home


@contextlib.contextmanager
def held(home: Home) -> Iterator[None]:
    """Holds run.lock; the kernel lets go of it however this process ends."""
    with (home.root / "run.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Halt(
                f"Égide tourne déjà sur {home.root} (processus {file.read().strip() or 'inconnu'}) : "
                "arrêtez-le d'abord, ou donnez un autre dossier à EGIDE_HOME."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def stop(home: Home, patience: float = 90) -> bool:
    """Asks the supervisor of this home to stop and waits for it; False when none runs."""
    if not running(home):
        return False
    # Only the supervisor that holds the lock wrote this number.
    os.kill(int((home.root / "run.lock").read_text(encoding="ascii")), signal.SIGTERM)
    deadline = time.monotonic() + patience
    while running(home):
        if time.monotonic() > deadline:
            raise Halt(f"Égide ne s'arrête pas : voyez {home.log_file('egide')}.")
        time.sleep(0.1)
    return True


def running(home: Home) -> bool:
    """Whether a supervisor holds this home."""
    try:
        with (home.root / "run.lock").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
