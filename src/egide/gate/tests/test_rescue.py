"""The rescue grade: closed to everybody, opened by two keys for one person and a day, and what it may open."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.accounts.rules import RESCUE_OPENERS
from egide.gate.rescue import REASONS
from egide.gate.tests import rescued
from egide.gate.tests.factories import Hospital, Person
from egide.kernel import totp
from egide.kernel.capabilities import Refused
from egide.kernel.codes import RescueReason


def refused(call: Any, *arguments: Any, **named: Any) -> str:
    """The code that this call is refused with."""
    with pytest.raises(Refused) as caught:
        call(*arguments, **named)
    return caught.value.code


@pytest.fixture
def unit(hospital: Hospital) -> UUID:
    return hospital.unit()


@pytest.fixture
def nurse(hospital: Hospital, unit: UUID) -> Person:
    return hospital.person("nurse", unit)


# ── opening it ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_closed_to_everybody_by_default(hospital: Hospital, nurse: Person) -> None:
    assert refused(rescued.try_code, hospital, nurse.username, "123456") == "rescue_refused"
    assert refused(rescued.try_code, hospital, "nobody.at-all", "123456") == "rescue_refused"
    assert refused(rescued.try_code, hospital, "Not A Name'", "123456") == "rescue_refused"
    assert [one["reason"] for one in hospital.entries(account=nurse.account, kind="sign_in_refused")] == [
        "rescue_refused"
    ]


def test_an_administrator_alone_opens_nothing(hospital: Hospital, nurse: Person) -> None:
    administrator = hospital.person("administrator")
    cookie = hospital.sign_in(administrator)
    begun = rescued.begin(hospital, cookie, nurse.username)
    assert rescued.yes(hospital, cookie, begun, administrator)["state"] == "colleague_needed"
    assert refused(rescued.yes, hospital, cookie, begun, administrator) == "same_person"
    assert hospital.sql("SELECT 1 FROM accounts.rescue WHERE account = %s", nurse.account) == []


def test_the_witness_is_neither_the_person_herself_nor_of_another_site(hospital: Hospital, nurse: Person) -> None:
    elsewhere = hospital.new_site()
    for witness in (nurse, hospital.person("nurse", site=elsewhere)):
        administrator = hospital.person("administrator")
        cookie = hospital.sign_in(administrator)
        begun = rescued.begin(hospital, cookie, nurse.username)
        rescued.yes(hospital, cookie, begun, administrator)
        assert refused(rescued.yes, hospital, cookie, begun, witness) == "not_a_witness"
    assert hospital.sql("SELECT 1 FROM accounts.rescue WHERE account = %s", nurse.account) == []


def test_nobody_opens_her_own_nor_a_strangers_nor_without_the_profession(hospital: Hospital, nurse: Person) -> None:
    administrator = hospital.person("administrator")
    cookie = hospital.sign_in(administrator)
    assert refused(rescued.begin, hospital, cookie, administrator.username) == "same_person"
    assert refused(rescued.begin, hospital, cookie, "nobody.at-all") == "unknown_colleague"
    assert refused(rescued.begin, hospital, cookie, nurse.username, "for_fun") == "reason_needed"
    _, other = hospital.signed_in("physician", hospital.unit())
    assert refused(rescued.begin, hospital, other, nurse.username) == "unknown_colleague"


def test_the_groups_administrator_opens_it_on_every_site_and_a_colleague_of_that_site_confirms(
    hospital: Hospital,
) -> None:
    far = hospital.new_site()
    nurse, there = hospital.person("nurse", site=far), hospital.person("porter", site=far)
    administrator, here = hospital.person("administrator"), hospital.person("nurse")
    hospital.sql("UPDATE accounts.membership SET everywhere = true WHERE account = %s", administrator.account)
    cookie = hospital.sign_in(administrator)
    begun = rescued.begin(hospital, cookie, nurse.username)
    rescued.yes(hospital, cookie, begun, administrator)
    assert refused(rescued.yes, hospital, cookie, begun, here) == "not_a_witness"
    begun = rescued.begin(hospital, cookie, nurse.username)
    rescued.yes(hospital, cookie, begun, administrator)
    assert rescued.yes(hospital, cookie, begun, there)["state"] == "ok"


def appoint(hospital: Hospital, person: Person, kind: str, site: UUID, unit: UUID | None = None) -> None:
    """Make somebody answer for a unit or a site, since yesterday."""
    hospital.sql(
        "INSERT INTO directory_professional (id, family, given, title, profession, rpps)"
        " VALUES (%s, 'E', 'C', '', %s, '') ON CONFLICT DO NOTHING", person.account, person.profession,
    )  # fmt: skip
    hospital.sql(
        "INSERT INTO directory_responsibility (id, professional_id, kind, site_id, unit_id, since)"
        " VALUES (%s, %s, %s, %s, %s, now() - interval '1 day')", uuid4(), person.account, kind, site, unit,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["cadre", "chief", "guard"])
def test_who_answers_for_the_unit_or_the_site_opens_it_with_a_colleague(
    hospital: Hospital, nurse: Person, unit: UUID, kind: str
) -> None:
    head, witness = hospital.person("nurse", hospital.unit()), hospital.person("nurse", unit)
    cookie = hospital.sign_in(head)
    assert refused(rescued.begin, hospital, cookie, nurse.username) == "unknown_colleague"
    appoint(hospital, head, kind, hospital.site, None if kind == "guard" else unit)
    begun = rescued.begin(hospital, cookie, nurse.username)
    assert rescued.yes(hospital, cookie, begun, head)["state"] == "colleague_needed"
    assert rescued.yes(hospital, cookie, begun, witness)["state"] == "ok"
    other = hospital.person("nurse", hospital.unit(hospital.new_site()), site=hospital.new_site())
    assert refused(rescued.begin, hospital, cookie, other.username) == "unknown_colleague"
    hospital.sql("UPDATE directory_responsibility SET until = now() WHERE professional_id = %s", head.account)
    assert refused(rescued.begin, hospital, cookie, nurse.username) == "unknown_colleague"


def test_two_keys_open_it_its_owner_is_told_and_the_trail_has_it(hospital: Hospital, nurse: Person) -> None:
    before = hospital.sign_in(nurse)
    telephone = rescued.opened(hospital, nurse)
    cookie = rescued.sign_in(hospital, nurse, telephone)
    assert hospital.web.call("who", cookie=cookie)["actor"]["grade"] == "rescue"
    with hospital.as_web(hospital.web.call("who", cookie=before)["ticket"]) as connection:
        told = connection.execute("SELECT kind, patient_id FROM door.my_notices()").fetchall()
    assert sorted(told) == [("rescue_opened", None), ("rescue_used", None)]
    (opened,) = hospital.entries(kind="open_rescue", object=str(nurse.account))
    assert (opened["profession"], opened["verdict"], opened["reason"]) == ("administrator", "done", "key_lost")
    (entered,) = hospital.entries(account=nurse.account, kind="sign_in", purpose="rescue")
    assert entered["verdict"] == "ok"


def test_the_secret_is_sealed_at_rest_and_bound_to_its_row_its_person_and_its_end(
    hospital: Hospital, nurse: Person
) -> None:
    telephone = rescued.opened(hospital, nurse)
    (sealed,) = hospital.sql("SELECT secret FROM accounts.rescue WHERE account = %s", nurse.account)[0]
    assert telephone.secret not in bytes(sealed)
    other = hospital.person("nurse")
    stolen = rescued.opened(hospital, other)
    hospital.sql("UPDATE accounts.rescue SET secret = %s WHERE account = %s", sealed, other.account)
    assert refused(rescued.try_code, hospital, other.username, telephone.code()) == "rescue_refused"
    hospital.sql("UPDATE accounts.rescue SET until = until - interval '1 hour' WHERE account = %s", nurse.account)
    assert refused(rescued.try_code, hospital, nurse.username, telephone.code()) == "rescue_refused"
    reasons = [one["reason"] for one in hospital.entries(account=nurse.account, kind="sign_in_refused")]
    assert reasons == ["rescue_forged"]
    assert stolen.secret != telephone.secret


# ── codes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_signs_in_once(hospital: Hospital, nurse: Person) -> None:
    telephone = rescued.opened(hospital, nurse)
    code = telephone.code()
    rescued.try_code(hospital, nurse.username, code)
    assert refused(rescued.try_code, hospital, nurse.username, code) == "rescue_refused"


def test_an_earlier_step_than_the_one_that_served_is_refused(hospital: Hospital, nurse: Person) -> None:
    telephone = rescued.opened(hospital, nurse)
    first, second = telephone.code(), telephone.code()
    rescued.try_code(hospital, nurse.username, second)
    assert refused(rescued.try_code, hospital, nurse.username, first) == "rescue_refused"


def test_the_sixth_wrong_code_waits_even_when_it_is_right_and_a_key_is_never_blocked(
    hospital: Hospital, nurse: Person
) -> None:
    telephone = rescued.opened(hospital, nurse)
    code = telephone.code()
    for _ in range(5):
        assert refused(rescued.try_code, hospital, nurse.username, "000000") == "rescue_refused"
    assert refused(rescued.try_code, hospital, nurse.username, code) == "rescue_tries"
    assert hospital.web.call("who", cookie=hospital.sign_in(nurse))["actor"]["grade"] == "strong"
    # strangers' tries leave a known workstation alone
    assert rescued.try_code(hospital, nurse.username, code, telephone.known)["cookie"]
    # a quarter of an hour later
    hospital.sql("UPDATE accounts.rescue_try SET at = at - interval '15 minutes' WHERE username = %s", nurse.username)
    assert rescued.try_code(hospital, nurse.username, telephone.code())["cookie"]


def test_just_before_a_quarter_of_an_hour_it_still_waits(hospital: Hospital, nurse: Person) -> None:
    telephone = rescued.opened(hospital, nurse)
    for _ in range(5):
        refused(rescued.try_code, hospital, nurse.username, "000000")
    hospital.sql("UPDATE accounts.rescue_try SET at = at - interval '14 minutes' WHERE username = %s", nurse.username)
    assert refused(rescued.try_code, hospital, nurse.username, telephone.code()) == "rescue_tries"


def test_a_name_without_a_rescue_answers_as_one_that_has_one(hospital: Hospital, nurse: Person) -> None:
    other = hospital.person("nurse")
    rescued.opened(hospital, nurse)
    answers = [
        [refused(rescued.try_code, hospital, name, "000000") for _ in range(6)]
        for name in (nurse.username, other.username, f"nobody-{uuid4().hex[:8]}")
    ]
    assert answers == [["rescue_refused"] * 5 + ["rescue_tries"]] * 3


def test_a_workstation_of_another_name_is_a_stranger(hospital: Hospital, nurse: Person) -> None:
    telephone = rescued.opened(hospital, nurse)
    other = rescued.opened(hospital, hospital.person("nurse"))
    for _ in range(5):
        refused(rescued.try_code, hospital, nurse.username, "000000", other.known)
    assert refused(rescued.try_code, hospital, nurse.username, "000000") == "rescue_tries"
    assert refused(rescued.try_code, hospital, nurse.username, "000000", telephone.known) == "rescue_refused"


# ── how long ────────────────────────────────────────────────────────────────────────────────────────────────────────


def moved(hospital: Hospital, cookie: str, column: str, by: timedelta) -> None:
    """A date of the session's row, moved: that much time has passed."""
    hospital.sql(
        f"UPDATE accounts.session SET {column} = {column} - %s WHERE id = %s",  # noqa: S608 — ours
        by, rescued.session_of(cookie),
    )  # fmt: skip


