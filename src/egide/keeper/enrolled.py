"""The key `enrol`: marks of sign-in keys and of workstations, half codes, rescues' secrets; its renewal.

A mark is a MAC over all that matters in a row: a row that somebody else wrote signs nobody in. While the key is being
renewed the marks of both versions are believed; the newest alone makes new ones.
"""

import hmac
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from egide.keeper.masters import Masters
from egide.keeper.signin import BadAssertion
from egide.keeper.stations import mark as station_mark
from egide.kernel import sealing
from egide.kernel.softkey_id import SOFTWARE_AAGUID

NAME: Final = "enrol"
SLICE: Final = 500
_FIRST: Final = UUID(int=0)
Row = tuple[UUID, UUID, bytes, bytes, UUID]  # id, account, credential, public key, model


class Marks:
    """Of sign-in keys. `versions`: the key `enrol` by version."""

    def __init__(self, versions: Mapping[int, bytes]) -> None:
        self._versions = versions

    def __repr__(self) -> str:
        return "Marks()"

    def new(self, row: Row) -> bytes:
        """Under the newest version."""
        return _mark(self._versions[max(self._versions)], row)

    def version(self, row: Row, mark: bytes) -> int | None:
        """The version that made this mark of this row; None: no keeper of this base did."""
        for version in sorted(self._versions, reverse=True):
            if hmac.compare_digest(_mark(self._versions[version], row), mark):
                return version
        return None


def _mark(key: bytes, row: Row) -> bytes:
    one, account, credential_id, public_key, aaguid = row
    parts = (one.bytes, account.bytes, aaguid.bytes, bytes(credential_id), bytes(public_key))
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.digest(key, b"egide/key/" + text, "sha256")


class Keys:
    """Sign-in keys as they are shown: whose, if this keeper enrolled them. `demo`: software keys count."""

    def __init__(self, marks: Marks, *, demo: bool) -> None:
        self._marks = marks
        self._demo = demo

    def genuine(self, conn: Any, credential_id: bytes) -> dict[str, Any]:
        """A live sign-in key that this keeper enrolled; a row that somebody else wrote is not one."""
        key: dict[str, Any] | None = conn.execute("SELECT * FROM accounts.key_for(%s)", (credential_id,)).fetchone()
        if key is None:
            raise BadAssertion("unknown_key")
        row = (key["id"], key["account"], credential_id, bytes(key["public_key"]), key["aaguid"])
        if self._marks.version(row, bytes(key["mac"])) is None:
            raise BadAssertion("forged_key", key["account"])
        if not key["live"]:
            raise BadAssertion("unknown_key", key["account"])
        if key["aaguid"] == SOFTWARE_AAGUID and not self._demo:
            raise BadAssertion("software_key", key["account"])
        return key


def half_mac(key: bytes, plain: str) -> bytes:
    """What the base keeps of a half code."""
    return hmac.digest(key, b"egide/half-code/" + plain.encode(), "sha256")


class RescueSecrets:
    """A rescue's shared secret at rest: it opens for its row, account and end only."""

    def __init__(self, versions: Mapping[int, bytes]) -> None:
        self._versions = versions

    def seal(self, row: UUID, account: UUID, until: datetime, secret: bytes) -> bytes:
        """Under the newest version."""
        return sealing.seal(self._keys(row), secret, _bound(row, account, until))

    def unseal(self, row: UUID, account: UUID, until: datetime, sealed: bytes) -> bytes:
        """Raises sealing.CannotUnseal for a row that was moved, prolonged, or made by no keeper of this base."""
        return sealing.unseal(self._keys(row), sealed, _bound(row, account, until))

    def _keys(self, row: UUID) -> dict[int, bytes]:
        return {version: sealing.patient_key(key, "rescue", row) for version, key in self._versions.items()}


def _bound(row: UUID, account: UUID, until: datetime) -> bytes:
    return sealing.associated("accounts.rescue", "secret", row, f"{account.hex}/{int(until.timestamp())}")


