"""Work lists: people whom an event put before my profession, opened as one roster; done, or not to be done."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from egide.accounts.session import View, answered, cookie_of, who
from egide.gate import opening
from egide.gate.act_as import act_as
from egide.gate.reading import Read, Rows, fetch_with
from egide.kernel.capabilities import Roster

P = ParamSpec("P")
# What a roster holds (gate.limits): more lines than that, and a page says so.
MOST = 200


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do about one person. `late`: it should be done already; `object`: what somebody asked for."""

    id: int
    list: str
    patient: UUID
    unit: UUID | None
    opened_at: datetime
    due_at: datetime
    late: bool
    object: UUID | None = None
    urgent: bool = False


def my_work() -> Read[list[Task]]:
    """What waits for my profession on my site and for my units, urgent first; under any ticket of mine.

    At most 201: one more than `MOST` says that there are others.
    """

    def decode(rows: Rows) -> list[Task]:
        return [Task(*row) for row in rows]

    return Read(
        "SELECT id, list, patient, unit, opened_at, due_at, late, object, urgent FROM door.my_work()", (), decode
    )


def close(request: HttpRequest, task: int, outcome: str, reason: str | None) -> None:
    """`outcome` is done, or skipped for a reason; the chart closes to this list with it."""
    act_as(request, "SELECT door.close_task(%s, %s, %s)", task, outcome, reason)


def opens_work(
    read: tuple[str, ...], *, asked: bool = False, purpose: str = "work_list"
) -> Callable[[Callable[Concatenate[HttpRequest, Roster, list[Task], P], HttpResponse]], View]:
    """The view opens everybody on the work list as one line of the trail; an empty list opens nobody.

    The first 200 lines; the roster is `truncated` when there are more. `asked`: the lines that a request of somebody's
    made (an examination), else those that an event made.
    """

    def decorate(view: Callable[Concatenate[HttpRequest, Roster, list[Task], P], HttpResponse]) -> View:
        @functools.wraps(view)
        def opened(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            def run() -> HttpResponse:
                cookie = cookie_of(request)
                actor, ticket = who(cookie)
                (found,) = fetch_with(ticket, my_work())
                tasks = [task for task in found[:MOST] if (task.object is not None) is asked]
                ids = list(dict.fromkeys(task.patient for task in tasks))
                roster = opening.open_people(cookie, ids, purpose, read) if ids else opening.nobody(actor, ticket)
                roster = replace(roster, truncated=len(found) > MOST)
                request.actor = roster.actor  # type: ignore[attr-defined]
                return view(request, roster, tasks, *args, **kwargs)

            return answered(request, run)

        opened.gate = ("roster", read, (), purpose)  # type: ignore[attr-defined]
        return opened

    return decorate
