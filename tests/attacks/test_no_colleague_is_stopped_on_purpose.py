"""Attack 25: a colleague is made to look guilty, or her key and session are worn out; she goes on working."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def framed(drilled: dict[int, Story]) -> Story:
    return drilled[25]


def test_she_goes_on_and_signs_in_again_after_each_bait(framed: Story) -> None:
    assert not framed.broken("elle continue")


def test_floods_of_challenges_and_unfinished_requests_stop_nobody(framed: Story) -> None:
    assert not framed.broken("marée", "ne finissent pas")


def test_an_emergency_access_that_ends_freezes_nobody(framed: Story) -> None:
    assert not framed.broken("vient de finir")


def test_her_key_puts_her_back_to_work_after_a_copied_cookie(framed: Story) -> None:
    assert not framed.broken("sa clé la remet")


def test_a_copied_cookie_does_not_freeze_its_owner(framed: Story) -> None:
    assert not framed.broken("cookie copié")


def test_the_false_assertions_are_in_the_trail(framed: Story) -> None:
    assert framed.recorded
