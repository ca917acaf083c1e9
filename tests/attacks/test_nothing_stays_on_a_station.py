"""Attack 26, the part that HTTP can play; the browser's own part is tests/journeys/test_session_end.py."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def station(drilled: dict[int, Story]) -> Story:
    return drilled[26]


def test_no_page_may_be_kept(station: Story) -> None:
    assert not station.broken("témoin", "no-store", "revalidée", "télécharge", "historique")


def test_signing_out_empties_the_browser_and_is_recorded(station: Story) -> None:
    assert station.recorded
    assert not station.broken("vide cache", "retire le cookie", "page d'arrivée")


def test_a_locked_session_shows_nothing_and_its_owner_goes_on(station: Story) -> None:
    assert not station.broken("le verrou ferme", "le verrou est dans la trace", "rouvre la session")


def test_nothing_comes_back_after_it(station: Story) -> None:
    assert station.r == 0
    assert not station.broken("plus aucune page")


def test_no_script_writes_into_the_browser_s_stores(station: Story) -> None:
    assert not station.broken("aucun script", "htmx", "HttpOnly")


def test_the_next_person_works_at_once_on_what_is_hers(station: Story) -> None:
    assert not station.broken("fausse alerte", "précédente")
