"""The sixth emergency with nobody there, the plan blanc, one's own record, records to watch over, commissions."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.rules import may_mandate, may_plan
from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_break_glass import WORDS, Emergency
from egide.gate.tests.test_links import door, links, notices, opens
from egide.kernel.capabilities import Refused
from egide.kernel.codes import Profession


class Night(Emergency):
    """Somebody who broke the glass five times today."""

    def __init__(self, hospital: Hospital) -> None:
        super().__init__(hospital)
        for one in hospital.patients(self.unit, 5):
            assert self.break_glass(one.id) == {"state": "ok"}

    def sheet(self, patient: UUID | None = None, words: str = WORDS) -> dict[str, Any]:
        """Ask for the sheet and confirm it alone."""
        begun = self.hospital.web.call(
            "approve", cookie=self.cookie, step="begin", kind="emergency_sheet",
            patient=(patient or self.patient.id).bytes, reason="vital_emergency", words=words,
        )  # fmt: skip
        response = self.person.key.assertion(begun["options"], self.hospital.origin)
        return self.hospital.web.call(
            "approve", cookie=self.cookie, step="finish", act=begun["act"], response=response, words=words,
            kind="emergency_sheet",
        )  # fmt: skip

    def opens_sheet(self, patient: UUID | None = None) -> str:
        try:
            answer = self.hospital.open(
                self.cookie, patient or self.patient.id, read=["identity", "clinical", "protected"],
                write=("clinical",), purpose="sheet",
            )  # fmt: skip
        except Refused as refusal:
            return refusal.code
        assert (answer["writes"], "protected" in answer["reads"]) == ([], False)
        return str(answer["basis"])


def code(call: Any) -> str:
    try:
        return str(call()["state"])
    except Refused as refusal:
        return refusal.code


def on_call(hospital: Hospital, person: Person, since: timedelta, until: timedelta) -> None:
    """Her turn on an on-call list of her site."""
    listed, now = uuid4(), datetime.now(UTC)
    hospital.sql(
        "INSERT INTO directory_professional (id, family, given, title, profession, rpps)"
        " VALUES (%s, 'E', 'C', '', 'physician', '') ON CONFLICT DO NOTHING", person.account,
    )  # fmt: skip
    hospital.sql(
        "INSERT INTO directory_oncall (id, site_id, name, kind, phone) VALUES (%s, %s, %s, 'astreinte', '')",
        listed, person.site, f"Astreinte {listed}",
    )  # fmt: skip
    hospital.sql(
        "INSERT INTO directory_oncallturn (id, on_call_id, professional_id, since, until) VALUES (%s, %s, %s, %s, %s)",
        uuid4(), listed, person.account, now + since, now + until,
    )  # fmt: skip


@pytest.mark.parametrize("profession", list(Profession))
def test_the_menu_offers_plan_and_commissions_to_those_whom_the_base_lets(
    hospital: Hospital, profession: Profession
) -> None:
    account = hospital.person(profession).account
    told = hospital.sql("SELECT gate.may_plan(%s, %s), gate.may_mandate(%s, %s)", *(account, hospital.site) * 2)
    assert told == [(may_plan(profession), may_mandate(profession))]


# ── fiche d'urgence ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_from_the_sixth_on_the_sheet_opens_alone_and_the_on_call_list_is_called(hospital: Hospital) -> None:
    night = Night(hospital)
    called, off = hospital.person("physician"), hospital.person("physician")
    on_call(hospital, called, timedelta(hours=-1), timedelta(hours=1))
    on_call(hospital, off, timedelta(hours=-9), timedelta(seconds=-1))
    assert night.break_glass()["state"] == "colleague_needed"
    assert night.opens_sheet() == "no_link"
    assert night.sheet() == {"state": "ok"}
    assert night.opens_sheet() == "sheet"
    assert night.opened() == "no_link"  # the sheet opens the sheet, not the chart
    assert notices(hospital, called) == ["sheet"]
    assert notices(hospital, off) == []
    assert "break_glass" in notices(hospital, night.responsible)
    entry = hospital.entries(account=night.person.account, kind="break_glass")[-1]
    assert (entry["basis"], entry["ids"]) == ("sheet", [night.patient.id])
    words = hospital.web.call("words", cookie=hospital.sign_in(called), entry=entry["id"])["words"]
    assert words == WORDS
    assert WORDS.encode() not in hospital.value("SELECT sealed FROM gate.words WHERE entry = %s", entry["id"])


def test_one_sheet_at_a_time_for_an_hour(hospital: Hospital) -> None:
    night, other = Night(hospital), hospital.stranger()
    night.sheet()
    night.sheet(other)
    assert (night.opens_sheet(), night.opens_sheet(other)) == ("no_link", "sheet")
    move = "UPDATE gate.link SET since = since - %s, until = until - %s WHERE patient_id = %s AND basis = 'sheet'"
    for by, basis in ((timedelta(minutes=60, seconds=-20), "sheet"), (timedelta(seconds=21), "no_link")):
        hospital.sql(move, by, by, other)
        assert night.opens_sheet(other) == basis
    for one in (hospital.stranger() for _ in range(8)):  # care is never refused
        assert night.sheet(one) == {"state": "ok"}


def test_the_sheet_is_for_when_the_whole_chart_takes_a_colleague(hospital: Hospital) -> None:
    night = Night.__new__(Night)
    Emergency.__init__(night, hospital)
    assert code(night.sheet) == "sheet_not_needed"
    assert links(hospital, night.patient.id, "sheet") == []
    assert hospital.entries(account=night.person.account, kind="refuse")[-1]["reason"] == "sheet_not_needed"


def test_a_sheet_asked_for_is_confirmed_as_a_sheet(hospital: Hospital) -> None:
    """An act of one kind is not carried out as another: the sheet's yes never opens the chart."""
    night = Night(hospital)
    begun = hospital.web.call(
        "approve", cookie=night.cookie, step="begin", kind="emergency_sheet", patient=night.patient.id.bytes,
        reason="vital_emergency", words=WORDS,
    )  # fmt: skip
    response = night.person.key.assertion(begun["options"], hospital.origin)
    with pytest.raises(Refused, match="act_ended"):
        hospital.web.call(
            "approve", cookie=night.cookie, step="finish", act=begun["act"], response=response, words=WORDS
        )
    with pytest.raises(Refused, match="bad_request"):
        hospital.web.call("approve", cookie=night.cookie, step="begin", kind="anything", patient=night.patient.id.bytes,
                          reason="vital_emergency", words="")  # fmt: skip
    assert night.opened() == "no_link"


