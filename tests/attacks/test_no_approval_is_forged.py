"""Attack 23: a yes that was never given, or was given to something else."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def forged(drilled: dict[int, Story]) -> Story:
    return drilled[23]


def test_no_forged_yes_opens_a_chart(forged: Story) -> None:
    assert forged.r == 0
    assert not forged.broken("aucune approbation forgée", "encadrer")


def test_each_is_refused_within_a_second(forged: Story) -> None:
    assert forged.t <= 1.0


def test_each_that_reaches_the_keeper_is_in_the_trail(forged: Story) -> None:
    assert forged.recorded, forged.broken("dans la trace")


def test_honest_approvals_go_through_before_and_after(forged: Story) -> None:
    assert not forged.broken("fausse alerte", "ne ferme pas l'accès")
