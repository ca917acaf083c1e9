"""Lists that are mine: everybody present in my units, opened as one roster; and what waits for me."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from egide.accounts.session import View, answered, cookie_of, keeper, who
from egide.gate import opening
from egide.gate.reading import Read, Rows
from egide.kernel.capabilities import Refused, Roster

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for me, in numbers."""

    drawn: int
    reviews_late: int
    reviews_waiting: int
    to_explain: int


def opens_mine(
    read: tuple[str, ...], purpose: str
) -> Callable[[Callable[Concatenate[HttpRequest, Roster, P], HttpResponse]], View]:
    """The view opens everybody present in the actor's units (at most 200), as one line of the trail.

    Where nobody is there, or the profession reads nobody through a stay, the roster is empty and holds the ticket of
    `who`: what concerns the actor alone can still be read.
    """

    def decorate(view: Callable[Concatenate[HttpRequest, Roster, P], HttpResponse]) -> View:
        @functools.wraps(view)
        def opened(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def run() -> HttpResponse:
                roster = _open(cookie_of(request), read, purpose)
                request.actor = roster.actor  # type: ignore[attr-defined]
                return view(request, roster, *args, **kwargs)

            return answered(request, run)

        opened.gate = ("roster", read, (), purpose)  # type: ignore[attr-defined]
        return opened

    return decorate


def _open(cookie: str, read: tuple[str, ...], purpose: str) -> Roster:
    try:
        answer = keeper().call("open", cookie=cookie, list="mine", purpose=purpose, read=list(read), write=[])
    except Refused as refusal:
        if refusal.code != "nobody":
            raise
        return opening.nobody(*who(cookie))
    return opening.roster_from(answer, None)


def waiting() -> Read[Waiting]:
    """What waits for me, under any ticket of mine."""

    def decode(rows: Rows) -> Waiting:
        return Waiting(*rows[0])

    return Read("SELECT drawn, reviews_late, reviews_waiting, to_explain FROM door.my_day()", (), decode)


@dataclass(frozen=True, slots=True)
class OpenChart:
    """One chart that this session holds open, and until when unless it is used."""

    patient: UUID
    until: datetime


def my_openings() -> Read[list[OpenChart]]:
    """The charts this session holds open, the latest first, at most eight."""

    def decode(rows: Rows) -> list[OpenChart]:
        return [OpenChart(*row) for row in rows]

    return Read("SELECT patient, until FROM door.my_openings()", (), decode)
