"""Attack 5: a hijacked session of an admission desk empties the base by the search, as fast as it is answered."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def scraping(drilled: dict[int, Story]) -> Story:
    return drilled[5]


def test_the_search_closes_itself_after_few_people_and_soon(scraping: Story) -> None:
    assert 0 < scraping.r <= 50
    assert scraping.t <= 10
    assert not scraping.broken("se ferme", "plus personne", "compteur")


def test_each_person_shown_is_in_the_trail_and_nothing_of_what_was_typed(scraping: Story) -> None:
    assert scraping.recorded
    assert not scraping.broken("inscrite", "aucune saisie", "n'ouvre aucun dossier")


def test_a_desk_finds_everybody_who_says_who_she_is(scraping: Story) -> None:
    assert not scraping.broken("un accueil trouve")
