"""Workstations of a site: enrolled by an act, recognised by their key, several people's sessions waiting at one."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.accounts.views import OF_SITE
from egide.gate.tests import rescued
from egide.gate.tests.browser import Browser
from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_lock import code, lock, reasons, session_of
from egide.kernel.proofs import MACHINE
from egide.rehearsal.softkey import SoftKey
from egide.rehearsal.workstation import Bearer, Workstation

SIGN_IN, WAITING, TAKE_UP = "/connexion/preuve/", "/connexion/poste/", "/connexion/poste/preuve/"


class Machine:
    """A browser that keeps a key of its own."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital, self.key, self.name = hospital, Workstation(), f"Poste {uuid4().hex[:8]}"

    def proof(self, path: str) -> dict[str, Any]:
        return {"key": self.key.point, "proof": self.key.proof("POST", path)}

    def enrol(self, cookie: Bearer, person: Person, **changed: str) -> UUID:
        """By the act of this person; its id."""
        body = {
            "site": str(self.hospital.site), "name": self.name, "place": "",
            "key": base64.urlsafe_b64encode(self.key.point).decode().rstrip("="), **changed,
        }  # fmt: skip
        asked = self.hospital.web.call("act", step="ask", cookie=cookie, kind="enrol_station", body=body)
        self.sign(cookie, person, asked["act"])
        return UUID(str(self.hospital.value("SELECT id FROM accounts.workstation WHERE name = %s", body["name"])))

    def sign(self, cookie: Bearer, person: Person, act: bytes) -> None:
        shown = self.hospital.web.call("act", step="challenge", cookie=cookie, act=act)
        response = person.key.assertion(shown["options"], self.hospital.origin)
        assert self.hospital.web.call("act", step="yes", cookie=cookie, act=act, response=response)["state"] == "ok"

    def sign_in(self, person: Person, over: Bearer | None = None, proof: dict[str, Any] | None = None) -> Bearer:
        begun, fresh = self.hospital.web.call("sign_in", step="begin"), Workstation()
        answer = self.hospital.web.call(
            "sign_in", step="finish", challenge_id=begun["challenge_id"], device="Firefox", device_key=fresh.point,
            response=person.key.assertion(begun["options"], self.hospital.origin), station="", path=SIGN_IN,
            machine=proof or self.proof(SIGN_IN), over=self.hospital.web.passing(over) if over else "",
        )  # fmt: skip
        return Bearer.of(answer["cookie"], fresh)

    def waiting(self) -> list[dict[str, Any]]:
        found = self.hospital.web.call("sign_in", step="waiting", path=WAITING, machine=self.proof(WAITING))
        return list(found["waiting"])

    def take_up(
        self, one: dict[str, Any], person: Person, over: Bearer | None = None, *, verified: bool = False
    ) -> Bearer:
        fresh = Workstation()
        answer = self.hospital.web.call(
            "sign_in", step="take_up", path=TAKE_UP, machine=self.proof(TAKE_UP), session=one["session"],
            challenge_id=one["challenge_id"], device_key=fresh.point,
            response=person.key.assertion(one["options"], self.hospital.origin, verified=verified),
            over=self.hospital.web.passing(over) if over else "",
        )  # fmt: skip
        return Bearer.of(answer["cookie"], fresh)


@pytest.fixture(scope="module")
def administrator(hospital: Hospital) -> tuple[Person, Bearer]:
    person = hospital.person("administrator")
    return person, hospital.sign_in(person)


@pytest.fixture
def machine(hospital: Hospital, administrator: tuple[Person, Bearer]) -> Machine:
    """A workstation of the site."""
    found = Machine(hospital)
    found.enrol(administrator[1], administrator[0])
    return found


def ended(hospital: Hospital, cookie: Bearer) -> str | None:
    found = hospital.value("SELECT end_reason FROM accounts.session WHERE id = %s", session_of(hospital, cookie))
    return None if found is None else str(found)


