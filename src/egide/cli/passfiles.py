"""The secrets of PostgreSQL's roles: one libpq passfile each, in a folder of the process that signs in with it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from egide.cli.users import ensure_folder, give, user_of
from egide.kernel.home import SUPERUSER, Home


def ensure(home: Home, role: str) -> None:
    """The role's passfile, written once; folder and file are its process's (the operator's where it has none)."""
    ensure_folder(home.secrets, None, 0o755)
    path = home.pgpass(role)
    ensure_folder(path.parent, user_of(role), 0o700)
    if not (path.is_file() and path.stat().st_size):
        draft(home, role).replace(path)


def draft(home: Home, role: str) -> Path:
    """A fresh secret beside the role's passfile, on the disk; to be renamed once the server knows it."""
    path = home.pgpass(role).with_suffix(".new")
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        name = SUPERUSER if role == "super" else role
        file.write(f"*:*:*:{name}:{secrets.token_hex(32)}\n")
        file.flush()
        os.fsync(file.fileno())
    give(path, user_of(role), 0o600)
    return path


def secret(path: Path) -> str:
    """The secret of one passfile; only the operator, or the role's own account, can read it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, encoding="ascii") as file:
        return file.read().strip().rsplit(":", 1)[1]
