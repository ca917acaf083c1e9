"""How a command ends when it cannot go on: one sentence that says what to do, and an exit code; never a traceback."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from egide.kernel.home import Home


class Halt(Exception):
    """One French sentence for the person at the keyboard; `code` becomes the process's exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


def disk_full(place: Path) -> Halt:
    """Of whatever was to be written there."""
    return Halt(f"Le disque de {place} est plein : libérez de la place, puis relancez.")


def sentence_for(error: OSError, home: Home) -> Halt | None:
    """The sentence for what an operating system refuses in everyday life; None when it is not one of these."""
    place = error.filename or home.root
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(home.root)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Halt(f"Accès refusé à {place} : lancez la commande sous le compte propriétaire de {home.root}.")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return Halt(f"{place} n'est pas un dossier : donnez à EGIDE_HOME un autre chemin.")
    return None


def database_trouble(error: BaseException) -> tuple[str, str]:
    """Why a base does not do what it is asked, and what to do first; never its message, which may quote a value."""
    state = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None) or ""
    if state == "53100":
        return "Le disque de la base est plein", "libérez de la place"
    if state in ("28000", "28P01") or "password authentication failed" in str(error):
        return "La base refuse le secret de ce rôle", "remettez celui de la sauvegarde, ou voyez « egide doctor »"
    if state == "42501":
        return "La base n'accorde pas ce droit à ce rôle", "voyez « egide doctor »"
    return "La base ne répond pas", "lancez « egide run », ou voyez son serveur"


def record(error: BaseException, home: Home) -> Halt:
    """Writes where an unforeseen error came from to log/egide.log and returns the sentence that points there.

    Exception messages are left out: a database's or a parser's message may quote a patient's datum. Its code may not.
    """
    code = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
    name = f"{type(error).__name__} {code}" if code else type(error).__name__
    frames = "".join(traceback.format_tb(error.__traceback__))
    lines = f"{datetime.now(UTC).isoformat(timespec='seconds')} {name}\n{frames}"
    if "EGIDE_PROCESS" in os.environ:  # started by the supervisor: what goes to stderr is this process's log
        sys.stderr.write(lines)
        return Halt(f"Erreur imprévue ({name})", 70)
    path = home.log_file("egide")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as log:
            log.write(lines)
    except OSError:
        sys.stderr.write(lines)
        return Halt(f"Erreur imprévue ({name}) ; {path} ne peut être écrit.", 70)
    return Halt(f"Erreur imprévue ({name}) : le détail est dans {path}.", 70)


def end(halt: Halt) -> int:
    """Prints the sentence and returns the exit code."""
    print(halt.sentence, file=sys.stderr)
    return halt.code
