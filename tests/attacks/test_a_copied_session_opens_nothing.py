"""Attack 2: a session's cookie, and all that passed with it, replayed from another workstation."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def copied(drilled: dict[int, Story]) -> Story:
    return drilled[2]


def test_no_address_opens_to_a_copy_at_any_instant(copied: Story) -> None:
    assert copied.r == 0
    assert copied.t <= 1
    assert not copied.broken("premier essai", "rien n'est ouvert", "témoin", "copie n'ouvre")


def test_the_live_channel_tells_a_copy_nothing(copied: Story) -> None:
    assert not copied.broken("canal direct")


def test_a_copy_stops_nobody(copied: Story) -> None:
    assert not copied.broken("travaille toujours")


def test_every_sort_of_copy_is_in_the_trail(copied: Story) -> None:
    assert copied.recorded


def test_an_owner_who_changes_address_is_asked_nothing(copied: Story) -> None:
    assert not copied.broken("fausse alerte")
