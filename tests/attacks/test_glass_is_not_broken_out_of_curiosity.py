"""Attack 11: emergency access again and again: five a day alone, each told, each recorded; a night is never refused."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def abuse(drilled: dict[int, Story]) -> Story:
    return drilled[11]


def test_five_a_day_alone_and_not_one_above(abuse: Story) -> None:
    assert abuse.r <= 5
    assert not abuse.broken("cinq par jour", "sixième", "nouvelle session", "sans motif")


def test_only_who_gives_care(abuse: Story) -> None:
    assert not abuse.broken("secrétaire")


def test_each_is_told_and_recorded(abuse: Story) -> None:
    assert abuse.recorded
    assert not abuse.broken("prévenu", "ne relit pas", "en clair")


def test_an_emergency_night_with_a_colleague_is_never_refused(abuse: Story) -> None:
    assert not abuse.broken("fausse alerte")
