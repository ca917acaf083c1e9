"""A page reloaded when what opened it has ended: refused, written, and no denial toward the freeze of its session."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from egide.gate.tests.factories import Hospital, Patient, Person
from egide.gate.tests.test_links import door
from egide.gate.tests.test_opening import refused, state
from egide.kernel.capabilities import Refused

# A contact of somebody whom a search showed, as the gate writes it.
SHOWN = """WITH shown AS (
    SELECT s.id AS session, (audit.append('open', s.account, s.id, 'nurse', NULL, NULL, ARRAY[%s]::uuid[], '{contact}',
           '{}', 'contact_phone', 'search', 'opened', NULL, NULL, '\\x00', '\\x00')).id AS opening
      FROM accounts.session s WHERE s.account = %s)
INSERT INTO gate.lease SELECT opening, session, '\\x00', now() + interval '1 min', now() FROM shown"""


def not_yours(hospital: Hospital, cookie: str, unit: UUID) -> None:
    with pytest.raises(Refused, match="not_your_unit"):
        hospital.open_unit(cookie, unit, counted=True)


@pytest.mark.parametrize("basis", ["break_glass", "sheet", "team"])
def test_an_access_of_one_s_own_that_ran_out_is_no_denial(hospital: Hospital, basis: str) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    now = datetime.now(UTC)
    for _ in range(4):
        gone = hospital.stranger()
        hospital.past_link(gone, None, now - timedelta(hours=4), now, basis=basis, account=person.account)
        assert refused(hospital, cookie, gone, counted=True) == "no_link"
    assert state(hospital, cookie) == "live"
    assert [entry["reason"] for entry in hospital.entries(account=person.account, kind="refuse")] == ["no_link"] * 4


class Ended:
    """Somebody whose session opened a unit's list, and two charts there, by a shift that is over."""

    def __init__(self, hospital: Hospital) -> None:
        self.unit = hospital.unit()
        self.patients: list[Patient] = hospital.patients(self.unit, 3)
        self.person: Person
        self.person, self.cookie = hospital.signed_in("nurse", hospital.unit())
        door(hospital, self.cookie, "declare_shift(%s)", self.unit)
        hospital.open_unit(self.cookie, self.unit)
        for one in self.patients[:2]:
            hospital.open(self.cookie, one.id)
        hospital.sql("UPDATE accounts.shift SET until = clock_timestamp() WHERE account = %s", self.person.account)


@pytest.fixture
def shift(hospital: Hospital) -> Ended:
    return Ended(hospital)


def test_pages_of_a_shift_that_ended_are_refused_and_no_denial(shift: Ended, hospital: Hospital) -> None:
    for one in shift.patients:  # the third one stood in the list
        assert refused(hospital, shift.cookie, one.id, counted=True) == "no_link"
    not_yours(hospital, shift.cookie, shift.unit)
    assert state(hospital, shift.cookie) == "live"
    told = [(one["reason"], one["ids"]) for one in hospital.entries(account=shift.person.account, kind="refuse")]
    assert told == [*(("no_link", [one.id]) for one in shift.patients), ("not_your_unit", [])]


def test_what_another_session_opened_is_a_denial_of_this_one(shift: Ended, hospital: Hospital) -> None:
    stolen = hospital.sign_in(shift.person)
    refused(hospital, stolen, shift.patients[0].id, counted=True)
    refused(hospital, stolen, shift.patients[1].id, counted=True)
    not_yours(hospital, stolen, shift.unit)
    assert state(hospital, stolen) == "session_frozen"
    assert state(hospital, shift.cookie) == "live"


def test_whoever_came_to_that_unit_since_is_a_denial(shift: Ended, hospital: Hospital) -> None:
    for one in hospital.patients(shift.unit, 3):
        assert refused(hospital, shift.cookie, one.id, counted=True) == "no_link"
    assert state(hospital, shift.cookie) == "session_frozen"


def test_a_contact_that_a_search_gave_excuses_no_step_into_the_chart(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    for one in [hospital.stranger() for _ in range(3)]:
        hospital.sql(SHOWN, one, person.account)
        assert refused(hospital, cookie, one, counted=True) == "no_link"
    assert state(hospital, cookie) == "session_frozen"
