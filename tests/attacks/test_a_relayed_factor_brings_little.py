"""Attack 3: a key signs for the place it sees; a relayed code brings ten of the victim's own patients."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def relayed(drilled: dict[int, Story]) -> Story:
    return drilled[3]


def test_a_relayed_assertion_opens_nothing(relayed: Story) -> None:
    assert not relayed.broken("clé relayée")


def test_a_code_opens_nothing_unless_a_rescue_was_opened_and_serves_once(relayed: Story) -> None:
    assert not relayed.broken("sans session de secours", "ne sert pas deux fois")


def test_a_relayed_code_brings_ten_patients_a_quarter_of_an_hour(relayed: Story) -> None:
    assert relayed.r <= 10
    assert not relayed.broken("dix patients", "aucune liste", "voleur patient", "au-delà de la limite")
    assert relayed.t <= 15 * 60


def test_the_victim_is_told_and_closing_it_cuts_the_thief(relayed: Story) -> None:
    assert relayed.recorded
    assert not relayed.broken("avertie", "coupe le voleur")


def test_the_rescued_persons_morning_goes_on(relayed: Story) -> None:
    assert not relayed.broken("fausse alerte")