def test_a_session_at_an_enrolled_workstation_carries_it_and_anywhere_else_none(
    hospital: Hospital, machine: Machine
) -> None:
    person = hospital.person("nurse", hospital.unit())
    where = "SELECT w.name FROM accounts.session s JOIN accounts.workstation w ON w.id = s.workstation WHERE s.id = %s"
    assert hospital.value(where, session_of(hospital, machine.sign_in(person))) == machine.name
    assert not hospital.sql(where, session_of(hospital, Machine(hospital).sign_in(hospital.person("nurse"))))


def bent(machine: Machine) -> list[Callable[[], dict[str, Any]]]:
    """Proofs that are not this machine's, for this address, now."""
    other = Workstation()
    return [
        lambda: {"key": machine.key.point, "proof": other.proof("POST", SIGN_IN)},
        lambda: {"key": machine.key.point, "proof": machine.key.proof("POST", WAITING)},
        lambda: {"key": machine.key.point, "proof": machine.key.proof("POST", SIGN_IN, at=1.0)},
        lambda: {"key": machine.key.point, "proof": ""},
        lambda: {"key": b"\4" * 65, "proof": machine.key.proof("POST", SIGN_IN)},
        lambda: {"key": "x", "proof": None},
    ]


@pytest.mark.parametrize("place", range(6))
def test_who_does_not_hold_its_key_does_not_sit_there(hospital: Hospital, machine: Machine, place: int) -> None:
    cookie = machine.sign_in(hospital.person("nurse", hospital.unit()), proof=bent(machine)[place]())
    assert (
        hospital.value("SELECT workstation FROM accounts.session WHERE id = %s", session_of(hospital, cookie)) is None
    )


def test_a_proof_of_the_machine_serves_once(hospital: Hospital, machine: Machine) -> None:
    proof, where = machine.proof(SIGN_IN), "SELECT workstation FROM accounts.session WHERE id = %s"
    first = machine.sign_in(hospital.person("nurse", hospital.unit()), proof=proof)
    again = machine.sign_in(hospital.person("nurse", hospital.unit()), proof=proof)
    assert hospital.value(where, session_of(hospital, first)) is not None
    assert hospital.value(where, session_of(hospital, again)) is None


def test_a_row_that_the_keeper_did_not_mark_is_no_workstation(hospital: Hospital, machine: Machine) -> None:
    hospital.sql("UPDATE accounts.workstation SET site = %s WHERE name = %s", hospital.new_site(), machine.name)
    cookie = machine.sign_in(hospital.person("nurse", hospital.unit()))
    assert (
        hospital.value("SELECT workstation FROM accounts.session WHERE id = %s", session_of(hospital, cookie)) is None
    )


ASKED_ONLY = """
    INSERT INTO accounts.workstation (id, site, name, point, mac, enrolled_by, act)
    SELECT (body::jsonb->>'account')::uuid, (body::jsonb->>'site')::uuid, 'Poste écrit',
           decode(body::jsonb->>'point', 'hex'), decode(body::jsonb->>'mac', 'hex'), account, %s
      FROM accounts.act WHERE id = %s"""


def test_a_mark_that_somebody_only_asked_for_makes_no_workstation(
    hospital: Hospital, machine: Machine, administrator: tuple[Person, Bearer]
) -> None:
    """The mark is in the text of the act before any key has signed it; a hand in the base writes the row from it."""
    where = "SELECT workstation FROM accounts.session WHERE id = %s"
    fresh = Machine(hospital)
    body = {"site": str(hospital.site), "name": fresh.name, "place": "", "key": _named(fresh)}
    asked = hospital.web.call("act", step="ask", cookie=administrator[1], kind="enrol_station", body=body)["act"]
    of_another = hospital.value("SELECT act FROM accounts.workstation WHERE name = %s", machine.name)
    for act in (None, UUID(bytes=asked), of_another):
        hospital.sql(ASKED_ONLY, act, UUID(bytes=asked))
        cookie = fresh.sign_in(hospital.person("nurse", hospital.unit()))
        assert hospital.value(where, session_of(hospital, cookie)) is None
        hospital.sql("DELETE FROM accounts.workstation WHERE name = 'Poste écrit'")
    fresh.sign(administrator[1], administrator[0], asked)
    assert hospital.value(where, session_of(hospital, fresh.sign_in(hospital.person("nurse")))) is not None


