"""The plan blanc and commissions' mandates: acts of a site by the one mechanism; what each opens, and its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from egide.accounts.rules import may_ask
from egide.accounts.tests.people import Office
from egide.audit.approvals import Told, kept_in_base, verify_yeses
from egide.audit.lines import from_base
from egide.gate.commissions import MANDATE_DAYS
from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_emergency import Night, code
from egide.gate.tests.test_links import door, links, notices, opens
from egide.kernel.capabilities import Refused
from egide.kernel.codes import Profession


@pytest.mark.parametrize("profession", list(Profession))
def test_the_menu_offers_plan_and_commissions_to_those_whom_the_base_lets(
    hospital: Hospital, profession: Profession
) -> None:
    _, cookie = hospital.signed_in(profession)
    kinds = ("plan_blanc", "commission")
    told = [door(hospital, cookie, "may_ask(%s)", kind) for kind in kinds]
    assert told == [may_ask(profession, kind) for kind in kinds]


def test_the_longest_mandate_is_the_bases(hospital: Hospital) -> None:
    assert hospital.value("SELECT gate.limit_of('mandate_days')") == MANDATE_DAYS


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
        """Two keys at the asker's screen; the last state or the refusal's code."""
        one = asker or self.asker
        cookie = self.hospital.sign_in(asker) if asker else self.cookie
        try:
            act = self.ask(cookie)
            self.sign(act, cookie, one)
            return self.sign(act, cookie, second or self.second)
        except Refused as refusal:
            return refusal.code

    def ask(self, cookie: str, site: UUID | None = None) -> bytes:
        body = {"site": str(site or self.site)}
        answer = self.hospital.web.call("act", step="ask", cookie=cookie, kind="plan_blanc", body=body)
        return bytes(answer["act"])

    def sign(self, act: bytes, cookie: str, person: Person) -> str:
        asked = self.hospital.web.call("act", step="challenge", cookie=cookie, act=act)
        response = person.key.assertion(asked["options"], self.hospital.origin)
        return str(self.hospital.web.call("act", step="yes", cookie=cookie, act=act, response=response)["state"])

    def active(self) -> bool:
        return bool(self.hospital.value("SELECT gate.plan_active(%s)", self.site))


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
    assert crisis.declare(second=hospital.person("physician")) == "category_closed"
    assert crisis.declare(second=hospital.person("nurse", site=crisis.site)) == "category_closed"
    assert crisis.declare(asker=hospital.person("nurse", site=crisis.site)) == "category_closed"
    with pytest.raises(Refused, match="category_closed"):
        crisis.ask(crisis.cookie, hospital.new_site())
    assert not crisis.active()


def test_its_second_key_may_be_put_to_another_station_too_but_to_no_other_session_of_somebody_else(
    hospital: Hospital,
) -> None:
    crisis = Crisis(hospital)
    act = crisis.ask(crisis.cookie)
    with pytest.raises(Refused, match="not_your_key"):
        crisis.sign(act, crisis.cookie, crisis.second)  # nobody has asked with a key yet
    assert crisis.sign(act, crisis.cookie, crisis.asker) == "waiting"
    third = hospital.sign_in(hospital.person("physician", site=crisis.site))
    with pytest.raises(Refused, match="not_your_key"):
        crisis.sign(act, third, crisis.second)
    assert crisis.sign(act, hospital.sign_in(crisis.second), crisis.second) == "ok"
    assert crisis.active()


def test_who_left_or_is_suspended_confirms_nothing_with_a_key_beside(hospital: Hospital) -> None:
    crisis = Crisis(hospital)
    act = crisis.ask(crisis.cookie)
    crisis.sign(act, crisis.cookie, crisis.asker)
    hospital.sql("UPDATE accounts.account SET suspended_at = clock_timestamp() WHERE id = %s", crisis.second.account)
    with pytest.raises(Refused, match="unknown_key"):
        crisis.sign(act, crisis.cookie, crisis.second)
    hospital.sql("UPDATE accounts.account SET suspended_at = NULL WHERE id = %s", crisis.second.account)
    hospital.sql("UPDATE accounts.membership SET until = clock_timestamp() WHERE account = %s", crisis.second.account)
    with pytest.raises(Refused, match="category_closed"):
        crisis.sign(act, crisis.cookie, crisis.second)
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
    crisis, night = Crisis(hospital), Night(hospital)
    site = crisis.site
    assert night.break_glass()["state"] == "colleague_needed"
    assert crisis.declare() == "ok"
    assert night.break_glass()["state"] == "colleague_needed"  # another site's
    hospital.sql("UPDATE gate.plan SET site = %s WHERE site = %s", night.person.site, site)
    try:
        assert night.break_glass() == {"state": "ok"}
        assert code(night.sheet) == "sheet_not_needed"
        assert "break_glass" in notices(hospital, night.responsible)
    finally:
        hospital.sql("UPDATE gate.plan SET ended_at = clock_timestamp() WHERE site = %s", night.person.site)
    assert night.break_glass(hospital.stranger())["state"] == "colleague_needed"


# ── commissions ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Commission:
    """A member, two persons who give mandates, each at a workstation of her own, and a patient of the site."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.office = Office(hospital)
        self.site = self.office.site
        self.unit = hospital.unit(self.site)
        self.patient = hospital.patient(self.unit, site=self.site).id
        self.asker = self.office.first
        self.second = self.office.staff("dpo")
        self.member = self.office.staff("nurse")

    def body(self, member: Person | None = None, days: int = 30, of: str = "infection") -> dict[str, str]:
        until = (datetime.now(ZoneInfo("Europe/Paris")) + timedelta(days=days)).date().isoformat()
        return {
            "account": str((member or self.member).account), "commission": of, "until": until, "site": str(self.site),
        }  # fmt: skip

    def give(
        self, second: Person | None = None, member: Person | None = None, days: int = 30, of: str = "infection"
    ) -> str:
        try:
            act = self.office.ask("commission", self.body(member, days, of))
            self.office.yes(act)
            return str(self.office.yes(act, second or self.second)["state"])
        except Refused as refusal:
            return refusal.code

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
    assert case.give(second=hospital.person("nurse", site=case.site)) == "category_closed"
    assert case.give(second=hospital.person("dpo")) == "category_closed"
    assert case.give(member=case.asker) == "concerns_you"
    assert case.give(member=hospital.person("porter", site=case.site)) == "unknown_colleague"
    assert case.give(of="anything") == "bad_request"
    assert [case.give(days=days) for days in (-1, 94)] == ["mandate_end", "mandate_end"]
    assert case.ask() == "category_closed"


