"""People who work here, as whoever answers for them reads them; acts that wait for a yes; notices about an account.

Answered by functions of `door`, under the ticket of `who`; no patient stands in any of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from egide.accounts.session import cookie_of, keeper
from egide.gate.act_as import act_as
from egide.gate.oversight import answers
from egide.gate.reading import Read, Rows

PAGE = 50


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the staff. `state`: working, waiting, suspended, ended, none (no current profession)."""

    id: UUID
    username: str
    name: str
    profession: str
    site: UUID
    units: list[UUID]
    state: str
    keys: int
    duties: list[str]


@dataclass(frozen=True, slots=True)
class Staff:
    """At most fifty lines by family name, and how many answer in all."""

    members: list[Member]
    total: int


@dataclass(frozen=True, slots=True)
class Filters:
    """Which people; None or empty for any."""

    text: str = ""
    profession: str | None = None
    site: UUID | None = None
    unit: UUID | None = None
    state: str | None = None
    page: int = 0


def staff(request: HttpRequest, asked: Filters) -> Staff:
    """The people that answer; Refused(category_closed) for whoever answers for nobody."""
    found = answers(
        request, "SELECT * FROM door.staff(%s::text, %s::text, %s::uuid, %s::uuid, %s::text, %s::int)",
        asked.text, asked.profession, asked.site, asked.unit, asked.state, asked.page,
    )  # fmt: skip
    return Staff([Member(*row[1:]) for row in found if row[1] is not None], found[0][0] or 0)


@dataclass(frozen=True, slots=True)
class Held:
    """A profession held in a unit (or in none) for a time.

    Of an administrator: `site` or `everywhere`, when his office is over others than his account's.
    """

    id: int
    profession: str
    unit: UUID | None
    since: datetime
    until: datetime | None
    site: UUID | None = None
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A sign-in key; `label` names a spare one of the unit."""

    id: UUID
    label: str
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Duty:
    """A responsibility: cadre or chief of a unit, guard of a site."""

    id: UUID
    kind: str
    unit: UUID | None
    site: UUID
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """One person whole. `roles`: what the reader is with regard to her (accounts/rules.py)."""

    account: UUID
    username: str
    name: str
    site: UUID
    rpps: str
    created_at: datetime
    suspended_at: datetime | None
    ended_at: datetime | None
    sessions: int
    invited_until: datetime | None
    roles: list[str]
    memberships: list[Held] = field(default_factory=list)
    keys: list[KeyLine] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)

    def current(self, now: datetime) -> list[Held]:
        """Professions held now."""
        return [one for one in self.memberships if one.since <= now and (one.until is None or one.until > now)]

    def later(self, now: datetime) -> bool:
        """Whether something granted has not begun: it can be called off."""
        return any(one.since > now for one in self.memberships) or any(one.since > now for one in self.duties)

    def state(self, now: datetime) -> str:
        """As `Member.state`."""
        if self.ended_at:
            return "ended"
        if self.suspended_at:
            return "suspended"
        if self.current(now):
            return "working"
        return "waiting" if any(one.since > now for one in self.memberships) else "none"

    def living_keys(self, now: datetime) -> int:
        """Keys that sign her in."""
        return sum(one.revoked_at is None and (one.expires_at is None or one.expires_at > now) for one in self.keys)


def person(request: HttpRequest, account: UUID) -> Person:
    """One person; Refused(category_closed) for one whom the reader does not answer for, known or not."""
    found = answers(request, "SELECT * FROM door.person(%s)", account)[0][0]
    values: dict[str, Any] = found if isinstance(found, dict) else json.loads(found)
    invitation = values["invitation"] or {}
    return Person(
        account=UUID(values["account"]),
        username=values["username"],
        name=values["name"],
        site=UUID(values["site"]),
        rpps=values["rpps"] or "",
        created_at=datetime.fromisoformat(values["created_at"]),
        suspended_at=_instant(values["suspended_at"]),
        ended_at=_instant(values["ended_at"]),
        sessions=values["sessions"],
        invited_until=_instant(invitation.get("expires_at")),
        roles=values["roles"],
        memberships=[Held(**_typed(one) | {"id": one["id"]}) for one in values["memberships"]],
        keys=[KeyLine(**_typed(one)) for one in values["keys"]],
        duties=[Duty(**_typed(one)) for one in values["duties"]],
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Instants and ids of a JSON row as Python has them."""
    typed: dict[str, Any] = {}
    for name, value in row.items():
        if name in {"since", "until", "created_at", "revoked_at", "expires_at"}:
            typed[name] = _instant(value)
        elif name in {"id", "unit", "site"} and isinstance(value, str):
            typed[name] = UUID(value)
        else:
            typed[name] = value
    return typed


@dataclass(frozen=True, slots=True)
class Past:
    """One thing done to an account: what, by whom, under which act."""

    id: int
    at: datetime
    kind: str
    verdict: str | None
    reason: str | None
    purpose: str | None
    by_name: str | None
    profession: str | None
    unit: UUID | None


