"""A session that is locked: what it is refused, who opens it again, and when presence is enough."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.gate.tests.factories import Hospital, Person
from egide.kernel.capabilities import Refused
from egide.kernel.proofs import ALONE, ASKED
from egide.rehearsal.workstation import Bearer, Workstation

STATION, ELSEWHERE = 240, 1800  # seconds a session may stay untouched, the keeper's grace included
POINT = b"\2" * 33
Call = Callable[[], object]


def seat(hospital: Hospital, cookie: Bearer) -> UUID:
    """Sits this session at a workstation of the site, as if it had been enrolled."""
    station = uuid4()
    hospital.sql("UPDATE accounts.workstation SET ended_at = clock_timestamp() WHERE point = %s", POINT)
    hospital.sql(
        "INSERT INTO accounts.workstation (id, site, name, point, mac, enrolled_by)"
        " SELECT %s, c.site, 'Poste de soins', %s, decode(repeat('00', 32), 'hex'), c.id"
        " FROM accounts.account c JOIN accounts.session s ON s.account = c.id WHERE s.id = %s",
        station, POINT, session_of(hospital, cookie),
    )  # fmt: skip
    hospital.sql("UPDATE accounts.session SET workstation = %s WHERE id = %s", station, session_of(hospital, cookie))
    return station


def session_of(hospital: Hospital, cookie: Bearer) -> UUID:
    """The id of a session that may be locked."""
    del hospital
    return UUID(bytes=base64.urlsafe_b64decode(str(cookie) + "==")[:16])


def lock(hospital: Hospital, cookie: Bearer, how: str = "asked") -> None:
    hospital.web.call("lock", cookie=cookie, how=how)


def reopen(hospital: Hospital, person: Person, cookie: Bearer, **played: Any) -> dict[str, Any]:
    """By this person's key; `played` goes to it."""
    begun = hospital.web.call("reopen", step="begin", cookie=cookie)
    response = person.key.assertion(begun["options"], hospital.origin, **played)
    return hospital.web.call(
        "reopen", step="finish", cookie=cookie, challenge_id=begun["challenge_id"], response=response
    )


def code(call: Call) -> str:
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def reasons(hospital: Hospital, person: Person, kind: str) -> list[str | None]:
    return [row["reason"] for row in hospital.entries(account=person.account, kind=kind)]


def untouched(hospital: Hospital, cookie: Bearer, seconds: float) -> None:
    """As if nobody had used it for so long."""
    hospital.sql(
        "UPDATE accounts.session SET locks_at = locks_at - %s WHERE id = %s",
        timedelta(seconds=seconds), session_of(hospital, cookie),
    )  # fmt: skip


