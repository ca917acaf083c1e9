"""The keys `token` and `source`: what people are found by and foreign ids, blinded; what their renewal brings over.

Tokens of people are made again from what is sealed. A foreign system's id is kept nowhere: its token is a chain, each
version of `source` blinding what the one before gave, so that the former token is all that its renewal needs. Every
version of it stays in the chain, and none gives a token without the newest.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import msgpack

from egide.keeper.masters import Masters
from egide.kernel import sealing, tokens

TOKEN: Final = "token"  # noqa: S105 — the name of a key
SEALED: Final = ("identity", "contact", "ins")  # under which lies what tokens are made of
SLICE: Final = 200
_PASSES: Final = 3
_CATEGORY: Final = {"identity_trait": "identity", "identity_contact": "contact", "identity_ins": "ins"}
_LEAST: Final = -(2**63) - 1


class Blinding:
    """The door's: tokens it writes, under the newest versions."""

    def __init__(self, keys: Masters) -> None:
        self._blinder = tokens.Blinder(keys.newest(TOKEN))
        self._sources = keys.sources
        self._versions = (keys.live(TOKEN), len(self._sources))

    def of_person(self, traits: dict[str, Any], seed: bytes) -> list[int]:
        """What she will be found by; ValueError or TypeError for what is no trait."""
        return self._blinder.of_person(tokens.Traits.parse(traits), seed)

    def of_sources(self, pairs: Sequence[Sequence[str]]) -> list[int]:
        """Tokens of (system, id) pairs."""
        return [tokens.source_token(self._sources, system, identifier) for system, identifier in pairs]

    def bring(self, conn: Any, pairs: Sequence[Sequence[str]]) -> None:
        """Those of these ids that a former version still blinds, brought to the newest: they are known again."""
        if len(self._sources) > 1:
            former = [tokens.source_token(self._sources[:-1], system, identifier) for system, identifier in pairs]
            again = [tokens.blind_again(self._sources[-1], one) for one in former]
            conn.execute("SELECT gate.reblind_sources(%s, %s, %s)", (self._versions[1], former, again))

    @contextmanager
    def versions(self, conn: Any) -> Iterator[None]:
        """Tokens written inside say which version made them."""
        if self._versions == (1, 1):
            yield
            return
        with conn.transaction():
            conn.execute(f"SET LOCAL egide.token_version = {self._versions[0]}")
            conn.execute(f"SET LOCAL egide.source_version = {self._versions[1]}")
            yield


class Retokening:
    """Every person's tokens, a slice of persons at a time, each in one commit: one version or the other finds her.

    An id whose rows are not there (a creation under way, or without follow-up: `egide sweep`) keeps the tokens it has.
    """

    def __init__(self, conn: Any, keys: Masters) -> None:
        self._conn, self._keys, self._newest = conn, keys, keys.live(TOKEN)
        self._blinder = tokens.Blinder(keys.newest(TOKEN))
        self.unreadable: dict[str, int] = {}

    def left(self) -> int:
        """Persons with a token of a former version."""
        return int(self._conn.execute("SELECT identity.tokens_left(%s) AS n", (self._newest,)).fetchone()["n"])

    def run(self) -> Iterator[int]:
        """Yields how many persons each slice brought over."""
        for _ in range(_PASSES):
            self.unreadable, moved = {}, 0
            for ids in self._slices():
                done = self._bring(ids)
                moved += done
                yield done
            if not moved:
                return

    def _slices(self) -> Iterator[list[UUID]]:
        after = UUID(int=0)
        while rows := self._conn.execute(
            "SELECT * FROM identity.tokens_slice(%s, %s, %s)", (self._newest, after, SLICE)
        ).fetchall():
            after = rows[-1]["patient_id"]
            yield [row["patient_id"] for row in rows]

    def _bring(self, ids: list[UUID]) -> int:
        found: dict[UUID, list[tuple[str, str]]] = {}
        spoiled: set[UUID] = set()
        for row in self._conn.execute("SELECT * FROM identity.found_by(%s)", (ids,)):
            values = found.setdefault(row["patient_id"], [])
            value = self._value(row)
            if value is None:  # no key opens it: its person keeps her tokens, so that she is still found by it
                self._leave(row["source"])
                spoiled.add(row["patient_id"])
            else:
                values.append((row["kind"], value))
        if len(found) < len(ids):
            self._leave("identity.token", len(ids) - len(found))
        whole = {one: values for one, values in found.items() if one not in spoiled}
        patients: list[UUID] = []
        fresh: list[int] = []
        for one, values in whole.items():
            own = self._blinder.of_person(tokens.Traits.parse(tokens.found_by(values)), one.bytes)
            patients += [one] * len(own)
            fresh += own
        if not whole:
            return 0
        done = self._conn.execute(
            "SELECT identity.retoken(%s, %s, %s, %s) AS n", (self._newest, list(whole), patients, fresh)
        ).fetchone()
        return int(done["n"])

    def _value(self, row: dict[str, Any]) -> str | None:
        category = _CATEGORY[row["source"]]
        keys = {
            version: sealing.patient_key(master, category, row["patient_id"])
            for version, master in self._keys.keys[category].items()
        }
        try:
            bound_to = sealing.associated(row["source"], "sealed", row["id"], category)
            value = msgpack.unpackb(sealing.unseal(keys, bytes(row["sealed"]), bound_to), raw=False)
        except (sealing.CannotUnseal, ValueError, msgpack.UnpackException):
            return None
        return str(value.get("v", "")) if isinstance(value, dict) else None

    def _leave(self, place: str, count: int = 1) -> None:
        self.unreadable[place] = self.unreadable.get(place, 0) + count


class Reblinding:
    """Every foreign id's token, blinded once more."""

    def __init__(self, conn: Any, keys: Masters) -> None:
        self._conn, self._sources = conn, keys.sources
        self.unreadable: dict[str, int] = {}

    def left(self) -> int:
        """Tokens of a former version."""
        row = self._conn.execute("SELECT gate.sources_left(%s) AS n", (len(self._sources),)).fetchone()
        return int(row["n"])

    def run(self) -> Iterator[int]:
        """Yields how many each slice brought over."""
        newest, after = len(self._sources), _LEAST + 1
        while rows := self._conn.execute(
            "SELECT * FROM gate.sources_slice(%s, %s, %s)", (newest, after, SLICE)
        ).fetchall():
            after = rows[-1]["token"]
            old = [row["token"] for row in rows]
            new = [self._again(row["token"], row["version"]) for row in rows]
            yield int(
                self._conn.execute("SELECT gate.reblind_sources(%s, %s, %s) AS n", (newest, old, new)).fetchone()["n"]
            )

    def _again(self, token: int, version: int) -> int:
        for key in self._sources[version:]:
            token = tokens.blind_again(key, token)
        return token
