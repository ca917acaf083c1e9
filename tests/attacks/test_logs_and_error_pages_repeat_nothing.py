"""Attack 16: what was typed into forms, addresses and headers stands in no log, file, error page or header."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def quiet(drilled: dict[int, Story]) -> Story:
    return drilled[16]


def test_no_log_or_file_holds_what_was_typed(quiet: Story) -> None:
    assert quiet.r == 0
    assert not quiet.broken("témoin", "aucun journal")


def test_no_error_page_or_header_repeats_it(quiet: Story) -> None:
    assert not quiet.broken("aucune page d'erreur", "aucun en-tête", "aucune faute")


def test_the_trail_repeats_nothing_of_it(quiet: Story) -> None:
    assert quiet.recorded


def test_support_can_still_diagnose(quiet: Story) -> None:
    assert not quiet.broken("fausse alerte")