def alive(hospital: Hospital, cookie: str) -> bool:
    """Whether the session still says who it is."""
    try:
        hospital.web.call("who", cookie=cookie)
    except Refused:
        return False
    return True


@pytest.mark.parametrize(("minutes", "lives"), [(14.9, True), (15.0, False)])
def test_it_ends_after_fifteen_minutes_without_an_opening(
    hospital: Hospital, nurse: Person, minutes: float, lives: bool
) -> None:
    cookie = rescued.sign_in(hospital, nurse, rescued.opened(hospital, nurse))
    moved(hospital, cookie, "expires_at", timedelta(minutes=minutes))
    assert alive(hospital, cookie) is lives  # and saying who one is prolongs nothing
    assert alive(hospital, cookie) is lives


def test_an_opening_prolongs_it_and_a_heartbeat_does_not(hospital: Hospital, nurse: Person, unit: UUID) -> None:
    patient = hospital.patient(unit).id
    cookie = rescued.sign_in(hospital, nurse, rescued.opened(hospital, nurse))
    moved(hospital, cookie, "expires_at", timedelta(minutes=14))
    for _ in range(3):
        hospital.web.call("who", cookie=cookie)
    assert left(hospital, cookie) < timedelta(minutes=1)
    hospital.open(cookie, patient)
    assert left(hospital, cookie) > timedelta(minutes=14)


