"""The system accounts of Égide's processes. As root each process runs as its own; otherwise all share the caller's."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from egide.cli.halt import Halt

# process (or holder of a secret) → system account
ACCOUNTS: Final = {
    "postgres": "egide-pg",
    "keeper": "egide-keeper",
    "web": "egide-web",
    "worker": "egide-worker",
    "live": "egide-live",
    "auditor": "egide-audit",
    "demo-keys": "egide-demo",
    "psc": "egide-psc",
}
# One user, two programs: ranking must not delay an opening, and needs the keeper's keys.
SHARED: Final = {"finder": "keeper"}


@dataclass(frozen=True)
class User:
    name: str
    uid: int
    gid: int


def separate_accounts() -> bool:
    """Whether each process can have an account of its own, that is: are we root."""
    return os.geteuid() == 0


def user_of(process: str) -> User | None:
    """The account a process runs as; None: the caller's own (no root, or a process of the operator)."""
    name = ACCOUNTS.get(SHARED.get(process, process))
    if name is None or not separate_accounts():
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Halt(f"Le compte système {name} manque : lancez « egide run » une fois en root.") from None
    return User(name, entry.pw_uid, entry.pw_gid)


def ensure_accounts() -> None:
    """Makes the missing system accounts: no password, no shell, no home. Does nothing when not root."""
    if not separate_accounts():
        return
    existing = {entry.pw_name for entry in pwd.getpwall()}
    for name in ACCOUNTS.values():
        if name in existing:
            continue
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if useradd is None:
            raise Halt("La commande useradd manque : installez le paquet passwd, puis relancez.")
        command = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent"]
        done = subprocess.run(
            [*command, "--shell", "/usr/sbin/nologin", "--user-group", name], capture_output=True, check=False
        )
        if done.returncode not in (0, 9):  # 9: someone made it meanwhile
            raise Halt(f"Le compte système {name} n'a pas pu être créé : créez-le par useradd --system {name}.")


def give(path: Path, user: User | None, mode: int) -> None:
    """Sets a folder's or file's rights and owner (None: the caller); never follows a link put there by its owner."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        owner = (user.uid, user.gid) if user else (os.geteuid(), os.getegid())
        if os.fstat(descriptor).st_uid != owner[0]:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def ensure_folder(path: Path, user: User | None, mode: int) -> None:
    """A folder with exactly this owner and mode; only folders of EGIDE_HOME are ever passed here.

    After a restoration on another machine the numbers of the accounts differ: what is inside follows its folder.
    """
    path.mkdir(mode=0o700, parents=False, exist_ok=True)
    if user is not None and path.stat().st_uid != user.uid:
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder, name), user.uid, user.gid, follow_symlinks=False)
    give(path, user, mode)


def closed_above(path: Path) -> Path | None:
    """The first folder on the way to `path` that other accounts cannot cross, or None."""
    for folder in reversed([path, *path.parents]):
        if folder.exists() and not folder.stat().st_mode & 0o001:
            return folder
    return None
