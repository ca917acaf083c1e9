"""Attack 10: a live session prints what it may open, each person a row; a walk over units brings thirty at most."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def printing(drilled: dict[int, Story]) -> Story:
    return drilled[10]


def test_nothing_of_elsewhere_is_printed_without_a_shift(printing: Story) -> None:
    assert not printing.broken("d'ailleurs")


def test_a_sheet_shows_no_more_people_than_beds_and_a_round_prints(printing: Story) -> None:
    assert not printing.broken("lits", "fausse alerte")


def test_each_printed_person_is_in_the_trail(printing: Story) -> None:
    assert printing.recorded
    assert not printing.broken("dans la trace")


def test_shift_after_shift_brings_no_more_than_thirty_charts(printing: Story) -> None:
    assert printing.r <= 30
    assert not printing.broken("hors du service", "plus rien après")


def test_no_address_answers_with_a_file(printing: Story) -> None:
    assert not printing.broken("aucune adresse")
