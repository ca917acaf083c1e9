"""Attack 28: an id that exists elsewhere and one that does not answer alike; a search says no unit."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def oracles(drilled: dict[int, Story]) -> Story:
    return drilled[28]


def test_status_words_size_and_headers_give_no_advantage(oracles: Story) -> None:
    assert oracles.r == 0
    assert not oracles.broken("avantage", "ETag")


def test_a_search_does_not_say_where_somebody_is(oracles: Story) -> None:
    assert not oracles.broken("ne dit pas l'unité")


def test_each_question_is_in_the_trail_and_the_asker_goes_on(oracles: Story) -> None:
    assert oracles.recorded
    assert not oracles.broken("fausse alerte")
