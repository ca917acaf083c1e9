"""Attack 12: administrator, DPO, RSSI, alone or for one another: none becomes a carer, none opens anybody."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def ambition(drilled: dict[int, Story]) -> Story:
    return drilled[12]


def test_nobody_gives_himself_a_care_profession(ambition: Story) -> None:
    assert ambition.r == 0
    assert not ambition.broken("droit de soin", "dossier ni de liste")


def test_each_try_is_in_the_trail_and_the_rssi_sees_it_within_a_second(ambition: Story) -> None:
    assert ambition.recorded
    assert not ambition.broken("alarme")
    assert ambition.t <= 1


def test_an_office_granted_by_two_waits_a_day_and_a_third_takes_it_back(ambition: Story) -> None:
    assert not ambition.broken("24 heures", "annule")


def test_a_new_doctor_works_within_ten_minutes(ambition: Story) -> None:
    assert not ambition.broken("fausse alerte")
