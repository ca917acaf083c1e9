"""`python -m egide.keeper.resealing --home H --key NAME`: brings what lies under a key's former versions to the newest.

A program of the keeper's own user, beside the door and politer than it. Slices of 1,000 values, a compare-and-swap on
each ciphertext: a page that writes meanwhile wins, its value is taken at the next pass. Nothing is remembered: what is
left to do is what the base still holds under a former version, so a killed run is ended by the next. Standard output
tells progress, one JSON object a line: numbers and names of columns, never a value.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from egide.keeper import server
from egide.keeper.client import Keeper, KeeperDown
from egide.keeper.custody import left, sealed_places
from egide.keeper.sessions import connect
from egide.kernel import sealing
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home

SLICE: Final = 1000
POLITENESS: Final = 10
_FIRST: Final = UUID(int=0)
_PASSES: Final = 5  # a value that a page keeps changing under a former key is left to the next run


class Resealing:
    """One run over one key. `versions`: master by version."""

    def __init__(self, conn: Any, name: str, versions: dict[int, bytes]) -> None:
        self._conn, self._name, self._versions = conn, name, versions
        self._newest = max(versions)
        self.unreadable: dict[str, int] = {}

    def run(self) -> Iterator[int]:
        """Yields how many values each slice brought over, until none is left or only unreadable ones are."""
        for _ in range(_PASSES):
            self.unreadable = {}
            moved = 0
            for place in self._places():
                for count in self._column(place):
                    moved += count
                    yield count
            if not moved:
                return

    def _places(self) -> list[tuple[str, str]]:
        return [("gate.words", "sealed")] if self._name == "trail" else sealed_places(self._conn, self._name)

    def _column(self, place: tuple[str, str]) -> Iterator[int]:
        after = _FIRST
        while rows := self._slice(place, after):
            after = rows[-1]["id"]
            fresh = [(row["id"], bytes(row["sealed"]), self._moved(place, row)) for row in rows]
            done = [one for one in fresh if one[2] is not None]
            if len(done) < len(fresh):
                column = ".".join(place)
                self.unreadable[column] = self.unreadable.get(column, 0) + len(fresh) - len(done)
            yield self._replace(
                place, [i for i, _, _ in done], [old for _, old, _ in done], [new for _, _, new in done]
            )

    def _slice(self, place: tuple[str, str], after: UUID) -> list[dict[str, Any]]:
        if self._name == "trail":
            found = self._conn.execute("SELECT * FROM gate.words_slice(%s, %s, %s)", (self._newest, after, SLICE))
        else:
            found = self._conn.execute(
                "SELECT * FROM gate.sealed_slice(%s, %s, %s, %s, %s, %s)",
                (*place, self._name, self._newest, after, SLICE),
            )
        rows: list[dict[str, Any]] = found.fetchall()
        return rows

    def _moved(self, place: tuple[str, str], row: dict[str, Any]) -> bytes | None:
        """The value under the newest key; None when no former key opens it (altered: it is left as it is)."""
        owner, kind = (row["id"], "words") if self._name == "trail" else (row["patient_id"], self._name)
        bound_to = sealing.associated(*place, row["id"], kind)
        keys = {version: sealing.patient_key(master, kind, owner) for version, master in self._versions.items()}
        try:
            plain = sealing.unseal(keys, bytes(row["sealed"]), bound_to)
        except sealing.CannotUnseal:
            return None
        return sealing.seal(keys, plain, bound_to)

    def _replace(self, place: tuple[str, str], ids: list[UUID], old: list[bytes], new: list[bytes | None]) -> int:
        if not ids:
            return 0
        if self._name == "trail":
            row = self._conn.execute("SELECT gate.reseal_words(%s, %s, %s) AS n", (ids, old, new)).fetchone()
        else:
            row = self._conn.execute("SELECT gate.reseal(%s, %s, %s, %s, %s) AS n", (*place, ids, old, new)).fetchone()
        return int(row["n"])


def main() -> int:
    """Exit code 0: nothing is left, but what the last line says unreadable; 4: the keeper is away or locked."""
    parser = argparse.ArgumentParser(prog="egide.keeper.resealing")
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--key", required=True)
    arguments = parser.parse_args()
    home = Home(arguments.home.absolute())
    server.harden()
    os.nice(POLITENESS)
    door = Keeper(home.keeper_socket("trail"))
    try:
        versions = door.call("masters", names=[arguments.key])["keys"][arguments.key]
    except (KeeperDown, Refused):
        return 4
    finally:
        door.close()
    with connect(home) as conn:
        work = Resealing(conn, arguments.key, versions)
        _tell(total=left(conn, arguments.key, versions))
        done = 0
        for count in work.run():
            done += count
            _tell(done=done)
        _tell(done=done, left=left(conn, arguments.key, versions), unreadable=work.unreadable)
    return 0


def _tell(**said: Any) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    sys.exit(main())