def test_the_first_is_locked_not_ended_and_each_takes_up_her_own_with_a_touch(
    hospital: Hospital, machine: Machine
) -> None:
    unit = hospital.unit()
    first, second = hospital.person("nurse", unit), hospital.person("nurse", unit)
    patient = hospital.patient(unit)
    hers = machine.sign_in(first)
    opened = hospital.open(hers, patient.id)
    his = machine.sign_in(second, over=hers)
    assert ended(hospital, hers) is None
    assert code(lambda: hospital.web.call("who", cookie=hers)) == "session_locked"
    waits = machine.waiting()
    assert [(one["name"], one["options"]["userVerification"]) for one in waits] == [(first.name, "discouraged")]
    assert code(lambda: machine.take_up(waits[0], second)) == "session_ended"  # not his
    assert reasons(hospital, first, "refuse")[-1] == "not_your_key"
    assert hospital.web.call("who", cookie=his)

    again = machine.take_up(machine.waiting()[0], first, over=his)
    assert session_of(hospital, again) == session_of(hospital, hers)
    assert hospital.web.call("resume", cookie=again, opening=opened["opening"])["resumed"]
    assert code(lambda: hospital.web.call("who", cookie=hers)) == "proof_wrong"  # what her browser had before
    assert code(lambda: hospital.web.call("who", cookie=his)) == "session_locked"
    assert [one["name"] for one in machine.waiting()] == [second.name]
    assert reasons(hospital, first, "reopen") == ["by_touch"]


def tries(hospital: Hospital, cookie: Bearer) -> int:
    return int(hospital.value("SELECT touch_tries FROM accounts.session WHERE id = %s", session_of(hospital, cookie)))


@pytest.mark.parametrize("whose", ["another's", "nobody's"])
def test_the_fifth_refused_key_takes_presence_away_at_the_door_too(
    hospital: Hospital, machine: Machine, whose: str
) -> None:
    unit = hospital.unit()
    person, other = hospital.person("nurse", unit), hospital.person("nurse", unit)
    if whose == "nobody's":  # never enrolled
        other = replace(other, key=SoftKey.make(other.username, other.account, other.key.rp_id))
    said, written = ("session_ended", "not_your_key") if whose == "another's" else ("unknown_key", "unknown_key")
    hers = machine.sign_in(person)
    lock(hospital, hers)
    for count in range(1, 5):
        assert code(lambda: machine.take_up(machine.waiting()[0], other)) == said
        assert tries(hospital, hers) == count
    assert machine.waiting()[0]["options"]["userVerification"] == "discouraged"  # four are not five
    again = machine.take_up(machine.waiting()[0], person)
    lock(hospital, again)
    assert code(lambda: machine.take_up(machine.waiting()[0], other)) == said
    one = machine.waiting()[0]
    assert one["options"]["userVerification"] == "required"
    assert code(lambda: machine.take_up(one, person)) == "verification_needed"
    machine.take_up(machine.waiting()[0], person, verified=True)
    assert reasons(hospital, person, "refuse") == [written] * 5 + ["verification_needed"]


def test_a_key_tried_where_no_such_session_waits_is_a_refused_sign_in(hospital: Hospital, machine: Machine) -> None:
    person = hospital.person("nurse", hospital.unit())
    lock(hospital, machine.sign_in(person))
    one, elsewhere = machine.waiting()[0], Machine(hospital)
    assert code(lambda: elsewhere.take_up(one, person)) == "session_ended"
    assert reasons(hospital, person, "sign_in_refused") == []  # nothing is believed of it: whose it is, nobody asked
    hospital.sql("UPDATE accounts.session SET workstation = NULL WHERE id = %s", UUID(one["session"]))
    assert code(lambda: machine.take_up(one, person)) == "session_ended"
    assert reasons(hospital, person, "sign_in_refused") == ["session_ended"]


