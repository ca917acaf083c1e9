"""Attack 24: everything at the same instant, fifty times over; never one above what is allowed."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def races(drilled: dict[int, Story]) -> Story:
    return drilled[24]


def test_fifty_openings_at_once_are_counted_exactly_and_recorded(races: Story) -> None:
    assert races.r == 0
    assert races.recorded
    assert not races.broken("la bourse compte", "deux onglets", "aucun dossier étranger")


def test_one_act_approved_eight_times_at_once_happens_once(races: Story) -> None:
    assert not races.broken("accès d'urgence")


def test_one_assertion_or_one_challenge_gives_one_session(races: Story) -> None:
    assert not races.broken("assertion", "même défi")


def test_never_one_shift_nor_one_search_above(races: Story) -> None:
    assert not races.broken("cinq postes", "recherches à la fois")


def test_nothing_opens_after_sign_out_in_the_race(races: Story) -> None:
    assert not races.broken("après la déconnexion")


def test_three_refusals_at_once_freeze_as_three_in_turn(races: Story) -> None:
    assert not races.broken("trois refus", "rafale")


def test_a_doubled_click_takes_one_shift(races: Story) -> None:
    assert not races.broken("clics doublés")