def history(request: HttpRequest, account: UUID, before: int | None = None) -> list[Past]:
    """At most fifty lines of the trail about one account, newest first."""
    found = answers(request, "SELECT * FROM door.person_history(%s, %s::bigint)", account, before)
    return [Past(*row) for row in found if row[0] is not None]


@dataclass(frozen=True, slots=True)
class LinkCount:
    """How many persons an account could open now by one basis, through one unit or by name (None)."""

    basis: str
    unit: UUID | None
    persons: int


def link_counts(request: HttpRequest, account: UUID) -> list[LinkCount]:
    """Numbers only; for an office."""
    found = answers(request, "SELECT * FROM door.link_counts(%s)", account)
    return [LinkCount(*row) for row in found if row[0] is not None]


@dataclass(frozen=True, slots=True)
class Act:
    """An act of two persons. `body`: its exact text. `mine`: I asked for it."""

    id: UUID
    kind: str
    body: Mapping[str, str]
    asked_name: str
    at: datetime
    expires_at: datetime
    mine: bool


def acts_waiting() -> Read[list[Act]]:
    """Those that I may approve, then those that I asked for."""

    def decode(found: Rows) -> list[Act]:
        return [
            Act(act, kind, json.loads(body), name, at, until, mine)
            for act, kind, body, _, name, at, until, mine in found
        ]

    return Read(
        "SELECT id, kind, body, asked_by, asked_name, at, expires_at, mine FROM door.acts_waiting()", (), decode
    )


@dataclass(frozen=True, slots=True)
class ActPage:
    """One act as its page shows it. `state`: to_sign, waiting, done, refused, ended. `why_not`: why I cannot sign.

    `beside`: another person's key may be put to this very screen.
    """

    act: Act
    state: str
    why_not: str | None
    yeses: int
    beside: bool


def act(request: HttpRequest, act_id: UUID) -> ActPage:
    """One act that I asked for or may approve; Refused(act_closed) for any other."""
    kind, body, name, at, until, mine, state, why_not, yeses, beside = answers(
        request, "SELECT * FROM door.act(%s)", act_id
    )[0]
    return ActPage(Act(act_id, kind, json.loads(body), name, at, until, mine), state, why_not, yeses, beside)


def ask(request: HttpRequest, kind: str, body: Mapping[str, str]) -> UUID:
    """Write an act down word for word, nothing signed; its id. Refused with why it cannot be, which is written too."""
    answer = keeper().call("act", step="ask", cookie=cookie_of(request), kind=kind, body=dict(body))
    return UUID(bytes=answer["act"])


def may_ask(kind: str) -> Read[bool]:
    """Whether I may ask for an act of this kind about my own site: what a page offers; each act is decided anew."""
    return Read("SELECT door.may_ask(%s)", (kind,), lambda rows: bool(rows[0][0]))


def my_sites() -> Read[list[UUID] | None]:
    """The sites my office as administrator is over; None when no such office limits me."""
    return Read("SELECT door.my_sites()", (), lambda rows: rows[0][0])


def refuse_act(request: HttpRequest, act_id: UUID) -> None:
    """Refuse an act that waits for my yes, or take my own back."""
    act_as(request, "SELECT door.refuse_act(%s)", act_id)


def read_account_notice(request: HttpRequest, notice: int) -> None:
    """I have read a notice about an account."""
    act_as(request, "SELECT door.read_account_notice(%s)", notice)


@dataclass(frozen=True, slots=True)
class AccountNotice:
    """What I am told about my account, or about another that I answer for."""

    id: int
    kind: str
    about: UUID
    about_name: str
    by_name: str
    act: UUID | None
    at: datetime
    read: bool
    mine: bool


def my_account_notices() -> Read[list[AccountNotice]]:
    """Sixty days of them, unread first."""

    def decode(found: Rows) -> list[AccountNotice]:
        return [
            AccountNotice(number, kind, about, about_name or "", by or "", act_id, at, read_at is not None, mine)
            for number, kind, about, about_name, by, act_id, at, read_at, mine in found
        ]

    return Read(
        "SELECT id, kind, about, about_name, by_name, act, at, read_at, mine FROM door.my_account_notices()", (), decode
    )


@dataclass(frozen=True, slots=True)
class AccountsWaiting:
    """What my day says of accounts: acts that wait for my yes, unread notices, whether I answer for somebody."""

    to_approve: int
    unread: int
    answers_for: bool


def accounts_waiting() -> Read[AccountsWaiting]:
    """The three in one statement."""
    return Read(
        "SELECT (SELECT count(*) FROM door.acts_waiting() WHERE NOT mine),"
        " (SELECT count(*) FROM door.my_account_notices() WHERE read_at IS NULL), door.sees_staff()",
        (),
        lambda found: AccountsWaiting(*found[0]),
    )