def test_elsewhere_nobody_waits_and_a_challenge_of_here_opens_nothing_there(
    hospital: Hospital, machine: Machine
) -> None:
    person = hospital.person("nurse", hospital.unit())
    lock(hospital, machine.sign_in(person))
    one, elsewhere = machine.waiting()[0], Machine(hospital)
    assert elsewhere.waiting() == []
    assert code(lambda: elsewhere.take_up(one, person)) == "session_ended"


def test_a_full_sign_in_finds_her_own_session_again(hospital: Hospital, machine: Machine) -> None:
    person = hospital.person("nurse", hospital.unit())
    before = machine.sign_in(person)
    lock(hospital, before)
    after = machine.sign_in(person)
    assert session_of(hospital, after) == session_of(hospital, before)
    assert hospital.web.call("who", cookie=after)


def left(hospital: Hospital, cookie: Bearer, **time: float) -> None:
    """So much is left of its twelve hours."""
    hospital.sql(
        "UPDATE accounts.session SET expires_at = clock_timestamp() + %s WHERE id = %s",
        timedelta(**time), session_of(hospital, cookie),
    )  # fmt: skip


def test_a_full_sign_in_begins_another_session_when_half_of_hers_is_gone(hospital: Hospital, machine: Machine) -> None:
    person = hospital.person("nurse", hospital.unit())
    before = machine.sign_in(person)
    left(hospital, before, hours=6, minutes=1)
    same = machine.sign_in(person, over=before)
    assert session_of(hospital, same) == session_of(hospital, before)
    left(hospital, same, hours=6)
    after = machine.sign_in(person, over=same)
    assert session_of(hospital, after) != session_of(hospital, before)
    assert ended(hospital, before) == "begun_anew"
    assert reasons(hospital, person, "revoke") == ["begun_anew"]
    assert hospital.web.call("who", cookie=after)
    lock(hospital, after)
    assert [one["session"] for one in machine.waiting()] == [session_of(hospital, after).hex]


def test_a_seventh_person_ends_the_one_who_waits_longest(hospital: Hospital, machine: Machine) -> None:
    unit = hospital.unit()
    people = [hospital.person("nurse", unit) for _ in range(7)]
    seated = [machine.sign_in(people[0])]
    for person in people[1:6]:
        seated.append(machine.sign_in(person, over=seated[-1]))
    assert [ended(hospital, one) for one in seated] == [None] * 6
    machine.sign_in(people[6], over=seated[-1])
    assert [ended(hospital, one) for one in seated] == ["station_full"] + [None] * 5
    assert reasons(hospital, people[0], "revoke") == ["station_full"]


def test_ending_a_workstation_ends_its_sessions_and_no_other(
    hospital: Hospital, machine: Machine, administrator: tuple[Person, Bearer]
) -> None:
    person, cookie = administrator
    sits = hospital.person("nurse")
    here, there = machine.sign_in(sits), hospital.sign_in(hospital.person("nurse"))
    station = hospital.value("SELECT id FROM accounts.workstation WHERE name = %s", machine.name)
    body = {"account": str(station), "site": str(hospital.site), "name": machine.name}
    asked = hospital.web.call("act", step="ask", cookie=cookie, kind="end_station", body=body)
    machine.sign(cookie, person, asked["act"])
    assert (ended(hospital, here), ended(hospital, there)) == ("station_ended", None)
    assert reasons(hospital, sits, "revoke") == ["station_ended"]
    assert code(lambda: hospital.web.call("act", step="ask", cookie=cookie, kind="end_station", body=body)) == (
        "already_ended_here"
    )
    assert machine.waiting() == []


RESCUE = "/connexion/secours/"


def by_code(hospital: Hospital, person: Person, machine: dict[str, Any], over: Bearer) -> Bearer:
    fresh, telephone = Workstation(), rescued.opened(hospital, person)
    answer = hospital.web.call(
        "sign_in", step="rescue", username=person.username, code=telephone.code(), known=telephone.known,
        device="Firefox", device_key=fresh.point, path=RESCUE, machine=machine, over=hospital.web.passing(over),
    )  # fmt: skip
    return Bearer.of(answer["cookie"], fresh)