def waiting(hospital: Hospital, cookie: str) -> list[UUID]:
    """The acts that her approvals page lists for her yes."""
    with hospital.as_web(hospital.web.call("who", cookie=cookie)["ticket"]) as web:
        return [one[0] for one in web.execute("SELECT id FROM door.acts_waiting() WHERE NOT mine").fetchall()]


def test_a_mandate_is_signed_by_another_person_at_another_station_in_time_and_once(hospital: Hospital) -> None:
    case, station = Commission(hospital), "c" * 32
    office = case.office
    one = hospital.sign_in(case.asker, station=station)
    asked = hospital.web.call("act", step="ask", cookie=one, kind="commission", body=case.body())
    act = bytes(asked["act"])
    assert office.yes(act, case.asker, cookie=one)["state"] == "waiting"
    beside = hospital.sign_in(case.second, station=station)
    for cookie, who, why in (
        (one, case.asker, "same_person"),
        (one, case.second, "same_person"),  # her key at the asker's screen: this act asks for another one
        (beside, case.second, "same_station"),
        (office.cookie(case.second), case.asker, "not_your_key"),
    ):
        with pytest.raises(Refused, match=why):
            office.yes(act, who, cookie=cookie)
    assert UUID(bytes=act) in waiting(hospital, office.cookie(case.second))
    assert UUID(bytes=act) not in waiting(hospital, office.cookie(case.member))
    for change, why in (
        ("body = replace(body, 'infection', 'quality')", "bad_assertion"),
        ("expires_at = clock_timestamp()", "act_ended"),
    ):
        asked = hospital.web.call("act", step="challenge", cookie=office.cookie(case.second), act=act)
        response = case.second.key.assertion(asked["options"], hospital.origin)
        kept = hospital.sql("SELECT body, expires_at FROM accounts.act WHERE id = %s", UUID(bytes=act))[0]
        hospital.sql(f"UPDATE accounts.act SET {change} WHERE id = %s", UUID(bytes=act))  # noqa: S608
        with pytest.raises(Refused, match=why):
            hospital.web.call("act", step="yes", cookie=office.cookie(case.second), act=act, response=response)
        hospital.sql("UPDATE accounts.act SET body = %s, expires_at = %s WHERE id = %s", *kept, UUID(bytes=act))
    assert case.ask() == "category_closed"
    assert office.yes(act, case.second)["state"] == "ok"
    with pytest.raises(Refused, match="act_ended"):
        office.yes(act, office.second)
    assert hospital.value("SELECT count(*) FROM gate.mandate WHERE account = %s", case.member.account) == 1
    refused = [
        one["reason"]
        for one in hospital.entries(kind="refuse")
        if UUID(bytes=act).hex in (one["object"] or "").replace("-", "")
    ]
    assert {"same_person", "same_station", "not_your_key", "bad_assertion", "act_ended"} <= set(refused)