# ── plan blanc ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Crisis:
    """A site with two physicians who may declare, and a nurse who may not."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.site = hospital.new_site()
        self.asker = hospital.person("physician", site=self.site)
        self.second = hospital.person("administrator", site=self.site)
        self.cookie = hospital.sign_in(self.asker)

    def declare(self, second: Person | None = None, asker: Person | None = None) -> str:
        one = asker or self.asker
        cookie = self.hospital.sign_in(asker) if asker else self.cookie
        return pair(self.hospital, cookie, one, second or self.second, "plan_blanc", {})

    def active(self) -> bool:
        return bool(self.hospital.value("SELECT gate.plan_active(%s)", self.site))


def pair(hospital: Hospital, cookie: str, asker: Person, second: Person, kind: str, body: dict[str, str]) -> str:
    """Two keys over one act; the last state or the refusal's code."""
    try:
        asked = hospital.web.call("pair", cookie=cookie, step="begin", kind=kind, body=body)
        for person in (asker, second):
            response = person.key.assertion(asked["options"], hospital.origin)
            asked = hospital.web.call(
                "pair", cookie=cookie, step="finish", kind=kind, act=asked["act"], response=response
            )
            if asked["state"] != "colleague_needed":
                return str(asked["state"])
    except Refused as refusal:
        return refusal.code
    return "waiting"


def test_two_persons_declare_it_for_twelve_hours_on_one_site(hospital: Hospital) -> None:
    crisis = Crisis(hospital)
    dpo = hospital.person("dpo")
    assert not crisis.active()
    assert crisis.declare() == "ok"
    assert crisis.active()
    assert not hospital.value("SELECT gate.plan_active(%s)", hospital.new_site())
    assert notices(hospital, dpo) == ["plan_blanc"]
    assert crisis.declare() == "plan_already"
    move = "UPDATE gate.plan SET since = since - %s, until = until - %s WHERE site = %s"
    for by, active in ((timedelta(hours=12, seconds=-20), True), (timedelta(seconds=21), False)):
        hospital.sql(move, by, by, crisis.site)
        assert crisis.active() is active
    verdicts = [e["verdict"] for e in hospital.entries(account=crisis.asker.account, kind="plan_blanc")]
    assert verdicts == ["begun"]


def test_neither_alone_nor_with_somebody_of_another_site_or_profession(hospital: Hospital) -> None:
    crisis = Crisis(hospital)
    assert crisis.declare(second=crisis.asker) == "same_person"
    assert crisis.declare(second=hospital.person("physician")) == "colleague_refused"
    assert crisis.declare(second=hospital.person("nurse", site=crisis.site)) == "colleague_refused"
    assert crisis.declare(asker=hospital.person("nurse", site=crisis.site)) == "category_closed"
    assert not crisis.active()


