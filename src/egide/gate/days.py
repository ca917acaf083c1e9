"""The people a unit of mine expects on one day, opened as one list: by the appointments that link them to it."""

import functools
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from egide.accounts.session import View, answered, cookie_of, who
from egide.gate import opening
from egide.gate.decorators import same_origin
from egide.gate.reading import Read, Rows, fetch_with
from egide.kernel.capabilities import Refused, Roster

P = ParamSpec("P")
MOST = 200


def asked_day(request: HttpRequest) -> date:
    """`?jour=2026-11-24`, today without it; Refused(`bad_request`) for what is no day."""
    text = request.GET.get("jour", "")
    try:
        return date.fromisoformat(text) if text else timezone.localdate()
    except ValueError:
        raise Refused("bad_request") from None


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """From midnight to midnight, by the clinic's clock."""
    zone = timezone.get_default_timezone()
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def expected(unit_id: UUID, day: date) -> Read[list[UUID]]:
    """Who is expected in a unit of mine on one day: ids, at most 200; nobody in a unit that is not mine."""

    def decode(rows: Rows) -> list[UUID]:
        return [row[0] for row in rows]

    return Read("SELECT door.expected(%s, %s, %s)", (unit_id, *day_bounds(day)), decode)


def opens_day(
    read: tuple[str, ...],
) -> Callable[[Callable[Concatenate[HttpRequest, Roster, UUID, date, P], HttpResponse]], View]:
    """The view opens whom a unit expects on the day asked for (at most 200), for reading, as one line of the trail.

    The URL carries `unit`. Where nobody is expected the roster is empty.
    """

    def decorate(view: Callable[Concatenate[HttpRequest, Roster, UUID, date, P], HttpResponse]) -> View:
        @functools.wraps(view)
        def opened(request: HttpRequest, unit: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def run() -> HttpResponse:
                cookie = cookie_of(request)
                actor, ticket = who(cookie)
                request.actor = actor  # type: ignore[attr-defined]
                day = asked_day(request)
                if unit not in actor.units:
                    # asked of the keeper all the same: its refusal is a line of the trail
                    opening.open_unit(cookie, unit, "agenda", read, (), same_origin(request))
                    raise Refused("not_your_unit")
                (ids,) = fetch_with(ticket, expected(unit, day))
                roster = opening.open_people(cookie, ids, "agenda", read) if ids else opening.nobody(actor, ticket)
                roster = replace(roster, truncated=len(ids) >= MOST)
                return view(request, roster, unit, day, *args, **kwargs)

            return answered(request, run)

        opened.gate = ("roster", read, (), "unit, agenda")  # type: ignore[attr-defined]
        return opened

    return decorate
