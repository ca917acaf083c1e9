"""Attack 14: a dump, the raw data folder with its journal, and the logs are taken away and searched."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def theft(drilled: dict[int, Story]) -> Story:
    return drilled[14]


def test_nobody_is_named_by_the_dump_or_the_files(theft: Story) -> None:
    assert theft.r == 0
    assert not theft.broken("retrouvé")


def test_the_search_sees_in_every_encoding(theft: Story) -> None:
    assert not theft.broken("témoin")


def test_what_was_planted_was_written_and_is_in_the_trail(theft: Story) -> None:
    assert not theft.broken("plantée", "dans la trace")


def test_the_share_known_by_two_dates_is_published(theft: Story) -> None:
    assert any("deux dates" in note for note in theft.fields["notes"])