def test_one_person_of_the_site_ends_it(hospital: Hospital) -> None:
    crisis = Crisis(hospital)
    crisis.declare()
    elsewhere = hospital.sign_in(hospital.person("physician"))
    nurse = hospital.sign_in(hospital.person("nurse", site=crisis.site))
    assert door(hospital, elsewhere, "end_plan()") == "no_plan"
    assert door(hospital, nurse, "end_plan()") == "category_closed"
    assert crisis.active()
    assert door(hospital, hospital.sign_in(crisis.second), "end_plan()") == "ok"
    assert not crisis.active()
    assert door(hospital, crisis.cookie, "end_plan()") == "no_plan"


def test_it_lifts_the_number_on_its_site_only_and_each_is_still_told(hospital: Hospital) -> None:
    site = hospital.new_site()
    asker, second = hospital.person("physician", site=site), hospital.person("physician", site=site)
    night = Night(hospital)
    assert night.break_glass()["state"] == "colleague_needed"
    pair(hospital, hospital.sign_in(asker), asker, second, "plan_blanc", {})
    assert night.break_glass()["state"] == "colleague_needed"  # another site's
    hospital.sql("UPDATE gate.plan SET site = %s WHERE site = %s", night.person.site, site)
    try:
        assert night.break_glass() == {"state": "ok"}
        assert code(night.sheet) == "sheet_not_needed"
        assert "break_glass" in notices(hospital, night.responsible)
    finally:
        hospital.sql("UPDATE gate.plan SET ended_at = clock_timestamp() WHERE site = %s", night.person.site)
    assert night.break_glass(hospital.stranger())["state"] == "colleague_needed"


# ── one's own record; records to watch over ─────────────────────────────────────────────────────────────────────────


def watched(hospital: Hospital, patient: UUID, call: str, *parameters: Any) -> Any:
    """A door function under an opening of the desk that writes the stay."""
    site_unit = hospital.value("SELECT unit FROM gate.link WHERE patient_id = %s AND basis = 'stay'", patient)
    _, clerk = hospital.signed_in("admission_clerk", site_unit)
    answer = hospital.open(clerk, patient, read=["identity", "stay"], write=("stay",), purpose="arrival")
    with hospital.as_web(answer["ticket"]) as web:
        row = web.execute(f"SELECT door.{call}".encode(), parameters).fetchone()
    return row[0] if row else None


def test_ones_own_record_is_opened_by_others_only(hospital: Hospital) -> None:
    unit = hospital.unit()
    patient, neighbour = (one.id for one in hospital.patients(unit, 2))
    person, cookie = hospital.signed_in("nurse", unit)
    assert watched(hospital, patient, "declare_staff(%s, %s)", patient, uuid4()) == "unknown_colleague"
    assert watched(hospital, patient, "declare_staff(%s, %s)", patient, person.account) == "ok"
    assert opens(hospital, cookie, patient) == "own_record"
    assert [UUID(bytes=one) for one in hospital.open_unit(cookie, unit)["ids"]] == [neighbour]
    assert opens(hospital, cookie, neighbour) == "stay"
    _, colleague = hospital.signed_in("nurse", unit)
    assert opens(hospital, colleague, patient) == "stay"
    assert [e["reason"] for e in hospital.entries(account=person.account, kind="refuse")] == ["own_record"]


def test_ones_own_record_is_not_an_emergency_either(hospital: Hospital) -> None:
    case = Emergency(hospital)
    assert watched(hospital, case.patient.id, "declare_staff(%s, %s)", case.patient.id, case.person.account) == "ok"
    assert code(case.break_glass) == "own_record"
    assert links(hospital, case.patient.id, "break_glass") == []


@pytest.mark.parametrize("what", ["sensitive", "colleague"])
def test_an_opening_outside_the_readers_unit_is_told_to_the_dpo_once_a_day(hospital: Hospital, what: str) -> None:
    case, dpo = Emergency(hospital), hospital.person("dpo")
    patient = case.patient.id
    if what == "sensitive":
        assert watched(hospital, patient, "flag_sensitive(%s, 'anything')", patient) == "bad_request"
        assert watched(hospital, patient, "flag_sensitive(%s, 'public_figure')", patient) == "ok"
    else:
        other = hospital.person("nurse")
        assert watched(hospital, patient, "declare_staff(%s, %s)", patient, other.account) == "ok"
    _, of_the_unit = hospital.signed_in("nurse", case.unit)
    assert opens(hospital, of_the_unit, patient) == "stay"
    declared = ["staff_declared"] if what == "colleague" else []
    assert notices(hospital, dpo) == declared
    case.break_glass()
    assert case.opened() == "break_glass"
    hospital.open(case.cookie, patient, read=["identity"])  # another opening of the same day
    assert sorted(notices(hospital, dpo)) == sorted([*declared, f"{what}_opened"])
    assert watched(hospital, patient, "flag_sensitive(%s, 'legal')", hospital.stranger()) == "category_closed"


