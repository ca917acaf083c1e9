"""The sixth emergency with nobody there, one's own record, records to watch over."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_break_glass import WORDS, Emergency
from egide.gate.tests.test_links import links, notices, opens
from egide.kernel.capabilities import Refused


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
