"""What a backup is made of: the same list beside the keys and beside the base, each file under its SHA-256.

Whoever keeps one of the two places cannot change it alone: the other one's list tells. The list's own fingerprint, said
when the backup is made and noted elsewhere, tells of a change in both.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from egide.cli.halt import Halt

NAME: Final = "manifest.json"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LONGEST: Final = 1 << 16  # bytes: five files are told in one


@dataclass(frozen=True)
class Manifest:
    """The files of one backup, of both places, by name; each with its SHA-256 in hexadecimal."""

    files: Mapping[str, str]

    def check(self, file: Path) -> None:
        """Refuses a file that is not the one that was saved, or that is not there."""
        if file.name not in self.files or not file.exists():
            raise _lacking(file)
        if _sum(file) != self.files[file.name]:
            raise damaged(file, "autre empreinte")


def write(base_id: str, at: datetime, *folders: Path) -> str:
    """Puts the list of what stands in these folders into each of them; its fingerprint."""
    sums = {file.name: _sum(file) for folder in folders for file in sorted(folder.iterdir())}
    told = {"format": 1, "base": base_id, "at": at.isoformat(timespec="seconds"), "files": sums}
    content = json.dumps(told, indent=1).encode()
    for folder in folders:
        with os.fdopen(os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
    return hashlib.sha256(content).hexdigest()


def agreed(base: Path, keys: Path, fingerprint: str | None = None) -> Manifest:
    """The list that both places hold. Refuses two that differ, and another than the fingerprint that was noted."""
    one, other = (_read(folder / NAME) for folder in (keys, base))
    if one != other:
        raise Halt("Ces deux dossiers ne sont pas d'une même sauvegarde, ou l'un a été changé : rien n'est restauré.")
    if fingerprint is not None and hashlib.sha256(one).hexdigest() != fingerprint.strip().lower():
        raise Halt("Cette sauvegarde n'a pas l'empreinte donnée : vérifiez-la, ou prenez une autre sauvegarde.")
    try:
        files = json.loads(one)["files"]
        sound = all(Path(name).name == name and _SHA256.fullmatch(value) for name, value in files.items())
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise damaged(keys / NAME)
    return Manifest(files)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as content:
            return content.read(_LONGEST)
    except FileNotFoundError:
        raise _lacking(file) from None


def damaged(file: Path, how: str = "") -> Halt:
    """Of a file that was saved, and is not what it was; `how` it was seen."""
    return Halt(f"{file} est abîmé{how and f' ({how})'} : prenez une autre sauvegarde.")


def _lacking(file: Path) -> Halt:
    return Halt(f"{file} manque : donnez les deux dossiers qu'« egide backup » a écrits.")


def _sum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
