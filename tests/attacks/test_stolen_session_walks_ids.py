"""Attack 6: a thief with a nurse's session walks every route with the ids of the other unit's patients."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def walk(drilled: dict[int, Story]) -> Story:
    return drilled[6]


def test_no_route_gives_anybody_of_the_other_unit(walk: Story) -> None:
    assert walk.r == 0
    assert not walk.broken("aucune route gardée", "aucune erreur interne", "session gelée")


def test_a_foreign_id_and_an_unknown_one_answer_alike(walk: Story) -> None:
    assert not walk.broken("même réponse")


def test_the_third_denial_freezes_the_session_within_a_second(walk: Story) -> None:
    assert walk.t <= 1.0
    assert not walk.broken("gèle la session", "deux refus")


def test_stale_bookmarks_and_hostile_images_freeze_nobody(walk: Story) -> None:
    assert not walk.broken("personne n'est gelé", "session de la victime")


def test_the_counter_of_persons_is_not_blind(walk: Story) -> None:
    assert not walk.broken("le compteur voit")


def test_every_refusal_is_in_the_trail(walk: Story) -> None:
    assert walk.recorded, walk.broken("dans la trace")
