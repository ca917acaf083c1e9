"""What may be asked for, when it is due, what a request is worth."""

from datetime import UTC, datetime, timedelta

import pytest

from egide.orders.rules import KINDS, USUAL, due, kept_together, refused_wish, state, usual
from egide.ui.words import word

NOW = datetime(2026, 11, 24, 8, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "said"),
    [(timedelta(minutes=-6), "past"), (timedelta(minutes=-4), None), (timedelta(days=30), None),
     (timedelta(days=30, seconds=1), "wish_too_far")],
)  # fmt: skip
def test_an_examination_is_wished_from_now_to_thirty_days(after: timedelta, said: str | None) -> None:
    assert refused_wish(NOW + after, NOW) == said
    assert refused_wish(None, NOW) is None


def test_an_urgent_one_is_due_within_the_hour_whatever_was_wished() -> None:
    later = NOW + timedelta(days=2)
    assert due("imaging", True, later, NOW) == NOW + timedelta(hours=1)
    assert due("imaging", False, later, NOW) == later
    assert due("laboratory", False, None, NOW) == NOW + timedelta(hours=4)
    assert due("imaging", False, None, NOW) == NOW + timedelta(hours=24)
    assert due("imaging", False, NOW - timedelta(minutes=3), NOW) == NOW


def test_a_request_is_where_its_furthest_step_is() -> None:
    assert [state(steps) for steps in ([], ["done"], ["done", "reported"], ["done", "cancelled"])] == [
        "asked", "done", "reported", "cancelled",
    ]  # fmt: skip


def test_codes_are_kept_once_in_the_lists_order() -> None:
    assert kept_together(["crp", "nfs", "crp", "elsewhere"], "laboratory") == "nfs crp"


def test_every_usual_examination_and_group_has_its_words_and_a_place_of_its_own() -> None:
    every = [code for kind in KINDS for code in usual(kind)]
    assert len(every) == len(set(every))
    assert [code for code in every if word(code, "examination") == code] == []
    assert [group for kind in KINDS for group in USUAL[kind] if word(group, "examination_group") == group] == []
    longest = max(len(" ".join(sorted(usual(kind), key=len)[-12:])) for kind in KINDS)
    assert longest <= 200  # the column