def test_a_locked_session_is_refused_whatever_it_asks_and_its_openings_read_nothing(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient, person = hospital.patient(unit), hospital.person("nurse", unit)
    cookie = hospital.sign_in(person)
    opened = hospital.open(cookie, patient.id)
    lock(hospital, cookie)
    lock(hospital, cookie)  # twice is once
    asked: list[Call] = [
        lambda: hospital.web.call("who", cookie=cookie),
        lambda: hospital.open(cookie, patient.id),
        lambda: hospital.web.call("resume", cookie=cookie, opening=opened["opening"]),
        lambda: hospital.web.call("open_contact", cookie=cookie, patient=patient.id.bytes, kind="phone"),
        lambda: hospital.web.call("fresh", step="begin", cookie=cookie),
        lambda: hospital.web.call(
            "approve", step="begin", cookie=cookie, patient=patient.id.bytes, kind="break_glass", reason="urgent"
        ),
        lambda: hospital.web.call("act", step="ask", cookie=cookie, kind="lose_key", body={"account": str(uuid4())}),
    ]
    assert {code(one) for one in asked} == {"session_locked"}
    with pytest.raises(psycopg.Error, match="no valid opening"), hospital.as_web(opened["ticket"]):
        pass
    assert reasons(hospital, person, "lock") == ["lock_asked"]
    assert "session_locked" in reasons(hospital, person, "refuse")


def test_its_owner_opens_it_again_and_goes_on_with_what_was_open(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient, person = hospital.patient(unit), hospital.person("nurse", unit)
    cookie = hospital.sign_in(person)
    opened = hospital.open(cookie, patient.id)
    lock(hospital, cookie)
    whose = hospital.web.call("reopen", step="whose", cookie=cookie)
    assert (whose["name"], whose["profession"], whose["touch"]) == (person.name, "nurse", False)
    reopen(hospital, person, cookie)
    assert hospital.web.call("resume", cookie=cookie, opening=opened["opening"])["resumed"]
    assert reasons(hospital, person, "reopen") == ["by_verification"]
    assert code(lambda: hospital.web.call("reopen", step="begin", cookie=cookie)) == "not_locked"


def test_a_touch_opens_it_at_a_workstation_of_the_site_and_nowhere_else(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    lock(hospital, cookie)
    assert hospital.web.call("reopen", step="begin", cookie=cookie)["options"]["userVerification"] == "required"
    assert code(lambda: reopen(hospital, person, cookie, verified=False)) == "verification_needed"
    station = seat(hospital, cookie)
    options = hospital.web.call("reopen", step="begin", cookie=cookie)["options"]
    assert options["userVerification"] == "discouraged"
    assert len(options["allowCredentials"]) == 1
    reopen(hospital, person, cookie, verified=False)
    assert hospital.web.call("who", cookie=cookie)
    assert reasons(hospital, person, "reopen") == ["by_touch"]
    lock(hospital, cookie)
    hospital.sql("UPDATE accounts.workstation SET ended_at = clock_timestamp() WHERE id = %s", station)
    assert code(lambda: reopen(hospital, person, cookie, verified=False)) == "verification_needed"
    reopen(hospital, person, cookie)


def test_nobody_else_s_key_opens_it(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    other = hospital.person("nurse", hospital.unit())
    seat(hospital, cookie)
    lock(hospital, cookie)
    assert code(lambda: reopen(hospital, other, cookie)) == "not_your_key"
    assert code(lambda: hospital.web.call("who", cookie=cookie)) == "session_locked"
    assert reasons(hospital, person, "refuse")[0] == "not_your_key"


def test_five_refused_keys_ask_for_verification_and_a_verified_key_always_opens(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    other = hospital.person("nurse", hospital.unit())
    seat(hospital, cookie)
    lock(hospital, cookie)
    for _ in range(4):
        assert code(lambda: reopen(hospital, other, cookie)) == "not_your_key"
    reopen(hospital, person, cookie, verified=False)  # four are not five
    lock(hospital, cookie)
    assert code(lambda: reopen(hospital, other, cookie)) == "not_your_key"
    assert code(lambda: reopen(hospital, person, cookie, verified=False)) == "verification_needed"
    reopen(hospital, person, cookie)
    lock(hospital, cookie)
    reopen(hospital, person, cookie, verified=False)  # she proved who she is: a touch is enough again


def test_a_touch_is_no_fresh_factor_and_signs_nothing(hospital: Hospital) -> None:
    unit = hospital.unit()
    person, cookie = hospital.signed_in("nurse", unit)
    seat(hospital, cookie)
    begun = hospital.web.call("fresh", step="begin", cookie=cookie)
    touched = person.key.assertion(begun["options"], hospital.origin, verified=False)
    finish = {"step": "finish", "cookie": cookie, "act": begun["act"], "response": touched}
    assert code(lambda: hospital.web.call("fresh", **finish)) == "no_user_verification"
    # what was signed to reopen, verified even, is a challenge of another kind
    lock(hospital, cookie)
    again = hospital.web.call("reopen", step="begin", cookie=cookie)
    response = person.key.assertion(again["options"], hospital.origin)
    sign_in = {
        "step": "finish", "challenge_id": again["challenge_id"], "response": response,
        "device_key": cookie.workstation.point,
    }  # fmt: skip
    assert code(lambda: hospital.web.call("sign_in", **sign_in)) == "bad_assertion"
    # and the other way round
    other = hospital.web.call("sign_in", step="begin")
    response = person.key.assertion(other["options"], hospital.origin)
    swapped = {"step": "finish", "cookie": cookie, "challenge_id": other["challenge_id"], "response": response}
    assert code(lambda: hospital.web.call("reopen", **swapped)) == "bad_assertion"


def test_after_a_reopening_by_touch_a_fresh_factor_is_asked_as_before(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient, person = hospital.patient(hospital.unit()), hospital.person("physician", unit)
    cookie = hospital.sign_in(person)
    seat(hospital, cookie)
    lock(hospital, cookie)
    reopen(hospital, person, cookie, verified=False)
    begun = hospital.web.call(
        "approve", step="begin", cookie=cookie, patient=patient.id.bytes, kind="break_glass", reason="urgent"
    )
    response = person.key.assertion(begun["options"], hospital.origin, verified=False)
    finish = {"step": "finish", "cookie": cookie, "act": begun["act"], "response": response, "words": ""}
    assert code(lambda: hospital.web.call("approve", **finish)) == "no_user_verification"


@pytest.mark.parametrize(("seated", "seconds"), [(True, STATION), (False, ELSEWHERE)])
def test_a_session_that_nobody_uses_locks_by_itself(hospital: Hospital, seated: bool, seconds: int) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    if seated:
        seat(hospital, cookie)
        lock(hospital, cookie)
        reopen(hospital, person, cookie, verified=False)
    untouched(hospital, cookie, seconds - 60)
    assert hospital.web.call("who", cookie=hospital.web.passing(cookie, ALONE))
    untouched(hospital, cookie, 61)
    assert code(lambda: hospital.web.call("who", cookie=cookie)) == "session_locked"
    reopen(hospital, person, cookie, verified=not seated)
    assert hospital.web.call("who", cookie=cookie)


def test_a_hand_counts_as_use_and_a_heartbeat_does_not(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    until = "SELECT locks_at FROM accounts.session WHERE id = %s"
    untouched(hospital, cookie, 600)
    before = hospital.value(until, session_of(hospital, cookie))
    hospital.web.call("who", cookie=hospital.web.passing(cookie, ALONE))
    assert hospital.value(until, session_of(hospital, cookie)) == before
    hospital.web.passing(cookie, ASKED)
    assert hospital.value(until, session_of(hospital, cookie)) > before


def test_use_does_not_open_what_is_locked(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    lock(hospital, cookie)
    hospital.web.passing(cookie, ASKED)
    assert code(lambda: hospital.web.call("who", cookie=cookie)) == "session_locked"


def test_a_copy_of_the_cookie_locks_nobody(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    assert code(lambda: hospital.web.call("lock", cookie=str(cookie), how="asked")) == "proof_missing"
    assert hospital.web.call("who", cookie=cookie)


def test_it_is_never_open_past_its_twelve_hours(hospital: Hospital) -> None:
    person, cookie = hospital.signed_in("nurse", hospital.unit())
    seat(hospital, cookie)
    lock(hospital, cookie)
    ends = "SELECT expires_at FROM accounts.session WHERE id = %s"
    before = hospital.value(ends, session_of(hospital, cookie))
    reopen(hospital, person, cookie, verified=False)
    assert hospital.value(ends, session_of(hospital, cookie)) == before
    lock(hospital, cookie)
    hospital.sql(
        "UPDATE accounts.session SET expires_at = clock_timestamp() WHERE id = %s", session_of(hospital, cookie)
    )
    assert code(lambda: reopen(hospital, person, cookie)) == "session_ended"


def test_when_a_declared_shift_has_ended_the_next_touch_is_not_enough_once(hospital: Hospital) -> None:
    unit = hospital.unit()
    person, cookie = hospital.signed_in("nurse", unit)
    seat(hospital, cookie)
    lock(hospital, cookie)
    hospital.sql(
        "INSERT INTO accounts.shift (account, profession, unit, since, until)"
        " VALUES (%s, 'nurse', %s, clock_timestamp() - interval '1 hour', clock_timestamp() + interval '1 hour')",
        person.account, unit,
    )  # fmt: skip
    reopen(hospital, person, cookie, verified=False)  # the shift goes on
    lock(hospital, cookie)
    hospital.sql("UPDATE accounts.shift SET until = clock_timestamp() WHERE account = %s", person.account)
    assert code(lambda: reopen(hospital, person, cookie, verified=False)) == "verification_needed"
    reopen(hospital, person, cookie)
    lock(hospital, cookie)
    reopen(hospital, person, cookie, verified=False)  # a full factor began another


def test_two_stations_are_told_by_the_workstation_or_by_the_browser_s_mark(hospital: Hospital) -> None:
    one, here = hospital.signed_in("nurse", hospital.unit())
    _, there = hospital.signed_in("nurse", hospital.unit())
    same = "SELECT accounts.same_station(%s, %s)"
    ids = session_of(hospital, here), session_of(hospital, there)
    assert hospital.value(same, *ids) is False
    beside = (
        session_of(hospital, hospital.sign_in(one, station="a" * 32)),
        session_of(hospital, hospital.sign_in(one, station="a" * 32)),
    )
    assert hospital.value(same, *beside) is True
    seat(hospital, here)
    assert hospital.value(same, *ids) is False
    station = hospital.value("SELECT workstation FROM accounts.session WHERE id = %s", ids[0])
    hospital.sql("UPDATE accounts.session SET workstation = %s WHERE id = %s", station, ids[1])
    assert hospital.value(same, *ids) is True
    hospital.sql("DELETE FROM accounts.station WHERE session = %s", beside[0])
    assert hospital.value(same, beside[0], ids[0]) is True, "unknown is not another"


def test_refused_keys_are_told_to_wait_by_account_and_device_and_a_valid_one_never_is(hospital: Hospital) -> None:
    person, other = hospital.person("nurse", hospital.unit()), hospital.person("nurse", hospital.unit())
    here, there = "a" * 32, "b" * 32

    def tried(whose: Person, known: str) -> str:
        begun = hospital.web.call("sign_in", step="begin")
        bent = whose.key.assertion(begun["options"], hospital.origin, verified=False)
        sent = {"challenge_id": begun["challenge_id"], "response": bent, "device_key": Workstation().point}
        return code(lambda: hospital.web.call("sign_in", step="finish", known=known, **sent))

    assert [tried(person, here) for _ in range(12)] == ["no_user_verification"] * 12
    assert tried(person, here) == "sign_in_tries"
    assert tried(person, there) == tried(other, here) == "no_user_verification"
    assert hospital.web.call("who", cookie=hospital.sign_in(person, station=here))
    assert len(reasons(hospital, person, "sign_in_refused")) == 14  # each is a row