def left(hospital: Hospital, cookie: str) -> timedelta:
    """How long the session lives from now."""
    found: timedelta = hospital.value(
        "SELECT expires_at - clock_timestamp() FROM accounts.session WHERE id = %s", rescued.session_of(cookie)
    )
    return found


def test_no_use_prolongs_it_past_its_rescue(hospital: Hospital, nurse: Person, unit: UUID) -> None:
    patient = hospital.patient(unit).id
    cookie = rescued.sign_in(hospital, nurse, rescued.opened(hospital, nurse))
    hospital.sql(
        "UPDATE accounts.rescue SET since = since - interval '1435 minutes', until = until - interval '1435 minutes'"
        " WHERE account = %s",
        nurse.account,
    )
    moved(hospital, cookie, "expires_at", timedelta(minutes=13))
    hospital.open(cookie, patient)
    assert left(hospital, cookie) < timedelta(minutes=5, seconds=1)


def test_it_lasts_a_day_and_not_a_moment_more(hospital: Hospital, nurse: Person) -> None:
    rescued.opened(hospital, nurse)
    since, until = hospital.sql("SELECT since, until FROM accounts.rescue WHERE account = %s", nurse.account)[0]
    assert timedelta(hours=23, minutes=59) < until - since <= timedelta(hours=24)
    with pytest.raises(psycopg.errors.CheckViolation):
        hospital.sql(
            "UPDATE accounts.rescue SET until = since + interval '24 hours 1 second' WHERE account = %s", nurse.account
        )


