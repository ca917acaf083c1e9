"""A small home without PostgreSQL, as a backup sees it; what is done to a backup, and what a refusal leaves."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from egide.cli import age, manifest
from egide.cli import backup as saving
from egide.cli.halt import Halt
from egide.kernel.home import Home

BORN = {"base_id": "b", "demo": False, "born": "2026-01-01T00:00:00+00:00", "signature": ""}
LEAVES = bytes(range(256)) * 40


def small(root: Path, server: bool = False) -> Home:
    """A home as a backup sees it."""
    home = Home(root)
    for folder in (home.keeper_masters, home.keeper_state, home.keeper_trail, home.secrets / "super"):
        folder.mkdir(parents=True)
    home.base_json.write_text(json.dumps(BORN))
    home.keeper_birth.write_text(json.dumps(BORN))
    (home.keeper_masters / "clinical.1.key").write_bytes(b"k" * 32)
    for name in ("checkpoints.log", "frontier.bin", "leaves.bin"):
        (home.keeper_trail / name).write_bytes(LEAVES)
    home.pgpass("super").write_text("secret")
    if server:
        home.server_json.write_text(json.dumps({"host": "db.hopital.example"}))
    return home


def archive(path: Path, **files: bytes) -> None:
    with tarfile.open(path, "w:gz") as out:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            out.addfile(entry, io.BytesIO(content))


def copied(_home: Home, folder: Path) -> None:
    """What pg_basebackup leaves."""
    archive(folder / saving.BASE, PG_VERSION=b"17\n")
    archive(folder / saving.CHANGES, **{"000000010000000000000001": LEAVES})


def saved(places: Path, home: Home, *to: str) -> tuple[Path, Path, str]:
    """The two folders, and the fingerprint that was said; in clear without a recipient."""
    said = saving.backup(home, places / "base", places / "keys", age.recipients(to))
    (base,), (keys,) = (places / "base").iterdir(), (places / "keys").iterdir()
    (fingerprint,) = (line.removeprefix("empreinte : ") for line in said if line.startswith("empreinte"))
    return base, keys, fingerprint


def files(root: Path) -> dict[str, bytes]:
    return {str(one.relative_to(root)): one.read_bytes() for one in root.rglob("*") if one.is_file()}


def nothing_kept(places: Path) -> bool:
    return not [*(places / "base").iterdir(), *(places / "keys").iterdir()]


def refused(places: Path, base: Path, keys: Path, why: str) -> None:
    """Refused, in a new folder and in one that an Égide's environment is in: both are as they were."""
    (places / "made" / "venv").mkdir(parents=True, exist_ok=True)
    for name in ("there", "made"):
        with pytest.raises(Halt, match=why):
            saving.restore(Home(places / name), base, keys)
    assert not (places / "there").exists()
    assert [path.name for path in (places / "made").rglob("*")] == ["venv"]


def told_anew(base: Path, keys: Path) -> None:
    """Lists of what stands there now, as somebody who holds both places would write them."""
    for folder in (base, keys):
        (folder / manifest.NAME).unlink()
    manifest.write("b", datetime.now(UTC), keys, base)


def flip(at: float) -> Callable[[bytes], bytes]:
    def flipped(content: bytes) -> bytes:
        place = int(at * len(content)) if at >= 0 else len(content) + int(at)
        return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]

    return flipped
