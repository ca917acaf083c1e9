"""Many hands at the same instant: threads that wait for each other, then all ask at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from egide.rehearsal.drill.stage import Steady
from egide.rehearsal.signin import Answer, Visitor

One = TypeVar("One")
Found = TypeVar("Found")


def at_once(work: Sequence[One], act: Callable[[One], Found]) -> list[Found | None]:
    """Do `act` on each piece, all starting together; in the order of `work`, None where it raised OSError."""
    start = threading.Barrier(len(work))
    found: list[Found | None] = [None] * len(work)

    def hand(place: int) -> None:
        start.wait()
        try:
            found[place] = act(work[place])
        except OSError:
            found[place] = None

    hands = [threading.Thread(target=hand, args=(place,)) for place in range(len(work))]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    return found


def copies(visitor: Visitor, number: int) -> list[Visitor]:
    """The same session and CSRF token in other hands, each with a connection of its own."""
    return [Steady(visitor.base_url, visitor.cookies, visitor.workstation) for _ in range(number)]


def get_all(visitor: Visitor, paths: Sequence[str]) -> list[Answer | None]:
    """Ask for all these addresses at the same instant, as one session; a copy's own connection each."""
    hands = copies(visitor, len(paths))
    try:
        return at_once(list(zip(hands, paths, strict=True)), lambda one: one[0].get(one[1]))
    finally:
        for hand in hands:
            hand.close()


def post_all(visitor: Visitor, posts: Sequence[tuple[str, dict[str, Any]]]) -> list[Answer | None]:
    """The same with POST: (address, form or JSON). A dict under the key "json" is sent as JSON."""
    hands = copies(visitor, len(posts))

    def send(one: tuple[Visitor, tuple[str, dict[str, Any]]]) -> Answer:
        hand, (path, body) = one
        return hand.post(path, json_body=body["json"]) if set(body) == {"json"} else hand.post(path, body)

    try:
        return at_once(list(zip(hands, posts, strict=True)), send)
    finally:
        for hand in hands:
            hand.close()


def statuses(answers: Sequence[Answer | None]) -> list[int]:
    """Their status, 0 for none."""
    return [one.status if one else 0 for one in answers]