def test_a_code_after_the_day_is_refused(hospital: Hospital, nurse: Person) -> None:
    telephone = rescued.opened(hospital, nurse)
    hospital.sql(
        "UPDATE accounts.rescue SET (since, until) = (since - interval '1 day', until - interval '1 day')"
        " WHERE account = %s",
        nurse.account,
    )
    assert refused(rescued.try_code, hospital, nurse.username, telephone.code()) == "rescue_refused"


def test_closing_it_ends_its_sessions_at_once(hospital: Hospital, nurse: Person) -> None:
    strong = hospital.sign_in(nurse)
    telephone = rescued.opened(hospital, nurse)
    cookie = rescued.sign_in(hospital, nurse, telephone)
    assert refused(
        hospital.web.call, "rescue", step="end", cookie=hospital.signed_in("nurse")[1], target=nurse.account.bytes
    ) == ("unknown_colleague")
    hospital.web.call("rescue", step="end", cookie=strong, target=nurse.account.bytes)
    assert not alive(hospital, cookie)
    assert alive(hospital, strong)
    assert refused(rescued.try_code, hospital, nurse.username, telephone.code()) == "rescue_refused"
    assert refused(hospital.web.call, "rescue", step="end", cookie=strong, target=nurse.account.bytes) == "no_rescue"


def test_opening_it_anew_ends_what_was_open_before(hospital: Hospital, nurse: Person) -> None:
    first = rescued.opened(hospital, nurse)
    cookie = rescued.sign_in(hospital, nurse, first)
    second = rescued.opened(hospital, nurse)
    assert not alive(hospital, cookie)
    assert refused(rescued.try_code, hospital, nurse.username, first.code()) == "rescue_refused"
    assert alive(hospital, rescued.sign_in(hospital, nurse, second))


# ── what it opens ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def session(hospital: Hospital, nurse: Person) -> str:
    """A rescue session of the nurse."""
    return rescued.sign_in(hospital, nurse, rescued.opened(hospital, nurse))


