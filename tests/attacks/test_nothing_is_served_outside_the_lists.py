"""Attack 27: administration, debug, files, traversal, foreign hosts, other methods, unknown fields."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def ways(drilled: dict[int, Story]) -> Story:
    return drilled[27]


def test_routes_forms_and_files_are_exactly_the_lists(ways: Story) -> None:
    assert not ways.broken("la liste", "champs du formulaire", "aucun lien")


def test_each_route_answers_its_own_methods_only(ways: Story) -> None:
    assert not ways.broken("ses méthodes")


def test_nothing_stands_where_administration_debug_or_files_would(ways: Story) -> None:
    assert ways.r == 0
    assert not ways.broken("administration", "sans session", "trace")


def test_host_method_and_origin_tricks_are_refused(ways: Story) -> None:
    assert not ways.broken("hôte", "mandataire", "aucune méthode", "envoi", "CSRF")


def test_unknown_fields_have_no_effect(ways: Story) -> None:
    assert not ways.broken("champs inconnus", "champ inconnu", "redirection")


def test_what_is_sent_to_break_a_page_gets_a_sentence(ways: Story) -> None:
    assert not ways.broken("casse", "pages d'erreur")


def test_every_chart_that_was_shown_is_in_the_trail(ways: Story) -> None:
    assert ways.recorded, ways.broken("dossier montré")
