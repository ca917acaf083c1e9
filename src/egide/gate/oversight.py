"""The trail as DPO and RSSI read it: lines by filters, counts by account, break-glasses, the monthly draw, one name.

Each question is answered by a function of `door` that writes who asked and what (ids and codes) before it answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest

from egide.gate.act_as import act_as
from egide.gate.acting import clean_transaction
from egide.gate.bands import DAY_P95, HOURS_OF_A_SHIFT
from egide.kernel.capabilities import Refused
from egide.ui.text import _lazy

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines: a period, and any of account, unit, patient, kind, purpose, basis; older than `before`."""

    since: datetime
    until: datetime
    account: UUID | None = None
    unit: UUID | None = None
    patient: UUID | None = None
    kind: str | None = None
    purpose: str | None = None
    basis: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `patient` is the pseudonym when the line names exactly one; `persons` how many it names."""

    id: int
    at: datetime
    kind: str
    account: UUID | None
    name: str | None
    profession: str | None
    unit: UUID | None
    persons: int
    patient: UUID | None
    purpose: str | None
    basis: str | None
    verdict: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """At most 50 lines, newest first, and how many answer in all (counted up to 1,000; one more means: above)."""

    lines: list[Line]
    total: int


COUNTED = 1_000
PAGE = 50


def trail(request: HttpRequest, asked: Asked) -> Lines:
    """The lines that answer; Refused(category_closed) unless the profession oversees the trail. Itself a line."""
    rows = answers(
        request,
        "SELECT * FROM door.trail(%s::timestamptz, %s::timestamptz, %s::uuid, %s::uuid, %s::uuid, %s::text, %s::text,"
        " %s::text, %s::bigint)",
        asked.since, asked.until, asked.account, asked.unit, asked.patient, asked.kind, asked.purpose, asked.basis,
        asked.before,
    )  # fmt: skip
    return Lines([Line(*row[1:]) for row in rows if row[1] is not None], rows[0][0])


@dataclass(frozen=True, slots=True)
class Busy:
    """Distinct persons that an account opened in each of the last 24 hours, oldest first, against its role's band."""

    account: UUID
    name: str
    profession: str
    site: UUID
    linked: list[int]
    unlinked: list[int]
    searches: int

    @property
    def hours(self) -> list[int]:
        """Both together."""
        return [one + other for one, other in zip(self.linked, self.unlinked, strict=True)]

    @property
    def persons(self) -> int:
        """Distinct persons in 24 hours."""
        return sum(self.hours)

    @property
    def outside(self) -> int:
        """Of these, outside any link."""
        return sum(self.unlinked)

    @property
    def band(self) -> int | None:
        """The role's 95th percentile of a day; None for a role without one."""
        return DAY_P95.get(self.profession)

    @property
    def band_hour(self) -> float | None:
        """Its share of one hour of a shift."""
        return self.band / HOURS_OF_A_SHIFT if self.band else None

    @property
    def over(self) -> bool:
        """Above the role's band."""
        return self.band is not None and self.persons > self.band

    @property
    def rank(self) -> float:
        """How near the band: what the board is sorted by. Without a band, every person counts as a tenth of one."""
        return self.persons / (self.band or 10)


def activity(request: HttpRequest) -> list[Busy]:
    """Accounts that opened somebody in the last 24 hours, nearest to their band first."""
    none = [0] * 24
    found = [
        Busy(account, name, profession, site, linked or none, unlinked or none, searches)
        for account, name, profession, site, linked, unlinked, searches in answers(
            request, "SELECT * FROM door.activity()"
        )
        if account is not None
    ]
    return sorted(found, key=lambda one: (-one.rank, one.name))


@dataclass(frozen=True, slots=True)
class Review:
    """One break-glass and what became of it. `late`: it has waited longer than 15 minutes."""

    entry: int
    at: datetime
    account: UUID
    name: str | None
    profession: str | None
    patient: UUID | None
    reason: str | None
    told: list[str]
    verdict: str | None
    reviewer: str | None
    reviewed_at: datetime | None
    late: bool


