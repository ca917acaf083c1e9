"""People created, granted, stopped and ended, and their keys: each act by the persons it asks for, and by no other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.accounts.rules import ACTS, OFFICES
from egide.accounts.tests.people import Office, with_key
from egide.audit.approvals import Told, kept_in_base, verify_yeses
from egide.audit.lines import from_base
from egide.gate.tests.factories import Hospital
from egide.kernel.capabilities import Refused
from egide.rehearsal.numbers import luhn


@pytest.fixture
def office(hospital: Hospital) -> Office:
    return Office(hospital)


def refused(act: "object", code: str) -> None:
    with pytest.raises(Refused) as caught:
        act()  # type: ignore[operator]
    assert caught.value.code == code


def test_a_physician_created_by_two_enrols_her_key_and_opens_a_patient_of_her_unit(office: Office) -> None:
    unit = office.hospital.unit(office.site)
    patient = office.hospital.patient(unit, site=office.site)
    body = office.new("physician", unit)
    physician = office.arrived(body, office.done("create_person", body))
    cookie = office.hospital.sign_in(physician)
    answer = office.hospital.open(cookie, patient.id, read=("identity", "clinical"), write=("clinical",))
    assert [UUID(bytes=one) for one in answer["ids"]] == [patient.id]
    kinds = [
        (one["kind"], one["verdict"]) for one in office.hospital.entries() if body["account"] in (one["object"] or "")
    ]
    assert kinds == [("person", "created"), ("grant", "granted"), ("key", "handed")]


def test_one_administrator_alone_creates_nobody(office: Office) -> None:
    body = office.new()
    act = office.ask("create_person", body)
    assert office.yes(act)["state"] == "waiting"
    refused(lambda: office.yes(act), "same_person")
    assert not office.hospital.sql("SELECT 1 FROM accounts.account WHERE id = %s", UUID(body["account"]))


def test_the_second_yes_comes_from_another_person_station_and_function(office: Office) -> None:
    hospital, body = office.hospital, office.new()
    station = "a" * 32
    one = hospital.sign_in(office.first, station=station)
    act = hospital.web.call("act", step="ask", cookie=one, kind="create_person", body=body)["act"]
    office.yes(act, cookie=one)
    beside = hospital.sign_in(office.second, station=station)
    refused(lambda: office.yes(act, office.second, cookie=beside), "same_station")
    refused(lambda: office.yes(act, office.first), "same_person")
    refused(lambda: office.yes(act, office.second, key=office.first.key), "not_your_key")
    nurse = office.staff("nurse", hospital.unit(office.site))
    refused(lambda: office.yes(act, nurse), "category_closed")
    assert office.yes(act, office.second)["state"] == "ok"


def test_nobody_asks_for_himself_and_no_office_becomes_a_carer(office: Office) -> None:
    unit = office.hospital.unit(office.site)
    own = {"account": str(office.first.account), "profession": "nurse", "unit": str(unit), "since": "", "until": ""}
    refused(lambda: office.ask("grant", own), "concerns_you")
    refused(lambda: office.ask("grant", own | {"account": str(office.second.account)}), "office_and_care")
    nurse = office.staff("nurse", unit)
    to_office = own | {"account": str(nurse.account), "profession": "rssi", "unit": ""}
    refused(lambda: office.ask("grant", to_office), "office_and_care")
    reasons = [one["reason"] for one in office.hospital.entries(kind="refuse", account=office.first.account)]
    assert reasons == ["concerns_you", "office_and_care", "office_and_care"]


def test_no_row_mixes_an_office_with_another_profession_whoever_writes_it(office: Office) -> None:
    with pytest.raises(psycopg.errors.DatabaseError, match="an office and another profession"):
        office.hospital.sql(
            "INSERT INTO accounts.membership (account, profession, since) VALUES (%s, 'physician', now())",
            office.second.account,
        )


def test_an_office_begins_a_day_later_and_one_other_calls_it_off(office: Office) -> None:
    body = office.new("dpo")
    person = office.arrived(body, office.done("create_person", body))
    refused(lambda: office.hospital.sign_in(person), "bad_assertion")
    third = office.staff("administrator")
    act = office.ask("call_off", {"account": body["account"]}, third)
    assert office.yes(act, third)["state"] == "ok"
    assert not office.hospital.sql("SELECT 1 FROM accounts.membership WHERE account = %s", person.account)
    told = office.hospital.sql("SELECT account FROM accounts.notice WHERE about = %s AND kind = 'office_granted'",
                               person.account)  # fmt: skip
    assert {(office.first.account,), (office.second.account,)} <= set(told)


def test_suspended_by_one_at_once_and_back_by_two(office: Office) -> None:
    nurse = office.staff("nurse", office.hospital.unit(office.site))
    cookie = office.cookie(nurse)
    body = {"account": str(nurse.account)}
    assert office.yes(office.ask("suspend", body))["state"] == "ok"
    refused(lambda: office.hospital.web.call("who", cookie=cookie), "session_ended")
    refused(lambda: office.hospital.sign_in(nurse), "unknown_key")
    office.done("reinstate", body)
    assert office.hospital.sign_in(nurse)


def test_somebody_who_leaves_has_no_session_key_or_profession_left(office: Office) -> None:
    nurse = office.staff("nurse", office.hospital.unit(office.site))
    cookie = office.cookie(nurse)
    office.done("end_person", {"account": str(nurse.account)})
    refused(lambda: office.hospital.web.call("who", cookie=cookie), "session_ended")
    refused(lambda: office.hospital.sign_in(nurse), "unknown_key")
    now = datetime.now(UTC)
    (until,) = office.hospital.sql("SELECT until FROM accounts.membership WHERE account = %s", nurse.account)[0]
    assert now - timedelta(minutes=1) < until <= now


def test_a_lost_key_dies_at_the_first_yes_and_a_spare_one_is_posed_with_both_halves(office: Office) -> None:
    unit = office.hospital.unit(office.site)
    cadre, nurse, guard = office.staff("nurse", unit), office.staff("nurse", unit), office.staff("administrator")
    office.duty(cadre, "cadre", unit)
    office.duty(guard, "guard")
    cookie = office.cookie(nurse)
    act = office.ask("hand_key", {"account": str(nurse.account), "why": "lost", "spare": "MEDB 2"}, cadre)
    first = office.yes(act, cadre)["half"]
    refused(lambda: office.hospital.web.call("who", cookie=cookie), "session_ended")
    refused(lambda: office.hospital.sign_in(nurse), "unknown_key")
    second = office.yes(act, guard)["half"]
    refused(lambda: office.enrol((first, first), nurse.username), "bad_code")
    refused(lambda: office.enrol((first, second), nurse.username, verified=False), "no_user_verification")
    assert office.hospital.entries(account=nurse.account, kind="refuse")[-1]["reason"] == "no_user_verification"
    back = with_key(nurse, office.enrol((second.lower(), f"{first[:4]} {first[4:]}"), nurse.username))
    assert office.hospital.sign_in(back)
    refused(lambda: office.enrol((first, second), nurse.username), "code_ended")
    refused(lambda: office.hospital.sign_in(nurse), "unknown_key")
    ((until,),) = office.hospital.sql("SELECT expires_at FROM accounts.key WHERE credential_id = %s",
                                      back.key.credential_id)  # fmt: skip
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)


def test_a_half_and_five_guesses_end_the_code(office: Office) -> None:
    body = office.new()
    first, second = office.done("create_person", body)
    for _ in range(5):
        refused(lambda: office.enrol((first, "00000000"), body["username"]), "bad_code")
    refused(lambda: office.enrol((first, second), body["username"]), "code_ended")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"rpps": "12345678901"}, "bad_rpps"),
        ({"username": "A"}, "bad_username"),
        ({"family": " "}, "bad_name"),
        ({"profession": "application"}, "bad_profession"),
        ({"profession": "chirurgienne"}, "bad_profession"),
        ({"site": str(uuid4())}, "bad_site"),
        ({"units": str(uuid4())}, "bad_unit"),
        ({"since": "2026-02-31"}, "bad_date"),
        ({"until": "2020-01-01"}, "bad_period"),
        ({"units": "x"}, "bad_request"),
        ({"account": "x"}, "bad_request"),
    ],
)
def test_what_cannot_be_is_said_when_it_is_asked_for(office: Office, changed: dict[str, str], code: str) -> None:
    refused(lambda: office.ask("create_person", office.new() | changed), code)


def test_two_of_one_rpps_or_name_of_account_do_not_work_here(office: Office) -> None:
    number = luhn(f"997{uuid4().int % 10**7:07}")
    body = office.new(rpps=number)
    office.done("create_person", body)
    refused(lambda: office.ask("create_person", office.new(rpps=number)), "rpps_taken")
    refused(lambda: office.ask("create_person", office.new(username=body["username"])), "username_taken")


def test_a_grant_and_its_end_open_and_close_a_unit(office: Office) -> None:
    first, other = office.hospital.unit(office.site), office.hospital.unit(office.site)
    nurse = office.staff("nurse", first)
    body = {"account": str(nurse.account), "profession": "nurse", "unit": str(other), "since": "", "until": ""}
    office.done("grant", body)
    cookie = office.cookie(nurse)
    assert set(office.hospital.web.call("who", cookie=cookie)["actor"]["units"]) == {first.bytes, other.bytes}
    refused(lambda: office.ask("grant", body), "already_granted")
    row = office.hospital.value(
        "SELECT id FROM accounts.membership WHERE account = %s AND unit = %s", nurse.account, other
    )
    office.done("end_membership", {"account": str(nurse.account), "membership": str(row), "until": ""})
    assert office.hospital.web.call("who", cookie=cookie)["actor"]["units"] == [first.bytes]


def test_the_same_two_do_not_approve_each_other_all_day(office: Office) -> None:
    before = office.hospital.value("SELECT value FROM gate.limits WHERE name = 'act_pair_day'")
    office.hospital.sql("UPDATE gate.limits SET value = 1 WHERE name = 'act_pair_day'")
    try:
        office.done("create_person", office.new())
        act = office.ask("create_person", office.new(), office.second)
        office.yes(act, office.second)
        refused(lambda: office.yes(act, office.first), "same_pair")
        assert office.yes(act, office.staff("rssi"))["state"] == "ok"
    finally:
        office.hospital.sql("UPDATE gate.limits SET value = %s WHERE name = 'act_pair_day'", before)


def test_the_rule_in_the_base_is_that_of_the_code(office: Office) -> None:
    kinds = {(one.kind, one.yeses, one.seconds, one.about, one.one_station) for one in ACTS}
    loaded = office.hospital.sql("SELECT kind, yeses, seconds, about, one_station FROM accounts.act_kind")
    assert set(loaded) == kinds
    lines = {(one.kind, place, role) for one in ACTS for place, found in (("ask", one.asks), ("yes", one.says))
             for role in found}  # fmt: skip
    assert set(office.hospital.sql("SELECT kind, place, role FROM accounts.act_rule")) == lines
    assert {one for (one,) in office.hospital.sql("SELECT profession FROM accounts.office")} == set(OFFICES)


def test_every_yes_is_verified_again_and_a_changed_act_is_named(office: Office) -> None:
    body = office.new()
    office.done("create_person", body)
    told = Told()
    with office.hospital.connect("auditor") as auditor:
        list(told.watch(from_base(auditor)))
        kept = kept_in_base(auditor)
    mine = [one for one in kept if body["account"] in one.body]
    assert len(mine) == 2
    honest = verify_yeses(told, kept)
    assert honest.findings == []
    assert honest.verified >= 2
    forged = [replace(one, body=one.body.replace("physician", "nurse")) if one in mine else one for one in kept]
    assert [one.code for one in verify_yeses(told, forged).findings] == ["yes_forged"] * 2
    assert {one.code for one in verify_yeses(told, [one for one in kept if one not in mine]).findings} == {
        "yes_missing"
    }
    invented = replace(mine[0], assertion=b"{}")
    assert {one.code for one in verify_yeses(told, [*kept, invented]).findings} == {"yes_unknown"}
    # a yes of both sides, by a key that the trail never saw handed to anybody
    of_nobody = Told(yeses=dict(told.yeses), keys={})
    assert {one.code for one in verify_yeses(of_nobody, kept).findings} == {"yes_unknown_key"}
    assert verify_yeses(Told(dict(told.yeses), {}, {str(one.account) for one in kept}), kept).findings == []
