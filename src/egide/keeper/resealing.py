"""What lies sealed under a key's former versions is brought to the newest.

Slices of 1,000 values, a compare-and-swap on each ciphertext: a page that writes meanwhile wins, its value is taken at
the next pass. Nothing is remembered: what is left to do is what the base still holds under a former version.
"""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from egide.kernel import sealing

SLICE: Final = 1000
_FIRST: Final = UUID(int=0)
_PASSES: Final = 5  # a value that a page keeps changing under a former key is left to the next run


class Resealing:
    """One run over one key. `versions`: master by version."""

    def __init__(self, conn: Any, name: str, versions: dict[int, bytes]) -> None:
        self._conn, self._name, self._versions = conn, name, versions
        self._newest = max(versions)
        self.unreadable: dict[str, int] = {}

    def left(self) -> int:
        """How many values of the base lie under another version than the newest."""
        return left(self._conn, self._name, self._versions)

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


def left(conn: Any, name: str, versions: dict[int, bytes]) -> int:
    """How many values of the base lie under another version of this key than the newest."""
    newest = max(versions)
    if name == "trail":
        return int(conn.execute("SELECT gate.words_left(%s) AS n", (newest,)).fetchone()["n"])
    total = 0
    for place in sealed_places(conn, name):
        row = conn.execute("SELECT gate.sealed_left(%s, %s, %s, %s) AS n", (*place, name, newest)).fetchone()
        total += int(row["n"])
    return total


def sealed_places(conn: Any, name: str) -> list[tuple[str, str]]:
    """(table, column) of what is sealed under a category, as the catalogue of the base says."""
    rows = conn.execute("SELECT * FROM gate.sealed_columns()").fetchall()
    return [
        (row["place"], row["col"])
        for row in rows
        if row["category"] == name or (row["own_category"] and name in ("clinical", "protected"))
    ]