def reviews(request: HttpRequest) -> list[Review]:
    """Break-glasses of 60 days: late ones, waiting ones, then reviewed ones. For the DPO."""
    return [Review(*row) for row in answers(request, "SELECT * FROM door.reviews()") if row[0] is not None]


@dataclass(frozen=True, slots=True)
class Draw:
    """One month's draw: its seed, how many openings of how many units, how many were reviewed."""

    month: date
    seed: UUID
    at: datetime
    units: int
    openings: int
    reviewed: int
    to_explain: int


@dataclass(frozen=True, slots=True)
class ToExplain:
    """A drawn opening that the head of the unit asks to explain."""

    month: date
    unit: UUID
    entry: int
    at: datetime
    account: UUID
    name: str | None
    profession: str | None
    persons: int
    purpose: str | None
    basis: str | None
    reviewer: str | None


def draws(request: HttpRequest) -> tuple[list[Draw], list[ToExplain]]:
    """The draws of two years, newest first, and what heads of unit ask to explain. For the DPO."""
    draws_rows, asked = _questions(
        request, ("SELECT * FROM door.draws()", ()), ("SELECT * FROM door.drawn_to_explain()", ())
    )
    found = [Draw(*row) for row in _allowed(draws_rows) if row[0] is not None]
    return found, [ToExplain(*row) for row in asked]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn opening that waits for the head of its unit; no trait, and nobody's own."""

    id: int
    month: date
    unit: UUID
    at: datetime
    name: str | None
    profession: str | None
    persons: int
    patient: UUID | None
    purpose: str | None
    basis: str | None


def my_drawn(request: HttpRequest) -> list[Drawn]:
    """What waits for me."""
    return [Drawn(*row) for row in _rows(request, "SELECT * FROM door.my_drawn()")]


def draw_month(request: HttpRequest, month: date) -> None:
    """The draw of one month, once; each unit's openings wait for its reviewer."""
    act_as(request, "SELECT door.draw_month(%s::date)", month)


# Why the identity cell looks at who somebody is (RNIV); the DPO's reasons stand with the trail's filters.
IDENTITY_REASONS = {
    "homonym": _lazy("Homonymes à distinguer"),
    "possible_duplicate": _lazy("Doublon supposé"),
    "doubtful_identity": _lazy("Identité douteuse à vérifier"),
}


def name_patient(request: HttpRequest, patient: UUID, reason: str) -> None:
    """One patient to be named to the actor, for a reason: charged, written, open for fifteen minutes."""
    act_as(request, "SELECT door.name_patient(%s::uuid, %s)", patient, reason)


def review_drawn(request: HttpRequest, drawn: int, verdict: str) -> None:
    """The actor's conclusion on one drawn opening of her unit."""
    act_as(request, "SELECT door.review_drawn(%s::bigint, %s)", drawn, verdict)


def answers(request: HttpRequest, sql: str, *params: Any) -> Rows:
    """The rows without their first column, the code; Refused for any code but ok, once the refusal is written."""
    return _allowed(_rows(request, sql, *params))


def _allowed(rows: Rows) -> Rows:
    code = rows[0][0] if rows else "ok"
    if code != "ok":
        raise Refused(code)
    return [row[1:] for row in rows]


def _rows(request: HttpRequest, sql: str, *params: Any) -> Rows:
    """One committed question under the ticket of `who`; the request went through `@no_patient_data()`."""
    return _questions(request, (sql, params))[0]


def _questions(request: HttpRequest, *asked: tuple[str, Sequence[Any]]) -> list[Rows]:
    """Several questions in one transaction under the ticket of `who`, committed together."""
    found: list[Rows] = []
    with clean_transaction(request.own_ticket), connection.cursor() as cursor:  # type: ignore[attr-defined]
        for sql, params in asked:
            cursor.execute(sql, list(params))
            found.append(list(cursor.fetchall()))
    return found
