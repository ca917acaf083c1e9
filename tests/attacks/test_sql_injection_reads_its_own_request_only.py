"""Attack 22: SQL at will on the web role's connection, without, with a false and with a true ticket."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def injection(drilled: dict[int, Story]) -> Story:
    return drilled[22]


def test_without_a_true_ticket_nothing_is_read_or_written(injection: Story) -> None:
    assert not injection.broken("sans ouverture, tout ordre", "faux ticket")


def test_an_opening_reads_and_writes_its_own_patients_only(injection: Story) -> None:
    assert not injection.broken("une ouverture", "n'écrit chez personne", "témoin")


def test_no_right_session_link_or_trail_row_is_written(injection: Story) -> None:
    assert not injection.broken("aucun pouvoir", "aucun droit", "exactement la liste", "fonction de la porte")


def test_conditions_and_catalogue_tell_nothing(injection: Story) -> None:
    assert not injection.broken("condition qui échoue", "pg_stat", "my_sessions")


def test_postgresql_answers_no_oracle_about_hidden_rows(injection: Story) -> None:
    assert injection.r == 0
    assert not injection.broken("un refus ne dit pas", "EXPLAIN", "fonction de PostgreSQL")


def test_the_next_request_on_the_connection_finds_nothing_left(injection: Story) -> None:
    assert not injection.broken("requête suivante", "connexion", "curseur")


def test_the_openings_it_ran_under_are_in_the_trail(injection: Story) -> None:
    assert injection.recorded, injection.broken("dans la trace")
