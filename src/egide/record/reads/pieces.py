"""Pieces of SQL and values that every read of the record shares."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from egide.kernel.capabilities import Capability

AUTHOR = "nullif(concat_ws(' ', nullif({0}.title, ''), {0}.given, {0}.family), '')"
# An error ends a fact: with `r` the fact's row, this column and these joins tell who said so, when and why.
ERROR = (
    "CASE WHEN e.id IS NOT NULL THEN ROW(e.id, e.patient_id, e.category, e.recorded_at,"
    f" {AUTHOR.format('f')}, e.reason, e.replaced_by IS NOT NULL) END"
)
JOINS = (
    " LEFT JOIN directory_professional p ON p.id = r.author"
    " LEFT JOIN record_amendment e ON e.patient_id = r.patient_id AND e.target = r.id AND e.kind = 'error'"
    " LEFT JOIN directory_professional f ON f.id = e.author"
)
# For reads that show only what stands: nothing ended the row as an error.
STANDS = (
    "NOT EXISTS (SELECT 1 FROM record_amendment e WHERE e.patient_id = r.patient_id AND e.target = r.id"
    " AND e.kind = 'error')"
)
WRITER = AUTHOR.format("p")
# For what may also be over: neither an error nor ended.
ACTIVE = STANDS.replace(" AND e.kind = 'error')", ")")
OVER = " LEFT JOIN record_amendment o ON o.patient_id = r.patient_id AND o.target = r.id AND o.kind = 'over'"
NEVER = datetime.max.replace(tzinfo=UTC)
Row = tuple[Any, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Dated facts, newest first, complete down to the instant `end`, itself included; None: there are no older ones."""

    found: list[T]
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Mistake:
    """Who said that a fact was entered in error, when and why; `replaced` when another row stands in its place."""

    at: datetime
    author: str | None
    reason: str | None
    replaced: bool

    @classmethod
    def of(cls, cap: Capability, found: Row | None) -> "Mistake | None":
        """From the column ERROR; None when nobody said so."""
        if found is None:
            return None
        row_id, patient_id, category, at, author, reason, replaced = found
        said = cap.unseal(category, patient_id, "record_amendment", "reason", row_id, reason) if reason else None
        return cls(at, author, said, replaced)
