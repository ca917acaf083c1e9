"""Attack 1: no address accepts a password, nor anything but a whole, fresh, verified assertion."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def passwords(drilled: dict[int, Story]) -> Story:
    return drilled[1]


def test_no_address_accepts_or_asks_for_a_password(passwords: Story) -> None:
    assert passwords.r == 0
    assert not passwords.broken("mot de passe", "cookie inventé")


def test_no_session_without_a_whole_verified_assertion(passwords: Story) -> None:
    assert not passwords.broken("sans assertion")


def test_each_refused_assertion_is_in_the_trail(passwords: Story) -> None:
    assert passwords.recorded


def test_honest_sign_ins_succeed(passwords: Story) -> None:
    assert not passwords.broken("fausse alerte")
