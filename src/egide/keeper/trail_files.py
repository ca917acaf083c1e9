"""What the sequencer keeps on disk: leaves, checkpoints, the tree's frontier, published keys; expected leaves; alarms.

A kill leaves at most a torn end, which the next reading cuts off.
"""

import errno
import json
import logging
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Any, Final

from egide.kernel import clock
from egide.kernel.checkpoint import SEPARATOR
from egide.kernel.merkle import HASH_SIZE

log = logging.getLogger(__name__)

_EXPECTED: Final = Struct(">Q32s")


class Files:
    """In the trail's folder: leaves.bin, checkpoints.log, frontier.bin and the published keys (*.vkey)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._leaves = os.open(folder / "leaves.bin", os.O_RDWR | os.O_CREAT, 0o600)

    # ── leaves ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def held(self) -> int:
        """Whole leaves in the file; a torn last one is written again."""
        return os.fstat(self._leaves).st_size // HASH_SIZE

    def keep(self, count: int) -> None:
        """Only the first `count`."""
        os.ftruncate(self._leaves, count * HASH_SIZE)

    def write(self, first: int, leaves: list[bytes]) -> None:
        """From leaf `first` on; OSError where the disk is full, what was there before as it was."""
        view = memoryview(b"".join(leaves))
        at = first * HASH_SIZE
        while view:
            written = os.pwrite(self._leaves, view, at)
            view, at = view[written:], at + written

    def stored(self, first: int, upto: int) -> list[bytes]:
        """Leaves first … upto - 1."""
        data = os.pread(self._leaves, (upto - first) * HASH_SIZE, first * HASH_SIZE)
        return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]

    def leaf(self, seq: int) -> bytes:
        """One of them."""
        return os.pread(self._leaves, HASH_SIZE, seq * HASH_SIZE)

    def sync(self) -> None:
        """Leaves are on disk before what signs them."""
        os.fsync(self._leaves)

    # ── checkpoints ─────────────────────────────────────────────────────────────────────────────────────────────────

    def append_note(self, note: str) -> None:
        """One checkpoint more, on disk when this returns."""
        _append_synced(self._folder / "checkpoints.log", (note + SEPARATOR).encode())

    def notes(self) -> bytes | None:
        """Every whole one, None where there is none; a torn end is cut off."""
        path = self._folder / "checkpoints.log"
        data = path.read_bytes() if path.exists() else b""
        whole, separator, torn = data.rpartition(SEPARATOR.encode())
        if torn:
            os.truncate(path, len(whole) + len(separator))
        return whole if separator else None

    def keep_frontier(self, data: bytes) -> None:
        """Of the tree at the last checkpoint."""
        _replace(self._folder / "frontier.bin", data)

    def frontier(self) -> bytes:
        """FileNotFoundError where none was kept."""
        return (self._folder / "frontier.bin").read_bytes()

    def published(self, name: str) -> str | None:
        """A key for verifiers, as it stands; None where there is none."""
        path = self._folder / name
        return path.read_text() if path.exists() else None

    def publish(self, name: str, text: str) -> None:
        """A key that every process may read."""
        _replace(self._folder / name, text.encode(), mode=0o644)


class Expectations:
    """Leaf hashes of the openings the keeper made, kept (through kill -9) until their leaf is under a checkpoint."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        data = path.read_bytes() if path.exists() else b""
        whole = len(data) - len(data) % _EXPECTED.size
        self._waiting: dict[int, bytes] = dict(_EXPECTED.iter_unpack(data[:whole]))
        self._file, self._end = -1, 0
        self.compact()

    def add(self, entry_id: int, leaf: bytes) -> None:
        with self._lock:
            if os.pwrite(self._file, _EXPECTED.pack(entry_id, leaf), self._end) != _EXPECTED.size:
                raise OSError(errno.ENOSPC, "disk full", str(self._path))  # the next one is written over the torn one
            self._end += _EXPECTED.size
            self._waiting[entry_id] = leaf

    def waiting(self) -> dict[int, bytes]:
        with self._lock:
            return dict(self._waiting)

    def forget(self, entries: Iterable[int]) -> None:
        with self._lock:
            for entry_id in entries:
                self._waiting.pop(entry_id, None)

    def compact(self) -> None:
        """Leave in the file only what still waits; called when all the rest is under a checkpoint."""
        with self._lock:
            data = b"".join(_EXPECTED.pack(*one) for one in self._waiting.items())
            _replace(self._path, data)
            if self._file >= 0:
                os.close(self._file)
            self._file, self._end = os.open(self._path, os.O_WRONLY), len(data)


class Alarms:
    """alarms.log in the keeper's state: ids only, never a value."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "alarms.log"
        self._raised: set[tuple[str, int | None]] = set()

    def tell(self, code: str, entry_id: int | None, text: str) -> None:
        """Once a process for each code and entry."""
        if (code, entry_id) in self._raised:
            return
        line = {"at": clock.now().isoformat(), "code": code, "entry": entry_id, "text": text}
        log.error("trail alarm: %s %s", code, entry_id)
        _append_synced(self._path, (json.dumps(line, ensure_ascii=False) + "\n").encode())
        self._raised.add((code, entry_id))

    def latest(self) -> list[dict[str, Any]]:
        """The latest twenty."""
        found: list[dict[str, Any]] = []
        with suppress(FileNotFoundError):
            for line in self._path.read_text(errors="replace").splitlines()[-20:]:
                with suppress(ValueError):  # torn by a full disk
                    found.append(json.loads(line))
        return found


def _append_synced(path: Path, data: bytes) -> None:
    """On disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write whole or not at all."""
    aside = path.with_name(path.name + ".new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