def test_yeses_to_acts_of_a_site_are_verified_again(hospital: Hospital) -> None:
    case, crisis = Commission(hospital), Crisis(hospital)
    assert (case.give(), crisis.declare()) == ("ok", "ok")
    told = Told()
    with hospital.connect("auditor") as auditor:
        list(told.watch(from_base(auditor)))
        kept = kept_in_base(auditor)
    mine = [one for one in kept if str(case.site) in one.body or str(crisis.site) in one.body]
    assert sorted(one.kind for one in mine) == ["commission", "commission", "plan_blanc", "plan_blanc"]
    assert verify_yeses(told, kept).findings == []
    forged = [replace(one, body=one.body.replace("infection", "quality")) if one in mine else one for one in kept]
    assert [one.code for one in verify_yeses(told, forged).findings] == ["yes_forged"] * 2


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


def test_who_gives_no_mandate_is_shown_no_name_and_her_try_is_a_row(hospital: Hospital, browser: Any) -> None:
    case = Commission(hospital)
    nurse, cookie = hospital.signed_in("nurse", case.unit)
    page = browser(cookie)
    assert case.asker.name not in page.get("/commissions/").content.decode()
    answer = page.post("/commissions/", case.body())
    assert answer.status_code == 403
    assert case.member.name not in answer.content.decode()
    row = hospital.entries(account=nurse.account, kind="refuse")[-1]
    assert (row["purpose"], row["reason"]) == ("commission", "category_closed")


def test_a_mandates_form_says_beside_the_field_what_cannot_be(hospital: Hospital, browser: Any) -> None:
    case = Commission(hospital)
    page = browser(case.office.cookie(case.asker))
    porter = case.office.staff("physiotherapist")
    typed = case.body() | {"until": "31/02/2027"}
    for changed, sentence in (
        ({}, "Écrivez la date comme 03/11/2026."),
        ({"until": "2020-01-01"}, "Un mandat finit après aujourd&#39;hui et dans trois mois au plus."),
        ({"account": ""}, "Choisissez à qui le mandat est donné."),
        ({"commission": "x\x00"}, "Choi"),
        ({"account": str(porter.account)}, "Choi"),
    ):
        answer = page.post("/commissions/", typed | changed)
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True), changed
    assert not hospital.sql("SELECT 1 FROM accounts.act WHERE account = %s", case.asker.account)
    assert page.post("/commissions/", case.body()).status_code == 302
