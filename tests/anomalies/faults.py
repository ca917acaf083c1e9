"""Django's nth statement fails: the disk is full, or the request's thread dies; all that an act may meet inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from egide.gate.tests.factories import Hospital

Told = TypeVar("Told")
MOST = 60


class Killed(BaseException):
    """Not an error that the code could catch: the request's thread is gone."""


@dataclass
class Seen:
    """How many statements went through Django's cursors (BEGIN and COMMIT are the driver's own)."""

    count: int = 0


@contextmanager
def failing(nth: int, *, dead: bool = False) -> Iterator[Seen]:
    """The nth statement from now raises instead of being sent: OperationalError, or Killed when `dead`."""
    from django.db import OperationalError, connection

    seen = Seen()

    def wrapper(execute: Callable[..., Any], *args: Any) -> Any:
        seen.count += 1
        if seen.count == nth:
            raise Killed if dead else OperationalError("disk full")
        return execute(*args)

    with connection.execute_wrapper(wrapper):
        yield seen


@contextmanager
def ending(hospital: Hospital, opening: int) -> Iterator[None]:
    """The opening's lease ends just before each INSERT is sent."""
    from django.db import connection

    def wrapper(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if "INSERT" in sql:
            hospital.sql("DELETE FROM gate.lease WHERE opening = %s", opening)
        return execute(sql, *args)

    with connection.execute_wrapper(wrapper):
        yield


def failing_each(act: Callable[[], Told], state: Callable[[], Any], *, dead: bool = False) -> tuple[int, Told]:
    """Runs the act with its 1st, 2nd, … statement failing until it passes; the state is as before each time.

    How many statements it makes, and what it said in the end.
    """
    from django.db import OperationalError, close_old_connections, connection

    before = state()
    for nth in range(1, MOST):
        try:
            with failing(nth, dead=dead):
                told = act()
        except (OperationalError, Killed):
            (connection.close if dead else close_old_connections)()
            assert state() == before, f"statement {nth}"
        else:
            return nth - 1, told
    raise AssertionError("the act never passed")