# ── commissions ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Commission:
    """A member, two persons who give mandates, and a patient of the site."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.site = hospital.new_site()
        self.unit = hospital.unit(self.site)
        self.patient = hospital.patient(self.unit, site=self.site).id
        self.asker = hospital.person("administrator", site=self.site)
        self.second = hospital.person("dpo", site=self.site)
        self.member = hospital.person("nurse", site=self.site)

    def give(
        self, second: Person | None = None, member: Person | None = None, days: int = 30, of: str = "infection"
    ) -> str:
        until = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
        body = {"account": str((member or self.member).account), "commission": of, "until": until}
        cookie = self.hospital.sign_in(self.asker)
        return pair(self.hospital, cookie, self.asker, second or self.second, "commission", body)

    def ask(self, patient: UUID | None = None, of: str = "infection") -> str:
        self.cookie = self.hospital.sign_in(self.member)
        return str(door(self.hospital, self.cookie, "open_by_commission(%s, %s)", patient or self.patient, of))


def test_a_mandate_of_two_persons_opens_one_patient_of_the_site(hospital: Hospital) -> None:
    case = Commission(hospital)
    responsible = hospital.person("physician", case.unit, site=case.site)
    assert case.ask() == "category_closed"
    assert case.give() == "ok"
    assert notices(hospital, case.member) == ["mandate"]
    assert case.ask() == "ok"
    answer = hospital.open(case.cookie, case.patient, write=("clinical",))
    assert (answer["basis"], answer["writes"]) == ("commission_infection", [])
    assert links(hospital, case.patient, "commission_infection") == [(case.member.account, None, timedelta(days=7))]
    assert notices(hospital, responsible) == ["commission_infection"]
    assert case.ask(hospital.stranger()) == "no_link"  # of another site
    assert case.ask(of="quality") == "category_closed"


def test_who_gives_a_mandate_and_to_whom(hospital: Hospital) -> None:
    case = Commission(hospital)
    assert case.give(second=case.asker) == "same_person"
    assert case.give(second=case.member) == "concerns_you"
    assert case.give(second=hospital.person("nurse", site=case.site)) == "colleague_refused"
    assert case.give(second=hospital.person("dpo")) == "colleague_refused"
    assert case.give(member=hospital.person("porter", site=case.site)) == "unknown_colleague"
    assert case.give(of="anything") == "bad_request"
    assert [case.give(days=days) for days in (-1, 94)] == ["mandate_end", "mandate_end"]
    assert case.ask() == "category_closed"


def test_a_mandate_ends_with_its_day_or_by_one_person_and_closes_what_it_opened(hospital: Hospital) -> None:
    case = Commission(hospital)
    case.give()
    case.ask()
    (mandate,) = hospital.sql("SELECT id FROM gate.mandate WHERE account = %s", case.member.account)[0]
    nurse = hospital.sign_in(hospital.person("nurse", site=case.site))
    assert door(hospital, nurse, "end_mandate(%s)", mandate) == "category_closed"
    assert door(hospital, hospital.sign_in(case.second), "end_mandate(%s)", mandate) == "ok"
    assert opens(hospital, case.cookie, case.patient) == "no_link"
    assert case.ask() == "category_closed"
    case.give(days=0)
    shift = (
        "UPDATE gate.mandate SET since = since - interval '9 days', until = %s WHERE account = %s AND ended_at IS NULL"
    )
    hospital.sql(shift, datetime.now(UTC) + timedelta(seconds=20), case.member.account)
    assert case.ask() == "ok"
    (length,) = hospital.sql(
        "SELECT until - since FROM gate.link WHERE account = %s ORDER BY id DESC LIMIT 1", case.member.account
    )[0]
    assert length < timedelta(seconds=21)  # a link never outlives its mandate
    hospital.sql(shift, datetime.now(UTC) - timedelta(seconds=1), case.member.account)
    assert case.ask(hospital.patient(case.unit, site=case.site).id) == "category_closed"


def test_ten_patients_a_day(hospital: Hospital) -> None:
    case = Commission(hospital)
    case.give()
    ids = [one.id for one in hospital.patients(case.unit, 11, site=case.site)]
    assert [case.ask(one) for one in ids] == ["ok"] * 10 + ["commission_pace"]
