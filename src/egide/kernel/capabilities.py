"""The three capabilities: what a page holds once the gate has opened something, and nothing more.

They are made in `egide.gate` only (a lint holds it); every read and act that touches a patient takes one first.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgpack

from egide.kernel import sealing


class Refused(Exception):
    """The gate or a rule says no: a code for the program, a sentence for the person."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message or code


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the keeper says: a person or an application, with profession, units and session grade."""

    account: UUID
    username: str
    name: str
    profession: str
    kind: str
    grade: str
    session: UUID
    site: UUID | None
    units: tuple[UUID, ...]


Keys = Mapping[tuple[UUID, str], Mapping[int, bytes]]


@dataclass(frozen=True, slots=True)
class Capability:
    """Common part: ids, categories, ticket, keys. `repr` shows neither ticket nor keys, so no log can hold them."""

    actor: Actor
    opening: int
    ids: tuple[UUID, ...]
    reads: frozenset[str]
    writes: frozenset[str]
    basis: str
    until: datetime
    ticket: str = field(repr=False)
    keys: Keys = field(repr=False)

    def may_read(self, category: str) -> bool:
        """Whether this opening covers reading the category."""
        return category in self.reads

    def may_write(self, category: str) -> bool:
        """Whether this opening covers writing the category."""
        return category in self.writes

    def seal(self, category: str, patient_id: UUID, table: str, column: str, row_id: UUID, value: Any) -> bytes:
        """Seal a msgpack-able value for this row and column; refuses a patient or category that was not opened."""
        plaintext: bytes = msgpack.packb(value, use_bin_type=True)
        return sealing.seal(
            self._keys(category, patient_id), plaintext, sealing.associated(table, column, row_id, category)
        )

    def unseal(self, category: str, patient_id: UUID, table: str, column: str, row_id: UUID, sealed: bytes) -> Any:
        """The value sealed for this row and column."""
        plaintext = sealing.unseal(
            self._keys(category, patient_id), bytes(sealed), sealing.associated(table, column, row_id, category)
        )
        return msgpack.unpackb(plaintext, raw=False)

    def row_id(self, category: str, patient_id: UUID, foreign_id: str) -> UUID:
        """A row id that the same foreign fact of the same patient always gets, and that tells nothing to others."""
        keys = self._keys(category, patient_id)
        digest = hmac.digest(keys[min(keys)], b"egide/row/" + foreign_id.encode(), "sha256")
        return UUID(bytes=digest[:16], version=5)

    def _keys(self, category: str, patient_id: UUID) -> Mapping[int, bytes]:
        try:
            return self.keys[(patient_id, category)]
        except KeyError:
            raise Refused("category_closed", "Cette catégorie de données n'est pas ouverte ici.") from None


@dataclass(frozen=True, slots=True)
class Chart(Capability):
    """One person (all the ids she has): what `@opens_chart` gives to a view."""

    @property
    def patient_id(self) -> UUID:
        """The surviving id: what writes use."""
        return self.ids[0]


@dataclass(frozen=True, slots=True)
class Roster(Capability):
    """A bounded list (at most 200 persons): a unit, an agenda, a search result."""

    list_id: UUID | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Batch(Capability):
    """A named, bounded job's slice (at most 200 persons)."""

    known: tuple[bool, ...] = ()