def test_ten_patients_in_a_quarter_of_an_hour_and_no_eleventh(hospital: Hospital, session: str, unit: UUID) -> None:
    patients = [one.id for one in hospital.patients(unit, 12)]
    for one in patients[:10]:
        assert hospital.open(session, one)["ids"] == [one.bytes]
    assert refused(hospital.open, session, patients[10]) == "rescue_quarter"
    assert hospital.open(session, patients[0])["ids"]  # the same one again costs nothing
    hospital.sql(
        "UPDATE gate.rescue_seen SET at = at - interval '14 minutes 50 seconds' WHERE session = %s",
        rescued.session_of(session),
    )
    assert refused(hospital.open, session, patients[10]) == "rescue_quarter"
    hospital.sql(
        "UPDATE gate.rescue_seen SET at = at - interval '10 seconds' WHERE session = %s", rescued.session_of(session)
    )
    assert hospital.open(session, patients[10])["ids"]


def test_two_rescue_sessions_of_one_person_share_the_ten(hospital: Hospital, nurse: Person, unit: UUID) -> None:
    telephone = rescued.opened(hospital, nurse)
    first, second = (rescued.sign_in(hospital, nurse, telephone) for _ in range(2))
    patients = [one.id for one in hospital.patients(unit, 11)]
    for one in patients[:10]:
        hospital.open(first, one)
    assert refused(hospital.open, second, patients[10]) == "rescue_quarter"
    assert hospital.open(second, patients[3])["ids"]


def test_a_day_stops_at_the_share_of_the_profession(
    hospital: Hospital, nurse: Person, session: str, unit: UUID
) -> None:
    patients = [one.id for one in hospital.patients(unit, 29)]
    id_ = rescued.session_of(session)
    for one in patients[:27]:
        hospital.sql(
            "INSERT INTO gate.rescue_seen VALUES (%s, %s, %s, now() - interval '20 hours')", id_, one, nurse.account
        )
    assert hospital.open(session, patients[27])["ids"]
    assert refused(hospital.open, session, patients[28]) == "rescue_day"
    hospital.sql(
        "UPDATE gate.rescue_seen SET at = at - interval '4 hours 1 minute' WHERE session = %s AND patient_id = %s",
        id_,
        patients[0],
    )
    assert hospital.open(session, patients[28])["ids"]


def test_a_session_that_goes_on_asking_beyond_its_limit_ends(hospital: Hospital, session: str, unit: UUID) -> None:
    patients = [one.id for one in hospital.patients(unit, 13)]
    for one in patients[:10]:
        hospital.open(session, one)
    for _ in range(4):  # the same one, clicked again by an impatient hand
        assert refused(hospital.open, session, patients[10]) == "rescue_quarter"
    assert refused(hospital.open, session, patients[11]) == "rescue_quarter"
    assert refused(hospital.open, session, patients[12]) == "rescue_quarter"
    assert refused(hospital.open, session, patients[0]) == "session_ended"


def test_no_list_is_opened(hospital: Hospital, session: str, unit: UUID) -> None:
    one, two = (patient.id for patient in hospital.patients(unit, 2))
    assert refused(hospital.open_unit, session, unit) == "rescue_list"
    assert refused(hospital.open, session, one, two) == "rescue_list"
    assert (
        refused(hospital.web.call, "open", cookie=session, list="mine", purpose="my_day", read=["identity"], write=[])
        == "nobody"
    )


def test_a_search_confirms_her_own_patients_exactly_typed_and_tells_of_nobody_else(
    hospital: Hospital, nurse: Person, session: str, unit: UUID
) -> None:
    mine, like, more = (one.id for one in hospital.patients(unit, 3))
    foreign = hospital.stranger()
    who = rescued.session_of(session), nurse.account

    def found(ids: list[UUID], kinds: list[str], unmask: bool = False) -> tuple[Any, ...]:
        return hospital.sql(
            'SELECT r.code, r.shown, r.linked, r."full", r.near, r.masked'
            " FROM gate.searched(%s, %s, 'date', 'entity', %s, %s, %s, 9) r", *who, ids, kinds, unmask,
        )[0]  # fmt: skip

    shown = found([foreign, like, mine, more], ["confirmed", "full", "confirmed", "near"])
    assert shown == ("ok", [mine], [mine], 0, 0, 0)
    assert found([foreign, like, more], ["confirmed", "full", "near"], unmask=True) == ("rescue_none", [], [], 0, 0, 0)
    doors = [
        hospital.value("SELECT r.code FROM gate.may_search(%s, %s, %s) r", *who, door)
        for door in ("date", "number", "year", "present", "caller")
    ]
    assert doors[0] == "ok"
    assert "ok" not in doors[1:]
    for one in hospital.patients(unit, 9):
        hospital.open(session, one.id)
    assert found([like], ["confirmed"])[:2] == ("rescue_quarter", [])