def test_a_rescue_session_there_carries_it_and_ends_with_it(
    hospital: Hospital, machine: Machine, administrator: tuple[Person, Bearer]
) -> None:
    unit = hospital.unit()
    person, before = hospital.person("nurse", unit), hospital.person("nurse", unit)
    hers = machine.sign_in(before)
    cookie = by_code(hospital, person, machine.proof(RESCUE), hers)
    station = hospital.value("SELECT id FROM accounts.workstation WHERE name = %s", machine.name)
    found = "SELECT workstation, locks_at > expires_at FROM accounts.session WHERE id = %s"
    assert hospital.sql(found, session_of(hospital, cookie)) == [(station, True)]
    assert code(lambda: hospital.web.call("who", cookie=hers)) == "session_locked"  # she waits
    assert [one["name"] for one in machine.waiting()] == [before.name]
    body = {"account": str(station), "site": str(hospital.site), "name": machine.name}
    asked = hospital.web.call("act", step="ask", cookie=administrator[1], kind="end_station", body=body)
    machine.sign(administrator[1], administrator[0], asked["act"])
    assert ended(hospital, cookie) == "station_ended"


def test_a_rescue_session_elsewhere_sits_nowhere_and_ends_who_was_there(hospital: Hospital, machine: Machine) -> None:
    person, (_, hers) = hospital.person("nurse", hospital.unit()), hospital.signed_in("nurse", hospital.unit())
    cookie = by_code(hospital, person, machine.proof(SIGN_IN), hers)  # the machine's word, for another address
    where = "SELECT workstation FROM accounts.session WHERE id = %s"
    assert hospital.value(where, session_of(hospital, cookie)) is None
    assert code(lambda: hospital.web.call("who", cookie=hers)) == "session_ended"


def test_the_rescue_page_takes_the_machine_s_word_from_its_cookie(
    hospital: Hospital, machine: Machine, browser: Callable[..., Browser]
) -> None:
    person, where = hospital.person("nurse", hospital.unit()), "SELECT workstation FROM accounts.session WHERE id = %s"
    for proof, seated in ((machine.key.proof("POST", RESCUE), True), ("rien", False)):
        page, telephone = browser(), rescued.opened(hospital, person)
        page.client.cookies[MACHINE] = f"{machine.key.named}.{proof}"
        answer = page.post(RESCUE, {"username": person.username, "code": telephone.code()})
        session = rescued.session_of(answer.cookies["egide_session"].value)
        assert (hospital.value(where, session) is not None, OF_SITE in answer.cookies) == (seated, seated)


def test_who_may_enrol_one_and_what_is_refused(
    hospital: Hospital, machine: Machine, administrator: tuple[Person, Bearer]
) -> None:
    person, cookie = administrator
    nurse, hers = hospital.signed_in("nurse", hospital.unit())
    assert code(lambda: Machine(hospital).enrol(hers, nurse)) == "category_closed"
    assert code(lambda: machine.enrol(cookie, person, name="Autre")) == "station_known"
    fresh = Machine(hospital)
    for changed, refusal in (
        ({"name": machine.name.upper()}, "station_name_taken"), ({"name": " "}, "bad_name"),
        ({"name": "x" * 61}, "bad_name"), ({"site": str(uuid4())}, "bad_site"), ({"key": "AAAA"}, "no_machine_key"),
        ({"site": "x"}, "no_machine_key"),
    ):  # fmt: skip
        assert code(partial(fresh.enrol, cookie, person, **changed)) == refusal
    body = {"site": str(hospital.site), "name": fresh.name, "place": "", "key": _named(fresh)}
    asked = hospital.web.call("act", step="ask", cookie=cookie, kind="enrol_station", body=body)
    shown = hospital.web.call("act", step="challenge", cookie=cookie, act=asked["act"])
    touched = person.key.assertion(shown["options"], hospital.origin, verified=False)
    yes = {"step": "yes", "cookie": cookie, "act": asked["act"], "response": touched}
    assert code(lambda: hospital.web.call("act", **yes)) == "no_user_verification"


def _named(machine: Machine) -> str:
    return base64.urlsafe_b64encode(machine.key.point).decode().rstrip("=")
