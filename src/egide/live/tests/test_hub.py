"""Who is told what: units that moved, sessions that are over, and lines nobody reads."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.live.hub import CLOSE, DIE, PER_SESSION, UNTOLD, Full, Hub, Stream

HERE, THERE = uuid4(), uuid4()


class Keeper:
    """Answers what a test says: units by cookie, None for a session that is over, nothing when it is away."""

    def __init__(self, **answers: frozenset[UUID] | None) -> None:
        self.answers = answers

    async def ask(self, cookie: str) -> frozenset[UUID] | None:
        if cookie not in self.answers:
            raise ConnectionError
        return self.answers[cookie]


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


def told(stream: Stream) -> list[str]:
    found = []
    while not stream.told.empty():
        found.append(stream.told.get_nowait())
    return found


def test_a_unit_that_moves_is_told_to_those_who_work_there_and_to_nobody_else() -> None:
    async def story() -> None:
        hub = Hub(Keeper().ask)
        mine, other = hub.join(uuid4(), frozenset({HERE}), "a"), hub.join(uuid4(), frozenset({THERE}), "b")
        await hub.hear(f"unit {HERE}")
        assert (told(mine), told(other)) == ([f"changed {HERE}"], [])

    run(story())


def test_every_page_of_a_session_that_is_over_dies_and_no_other() -> None:
    async def story() -> None:
        hub, over = Hub(Keeper(a=None, b=frozenset()).ask), uuid4()
        pages = [hub.join(over, frozenset(), "a") for _ in range(3)]
        other = hub.join(uuid4(), frozenset(), "b")
        await hub.hear(f"session {over}")
        assert [told(page) for page in pages] == [[DIE]] * 3
        assert told(other) == []

    run(story())


def test_a_hint_about_a_session_that_lives_kills_nobody_and_brings_its_units() -> None:
    async def story() -> None:
        hub = Hub(Keeper(a=frozenset({THERE})).ask)
        page = hub.join(uuid4(), frozenset({HERE}), "a")
        await hub.hear(f"session {page.session}")
        assert told(page) == []
        await hub.hear(f"unit {HERE}")
        assert told(page) == []
        await hub.hear(f"unit {THERE}")
        assert told(page) == [f"changed {THERE}"]

    run(story())


def test_where_the_keeper_is_away_pages_are_left_to_ask_for_themselves() -> None:
    async def story() -> None:
        hub = Hub(Keeper().ask)
        page = hub.join(uuid4(), frozenset(), "a")
        await hub.hear(f"session {page.session}")
        assert told(page) == [CLOSE]

    run(story())


@pytest.mark.parametrize("payload", ["", "session", "session x", f"die {HERE}", "unit ' OR 1=1", f"unit {HERE} {HERE}"])
def test_what_is_no_hint_moves_nothing(payload: str) -> None:
    async def story() -> None:
        hub = Hub(Keeper(a=None).ask)
        page = hub.join(uuid4(), frozenset({HERE}), "a")
        await hub.hear(payload)
        assert told(page) == []

    run(story())


def test_a_session_has_so_many_lines_and_gets_one_back_when_a_page_goes() -> None:
    hub, session = Hub(Keeper().ask), uuid4()
    lines = [hub.join(session, frozenset(), "a") for _ in range(PER_SESSION)]
    with pytest.raises(Full):
        hub.join(session, frozenset(), "a")
    hub.join(uuid4(), frozenset(), "b")  # somebody else's are hers
    hub.leave(lines[0])
    hub.leave(lines[0])
    hub.join(session, frozenset(), "a")
    with pytest.raises(Full):
        hub.join(session, frozenset(), "a")


def test_a_page_that_reads_nothing_is_let_go() -> None:
    hub = Hub(Keeper().ask)
    page = hub.join(uuid4(), frozenset(), "a")
    for _ in range(UNTOLD):
        page.tell("changed")
    assert page.told.full()
    page.tell("changed")
    assert told(page) == [CLOSE]


def test_deaf_it_lets_everybody_go() -> None:
    hub = Hub(Keeper().ask)
    hub.open = True
    page = hub.join(uuid4(), frozenset(), "a")
    hub.deaf()
    assert (told(page), hub.open) == ([CLOSE], False)
