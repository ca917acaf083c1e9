"""Attack 20: the lost key, the help desk, the code on paper; a lost key dies at once, its owner is back at work."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def recovery(drilled: dict[int, Story]) -> Story:
    return drilled[20]


def test_nobody_gets_somebody_elses_key(recovery: Story) -> None:
    assert recovery.r == 0
    assert not recovery.broken("clé d'un autre")
    assert recovery.recorded


def test_a_lost_key_and_its_sessions_die_at_the_first_yes(recovery: Story) -> None:
    assert not recovery.broken("ne donnent plus rien", "reste morte")
    assert recovery.t <= 1


def test_the_owner_is_told_and_back_at_work(recovery: Story) -> None:
    assert not recovery.broken("avertie", "fausse alerte")
