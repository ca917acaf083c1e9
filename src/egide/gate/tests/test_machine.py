"""Links, shifts, sessions and openings in any order, against a model of ten lines: who opens what, and when no more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from egide.gate.tests.factories import Hospital, Person
from egide.kernel.capabilities import Refused

places = st.integers(0, 2)
people = st.integers(0, 1)


def tried(call: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any] | None, str]:
    """The answer and "ok", or None and the refusal's code."""
    try:
        return call(), "ok"
    except Refused as refusal:
        return None, refusal.code


class Gate(RuleBasedStateMachine):
    """Three units, three patients, a nurse and a physician of one unit each."""

    hospital: ClassVar[Hospital]

    @initialize()
    def draw(self) -> None:
        self.units = [self.hospital.unit() for _ in range(3)]
        self.batch = self.hospital.open_new(3)
        self.patients = list(self.batch.ids)
        self.persons: list[Person] = [
            self.hospital.person("nurse", self.units[0]), self.hospital.person("physician", self.units[1]),
        ]  # fmt: skip
        self.cookies: list[str | None] = [self.hospital.sign_in(one) for one in self.persons]
        self.works: list[set[UUID]] = [{self.units[0]}, {self.units[1]}]
        self.unit_links: set[tuple[UUID, UUID, str]] = set()
        self.own_links: set[tuple[UUID, UUID, str]] = set()
        self.openings: dict[tuple[int, UUID, frozenset[str]], tuple[int, str]] = {}  # (person, patient, bases)

    # ── the world ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _feed(self, call: str, *parameters: Any) -> None:
        with self.hospital.as_application(self.batch) as feed:
            feed.execute(f"SELECT door.{call}".encode(), parameters)

    @rule(patient=places, unit=places)
    def admit(self, patient: int, unit: int) -> None:
        since = datetime.now(UTC) - timedelta(days=1)
        self._feed("link(%s, 'stay', %s, %s, NULL)", self.patients[patient], self.units[unit], since)
        self.unit_links.add((self.patients[patient], self.units[unit], "stay"))

    @rule(patient=places, unit=places)
    def discharge(self, patient: int, unit: int) -> None:
        self._feed("unlink(%s, 'stay', %s, now())", self.patients[patient], self.units[unit])
        stay = (self.patients[patient], self.units[unit], "stay")
        if stay in self.unit_links:
            self.unit_links.remove(stay)
            self.unit_links.add((*stay[:2], "attending"))

    @rule(patient=places, unit=places, days=st.integers(-29, 29))
    def book(self, patient: int, unit: int, days: int) -> None:
        at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
        self._feed("book(%s, %s, NULL, %s)", self.patients[patient], self.units[unit], at)
        self.unit_links.add((self.patients[patient], self.units[unit], "appointment"))

    @rule(patient=places, unit=places)
    def book_for_later(self, patient: int, unit: int) -> None:
        """More than thirty days away: nothing opens by it."""
        self._feed(
            "book(%s, %s, NULL, %s)", self.patients[patient], self.units[unit], datetime.now(UTC) + timedelta(days=31)
        )

    @rule(patient=places, person=people, basis=st.sampled_from(["team", "advice", "secretariat"]))
    def take_into_the_team(self, patient: int, person: int, basis: str) -> None:
        self.hospital.past_link(
            self.patients[patient], None, datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1),
            basis=basis, account=self.persons[person].account,
        )  # fmt: skip
        self.own_links.add((self.patients[patient], self.persons[person].account, basis))

    @rule(person=people, unit=places)
    def declare_shift(self, person: int, unit: int) -> None:
        self.hospital.sql(
            "INSERT INTO accounts.shift (account, profession, unit, since, until)"
            " VALUES (%s, %s, %s, now() - interval '1 h', now() + interval '1 h')",
            self.persons[person].account, self.persons[person].profession, self.units[unit],
        )  # fmt: skip
        self.works[person].add(self.units[unit])

    @rule(person=people)
    def leave_every_shift(self, person: int) -> None:
        self.hospital.sql("UPDATE accounts.shift SET until = now() WHERE account = %s", self.persons[person].account)
        self.works[person] = {self.units[person]}

    @rule(person=people)
    def sign_out(self, person: int) -> None:
        cookie = self.cookies[person]
        if cookie is not None:
            self.hospital.web.call("revoke", cookie=cookie)
            self._nothing_left(person)
        self.cookies[person] = None

    @rule(person=people)
    def sign_in_again(self, person: int) -> None:
        """A new session: the old one, if any, is signed out first."""
        self.sign_out(person)
        self.cookies[person] = self.hospital.sign_in(self.persons[person])
        self.openings = {key: value for key, value in self.openings.items() if key[0] != person}

    def _nothing_left(self, person: int) -> None:
        for (who, *_), (_, ticket) in self.openings.items():
            if who == person:
                assert not self._reads(ticket)
        self.openings = {key: value for key, value in self.openings.items() if key[0] != person}

    # ── what must hold ──────────────────────────────────────────────────────────────────────────────────────────────

    def _bases(self, person: int, patient: UUID) -> frozenset[str]:
        """Why this person may open this patient: neither a nurse nor a physician is anybody's secretariat."""
        one = self.persons[person]
        found = {basis for who, account, basis in self.own_links if (who, account) == (patient, one.account)}
        found |= {basis for who, unit, basis in self.unit_links if who == patient and unit in self.works[person]}
        return frozenset(found - {"secretariat"} - ({"attending"} if one.profession == "nurse" else set()))

    def _reads(self, ticket: str) -> bool:
        try:
            with self.hospital.as_web(ticket):
                return True
        except psycopg.Error:
            return False

    @rule(person=people, patient=places)
    def open(self, person: int, patient: int) -> None:
        cookie, one = self.cookies[person], self.patients[patient]
        if cookie is None:
            return
        answer, code = tried(lambda: self.hospital.open(cookie, one))
        bases = self._bases(person, one)
        assert code == ("ok" if bases else "no_link")
        if answer is not None:
            assert frozenset(answer["basis"].split(",")) == bases
            before = self.openings.get((person, one, bases))
            assert answer["resumed"] == (before is not None)
            assert before is None or before == (answer["opening"], answer["ticket"])
            self.openings[person, one, bases] = (answer["opening"], answer["ticket"])

    @precondition(lambda self: self.openings)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        drawn = data.draw(st.sampled_from(sorted(self.openings.items(), key=str)))
        (person, patient, bases), (opening, ticket) = drawn
        answer, code = tried(lambda: self.hospital.web.call("resume", cookie=self.cookies[person], opening=opening))
        assert code == ("ok" if bases <= self._bases(person, patient) else "opening_ended")
        assert answer is None or answer["ticket"] == ticket

    @rule(person=people, unit=places)
    def open_unit(self, person: int, unit: int) -> None:
        cookie, place = self.cookies[person], self.units[unit]
        if cookie is None:
            return
        answer, code = tried(lambda: self.hospital.open_unit(cookie, place))
        assert code == ("ok" if place in self.works[person] else "not_your_unit")
        if answer is not None:
            listed = {UUID(bytes=one) for one in answer["ids"]}
            assert listed == {patient for patient, where, basis in self.unit_links if (where, basis) == (place, "stay")}

    @invariant()
    def every_held_ticket_reads_its_patient_only(self) -> None:
        for (_, patient, _), (_, ticket) in list(self.openings.items())[:1]:
            assert self.hospital.told(ticket, "identity", "read") == [patient]
            assert self.hospital.told(ticket, "identity", "write") == []


def test_any_order_of_events_agrees_with_the_model(hospital: Hospital) -> None:
    machine = type("Drawn", (Gate,), {"hospital": hospital})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_model_would_see_a_gate_that_forgets_the_end_of_a_link(hospital: Hospital) -> None:
    """The same machine, its model made to believe that discharges do nothing: it must disagree."""

    class Forgetful(Gate):
        @rule(patient=places, unit=places)
        def discharge(self, patient: int, unit: int) -> None:
            self.hospital.sql(
                "UPDATE gate.link SET until = now() WHERE patient_id = %s AND unit = %s AND until IS NULL",
                self.patients[patient], self.units[unit],
            )  # fmt: skip

    Forgetful.hospital = hospital
    machine = Forgetful()
    machine.draw()
    machine.admit(0, 0)
    machine.open(0, 0)
    machine.every_held_ticket_reads_its_patient_only()
    machine.discharge(0, 0)
    with pytest.raises(AssertionError):
        machine.open(0, 0)