class Remarking:
    """The renewal: living rescues first, then every sign-in key, a slice at a time.

    A key that the trail never saw handed out is not marked anew, whatever its mark: with a stolen version of `enrol`
    and a hand in the base, somebody may have written it. Once the former version is retired it signs nobody in.
    """

    def __init__(self, conn: Any, keys: Masters) -> None:
        self._conn = conn
        self._versions, self._newest = keys.keys[NAME], keys.live(NAME)
        self._since = datetime.fromtimestamp(keys.since[NAME], UTC)
        self._marks, self._secrets = Marks(self._versions), RescueSecrets(self._versions)
        self.unreadable: dict[str, int] = {}

    def left(self) -> int:
        """Keys and rescues under a former version, and codes that live since before the newest."""
        codes = self._one("SELECT accounts.codes_before(%s) AS n", (self._since,))
        codes += len(self._stations()[0])
        return codes + len(self._opened(self._rescues())) + sum(len(self._former(rows)) for rows in self._slices())

    def run(self) -> Iterator[int]:
        """Yields how many each slice brought over. `unreadable`: codes, and rows that nobody here made."""
        self.unreadable = {}
        yield self._reseal_rescues()
        yield self._remark_stations()
        for rows in self._slices():
            former = self._former(rows)
            self._name_strangers(rows)
            if former:
                yield self._one(
                    "SELECT accounts.remark(%s, %s, %s) AS n",
                    ([row["id"] for row in former], [row["mac"] for row in former],
                     [self._marks.new(_covered(row)) for row in former]),
                )  # fmt: skip
        codes = self._one("SELECT accounts.codes_before(%s) AS n", (self._since,))
        if codes:
            self.unreadable["accounts.invitation"] = codes

    def _stations(self) -> tuple[list[tuple[UUID, bytes, bytes]], int]:
        """Living workstations that somebody approved, marked by a former version (id, mark, the new one).

        And how many nobody approved, or no version of here marked.
        """
        newest = self._versions[self._newest]
        former = [key for version, key in self._versions.items() if version != self._newest]
        found: list[tuple[UUID, bytes, bytes]] = []
        strange = 0
        for row in self._conn.execute("SELECT * FROM accounts.stations_marked()").fetchall():
            covered = (row["id"], row["site"], bytes(row["point"]))
            mac = bytes(row["mac"])
            fresh = station_mark(newest, *covered)
            if row["told"] and any(hmac.compare_digest(station_mark(key, *covered), mac) for key in former):
                found.append((row["id"], mac, fresh))
            elif not (row["told"] and hmac.compare_digest(fresh, mac)):
                strange += 1
        return found, strange

    def _remark_stations(self) -> int:
        moved, strange = self._stations()
        if strange:
            self.unreadable["accounts.workstation"] = strange
        if not moved:
            return 0
        ids, old, new = (list(column) for column in zip(*moved, strict=True))
        return self._one("SELECT accounts.remark_stations(%s, %s, %s) AS n", (ids, old, new))

    def _slices(self) -> Iterator[list[dict[str, Any]]]:
        after = _FIRST
        while rows := self._conn.execute("SELECT * FROM accounts.keys_slice(%s, %s)", (after, SLICE)).fetchall():
            after = rows[-1]["id"]
            yield rows

    def _former(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = ((row, self._marks.version(_covered(row), bytes(row["mac"]))) for row in rows)
        return [row for row, version in found if version not in (None, self._newest) and row["told"]]

    def _name_strangers(self, rows: list[dict[str, Any]]) -> None:
        strange = [
            row for row in rows if not row["told"] or self._marks.version(_covered(row), bytes(row["mac"])) is None
        ]
        if strange:
            self.unreadable["accounts.key"] = self.unreadable.get("accounts.key", 0) + len(strange)

    def _rescues(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._conn.execute(
            "SELECT * FROM accounts.rescues_under_former(%s)", (self._newest,)
        ).fetchall()
        return rows

    def _opened(self, rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], bytes]]:
        """Those of these rescues that somebody here made, each with its secret."""
        found: list[tuple[dict[str, Any], bytes]] = []
        for row in rows:
            with suppress(sealing.CannotUnseal):
                found.append((row, self._secrets.unseal(*_place(row), bytes(row["secret"]))))
        return found

    def _reseal_rescues(self) -> int:
        rows = self._rescues()
        opened = self._opened(rows)
        strange = len(rows) - len(opened)
        if strange:
            self.unreadable["accounts.rescue"] = strange
        if not opened:
            return 0
        moved = [(row["id"], bytes(row["secret"]), self._secrets.seal(*_place(row), plain)) for row, plain in opened]
        ids, old, new = (list(column) for column in zip(*moved, strict=True))
        return self._one("SELECT accounts.reseal_rescues(%s, %s, %s) AS n", (ids, old, new))

    def _one(self, query: str, parameters: tuple[Any, ...]) -> int:
        return int(self._conn.execute(query, parameters).fetchone()["n"])


def _place(row: Mapping[str, Any]) -> tuple[UUID, UUID, datetime]:
    return row["id"], row["account"], row["until"]


def _covered(row: Mapping[str, Any]) -> Row:
    return row["id"], row["account"], bytes(row["credential_id"]), bytes(row["public_key"]), row["aaguid"]