def test_reasons_and_who_opens_stand_in_one_place(hospital: Hospital) -> None:
    assert set(REASONS) == set(RescueReason)
    assert hospital.value("SELECT accounts.rescue_openers()") == list(RESCUE_OPENERS)


def test_links_that_are_no_care_open_nothing(hospital: Hospital, nurse: Person, session: str, unit: UUID) -> None:
    now = datetime.now().astimezone()
    for basis in ("break_glass", "arrival", "oversight"):
        stranger = hospital.stranger()
        hospital.past_link(
            stranger, None, now - timedelta(hours=1), now + timedelta(hours=1), basis=basis, account=nurse.account
        )
        assert refused(hospital.open, session, stranger) == "no_link"
    assert refused(hospital.open, session, hospital.stranger()) == "no_link"
    assert refused(hospital.open, session, hospital.stranger()) == "no_link"


def test_its_beds_tell_no_name_and_only_in_a_rescue_session(
    hospital: Hospital, nurse: Person, session: str, unit: UUID
) -> None:
    bed = hospital.bed(unit, "214", "F")
    here, there = hospital.patient(unit, bed=bed).id, hospital.stranger()
    with hospital.as_web(hospital.web.call("who", cookie=session)["ticket"]) as connection:
        found = connection.execute("SELECT unit, room, label, patient FROM door.rescue_beds()").fetchall()
        mine = connection.execute("SELECT quarter, quarter_limit, day, day_limit FROM door.my_rescue()").fetchall()
    assert found == [(unit, "214", "F", here)]
    assert there not in [row[3] for row in found]
    assert mine == [(0, 10, 0, 28)]
    with hospital.as_web(hospital.web.call("who", cookie=hospital.sign_in(nurse))["ticket"]) as connection:
        assert connection.execute("SELECT 1 FROM door.rescue_beds()").fetchall() == []
        assert connection.execute("SELECT 1 FROM door.my_rescue()").fetchall() == []


def test_nothing_is_asked_for_declared_or_linked(hospital: Hospital, session: str, unit: UUID) -> None:
    patient = hospital.patient(unit).id
    stranger = hospital.stranger()
    asked = refused(
        hospital.web.call, "approve", step="begin", cookie=session, kind="break_glass", reason="on_call", words="",
        patient=stranger.bytes,
    )  # fmt: skip
    assert asked == "rescue_closed"
    assert refused(rescued.begin, hospital, session, "whoever") == "rescue_closed"
    other = hospital.unit()
    opening = hospital.open(session, patient, write=("clinical",))
    ticket = hospital.web.call("who", cookie=session)["ticket"]
    for held, statement, argument in (
        (ticket, "SELECT door.declare_shift(%s)", (other,)),
        (opening["ticket"], "SELECT door.ask_advice(%s, NULL, %s)", (patient, other)),
    ):
        hospital.person("physician", other)
        with pytest.raises(psycopg.Error) as caught, hospital.as_web(held) as connection:
            connection.execute(statement.encode(), argument)
        assert caught.value.sqlstate == "EG010"
    assert hospital.sql("SELECT 1 FROM gate.link WHERE patient_id = %s AND basis = 'advice'", patient) == []


def test_an_approval_of_the_rescued_person_is_refused_as_her_key_is_away(
    hospital: Hospital, session: str, nurse: Person
) -> None:
    assert refused(rescued.begin, hospital, session, nurse.username) in {"rescue_closed", "same_person"}


def test_the_code_of_a_person_whose_last_profession_ended_is_refused(hospital: Hospital, nurse: Person) -> None:
    telephone = rescued.opened(hospital, nurse)
    hospital.sql("UPDATE accounts.membership SET until = now() WHERE account = %s", nurse.account)
    assert refused(rescued.try_code, hospital, nurse.username, telephone.code()) == "rescue_refused"


def test_a_telephone_shows_what_the_keeper_expects(hospital: Hospital, nurse: Person) -> None:
    telephone = rescued.opened(hospital, nurse)
    assert totp.address(telephone.secret, nurse.username).count(nurse.username) == 1
