"""What DPO and RSSI see of the trail: ids and counts, each look written; one name at a time; the monthly draw."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest

from egide.gate.rules import PAGES, may_oversee, oversight
from egide.gate.tests.browser import Browser, statements, text
from egide.gate.tests.factories import Hospital, Patient, Person
from egide.kernel.capabilities import Refused
from egide.kernel.codes import Profession

Browse = Callable[..., Browser]
ADDRESSES = {
    "trail": "/surveillance/", "activity": "/surveillance/activite/", "reviews": "/surveillance/urgences/",
    "draw": "/surveillance/tirage/",
}  # fmt: skip
PEOPLE = [profession for profession in Profession if profession is not Profession.APPLICATION]


@pytest.fixture
def dpo(hospital: Hospital, browser: Browse) -> tuple[Person, Browser]:
    person, cookie = hospital.signed_in("dpo")
    return person, browser(cookie)


def opened(hospital: Hospital, unit: UUID) -> tuple[Person, UUID]:
    """A nurse who opened one patient of her unit."""
    patient = hospital.patient(unit, birth_name="SECRETE")
    person, cookie = hospital.signed_in("nurse", unit)
    hospital.open(cookie, patient.id)
    return person, patient.id


def test_the_base_holds_the_lines_of_the_program(hospital: Hospital) -> None:
    rows = set(hospital.sql("SELECT profession, page, allowed, reason FROM gate.oversight"))
    assert rows == {tuple(line) for line in oversight()}
    assert {(p, g) for p in Profession for g in PAGES if may_oversee(p, g)} == {
        *(("dpo", page) for page in PAGES), ("rssi", "trail"), ("rssi", "activity"),
        ("identity_cell", "name"),
    }  # fmt: skip


@pytest.mark.parametrize("profession", PEOPLE)
def test_each_page_is_for_its_professions_and_a_refusal_is_a_row(
    hospital: Hospital, browser: Browse, profession: Profession
) -> None:
    person, cookie = hospital.signed_in(profession)
    for page, address in ADDRESSES.items():
        answer = browser(cookie).get(address)
        assert answer.status_code == (200 if may_oversee(profession, page) else 403), page
        kind = "trail_read" if may_oversee(profession, page) else "refuse"
        last = hospital.entries(account=person.account)[-1]
        assert (last["kind"], last["object"].split(";")[0]) == (kind, page)
    reason = "homonym" if profession is Profession.IDENTITY_CELL else "incident"
    refused = browser(cookie).post("/surveillance/nommer/", {"patient": str(uuid4()), "reason": reason})
    assert refused.status_code == 403
    assert hospital.entries(account=person.account)[-1]["reason"] == (
        "no_link" if may_oversee(profession, "name") else "category_closed"
    )


def test_the_trail_is_filtered_by_person_patient_unit_kind_and_names_nobody(
    hospital: Hospital, dpo: tuple[Person, Browser]
) -> None:
    person, page = dpo
    unit, other = hospital.unit(), hospital.unit()
    nurse, patient = opened(hospital, unit)
    stranger, _ = opened(hospital, other)
    by_account = text(page.get(f"/surveillance/?account={nurse.account}"))
    assert nurse.name in by_account
    assert stranger.name not in by_account
    by_patient = page.get(f"/surveillance/?patient={patient}").content.decode()
    assert nurse.name in by_patient
    assert "SECRETE" not in by_patient
    last = hospital.entries(account=person.account, kind="trail_read")[-1]
    assert last["ids"] == [patient]
    assert "SECRETE" not in (last["object"] or "")
    nothing = text(page.get(f"/surveillance/?account={nurse.account}&kind=refuse"))
    assert "Aucune ligne ne répond" in nothing
    hospital.open_unit(hospital.sign_in(nurse), unit)
    assert nurse.name in text(page.get(f"/surveillance/?unit={unit}&purpose=unit_list&basis=stay"))
    assert nurse.name not in text(page.get(f"/surveillance/?unit={other}"))
    assert "Aucune ligne ne répond" in text(page.get("/surveillance/?since=2001-01-01&until=2001-01-31"))


def test_pages_of_the_trail_follow_each_other_without_gap_or_repeat(
    hospital: Hospital, dpo: tuple[Person, Browser]
) -> None:
    _, page = dpo
    person = hospital.person("nurse", hospital.unit())
    cookie = hospital.sign_in(person)
    for _ in range(60):
        with pytest.raises(Refused):
            hospital.open(cookie, uuid4())
    ids = [entry["id"] for entry in hospital.entries(account=person.account)][::-1]
    answer = page.get(f"/surveillance/?account={person.account}")
    body = answer.content.decode()
    assert body.count("<tr data-row") == 50
    assert f"before={ids[49]}" in body
    rest = page.get(f"/surveillance/?account={person.account}&before={ids[49]}").content.decode()
    assert rest.count("<tr data-row") == len(ids) - 50


@pytest.mark.parametrize(
    "query",
    [
        "patient=x", "account=%00", "unit=1", "kind=%27;DROP", "purpose=nope", "basis=stay,team", "before=-1",
        "before=x", "before=99999999999999999999999", "since=2026-13-40", "since=2026-05-02&until=2026-05-01",
        "until=9999-12-31", "since=0001-01-01", "who=" + "a" * 200, "who=%00", "since=1500-01-01&until=2026-01-01",
    ],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_told_and_asks_nothing(
    hospital: Hospital, dpo: tuple[Person, Browser], query: str
) -> None:
    person, page = dpo
    answer = page.get(f"/surveillance/?{query}")
    assert answer.status_code == 422
    assert hospital.entries(account=person.account, kind="trail_read") == []


def test_a_name_that_nobody_has_is_told(hospital: Hospital, dpo: tuple[Person, Browser]) -> None:
    assert "Personne de ce nom ne travaille ici" in text(dpo[1].get("/surveillance/?who=Zzyzx"))


def test_naming_a_patient_is_written_charged_and_ends(hospital: Hospital, dpo: tuple[Person, Browser]) -> None:
    person, page = dpo
    nurse, patient = opened(hospital, hospital.unit())
    closed = page.get(f"/surveillance/dossier/{patient}/")
    assert closed.status_code == 403
    assert "SECRETE" not in closed.content.decode()
    answer = page.post("/surveillance/nommer/", {"patient": str(patient), "reason": "complaint"})
    assert (answer.status_code, answer["Location"]) == (302, f"/surveillance/dossier/{patient}/")
    named = text(page.get(answer["Location"]))
    assert "SECRETE" in named
    assert nurse.name in named
    link = hospital.entries(account=person.account, kind="link")[-1]
    assert (link["ids"], link["basis"], link["reason"]) == ([patient], "oversight", "complaint")
    opening = hospital.entries(account=person.account, kind="open")[-1]
    assert (opening["reads"], opening["writes"], opening["purpose"]) == (["identity"], [], "oversight")
    assert (
        hospital.value(
            "SELECT (SELECT sum(x) FROM unnest(ring_day) x) FROM gate.purse WHERE account = %s AND class = 'unlinked'",
            person.account,
        )
        == 1
    )
    # nothing but the identity: not the chart
    assert page.get(f"/dossier/{patient}/").status_code == 200
    assert hospital.entries(account=person.account, kind="open")[-1]["reads"] == ["identity"]
    hospital.sql("UPDATE gate.link SET until = now() WHERE account = %s", person.account)
    assert page.get(answer["Location"]).status_code == 403


def test_the_eleventh_name_of_a_day_is_refused(hospital: Hospital, dpo: tuple[Person, Browser]) -> None:
    person, page = dpo
    unit = hospital.unit()
    hospital.sql("UPDATE gate.limits SET value = 100 WHERE name = 'unlinked_minute'")
    try:
        patients = hospital.patients(unit, 11)
        for patient in patients[:10]:
            form = {"patient": str(patient.id), "reason": "incident"}
            assert page.post("/surveillance/nommer/", form).status_code == 302
        last = page.post("/surveillance/nommer/", {"patient": str(patients[10].id), "reason": "incident"})
    finally:
        hospital.sql("UPDATE gate.limits SET value = 10 WHERE name = 'unlinked_minute'")
    assert last.status_code != 302
    assert hospital.entries(account=person.account)[-1]["reason"] == "budget"
    assert hospital.value("SELECT count(*) FROM gate.link WHERE account = %s", person.account) == 10


def test_names_asked_for_at_once_are_counted_one_after_the_other(hospital: Hospital, browser: Browse) -> None:
    person, cookie = hospital.signed_in("dpo")
    ticket = hospital.web.call("who", cookie=cookie)["ticket"]
    patients = hospital.patients(hospital.unit(), 16)
    hospital.sql("UPDATE gate.limits SET value = 100 WHERE name = 'unlinked_minute'")

    def ask(patient: Patient) -> str:
        with hospital.connect("web") as connection, connection.transaction():
            connection.execute("SELECT door.use_opening(%s)", (ticket,))
            row = connection.execute("SELECT door.name_patient(%s, 'incident')", (patient.id,)).fetchone()
            return str(row[0]) if row else ""

    try:
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(ask, patients))
    finally:
        hospital.sql("UPDATE gate.limits SET value = 10 WHERE name = 'unlinked_minute'")
    assert (told.count("ok"), told.count("budget")) == (10, 6)
    assert hospital.value("SELECT count(*) FROM gate.link WHERE account = %s", person.account) == 10
    assert len(hospital.entries(account=person.account, kind="refuse")) == 6


def test_a_month_drawn_twice_at_once_is_drawn_once(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("dpo")
    ticket = hospital.web.call("who", cookie=cookie)["ticket"]
    hospital.sql("DELETE FROM gate.drawn")
    hospital.sql("DELETE FROM gate.draw")

    def draw(_: int) -> str:
        with hospital.connect("web") as connection, connection.transaction():
            connection.execute("SELECT door.use_opening(%s)", (ticket,))
            row = connection.execute("SELECT door.draw_month(date_trunc('month', now())::date)").fetchone()
            return str(row[0]) if row else ""

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(draw, range(4))) == ["already_drawn"] * 3 + ["ok"]
    assert hospital.value("SELECT count(*) FROM gate.draw") == 1


@pytest.mark.parametrize(
    ("form", "status"),
    [({}, 400), ({"patient": "x", "reason": "incident"}, 400), ({"reason": "incident"}, 400),
     ({"patient": str(uuid4()), "reason": "because"}, 422), ({"patient": str(uuid4())}, 422),
     ({"patient": "\x00", "reason": "\x00"}, 400)],
)  # fmt: skip
def test_a_malformed_naming_opens_nothing(
    hospital: Hospital, dpo: tuple[Person, Browser], form: dict[str, Any], status: int
) -> None:
    person, page = dpo
    assert page.post("/surveillance/nommer/", form).status_code == status
    assert hospital.entries(account=person.account, kind="link") == []


def test_activity_counts_distinct_patients_by_hour_and_names_none(
    hospital: Hospital, browser: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "egide.config.oversight.BOARD", 100_000
    )  # the busiest are shown: whoever tests made busier stands before her
    unit = hospital.unit()
    nurse, cookie = hospital.signed_in("nurse", unit)
    for patient in hospital.patients(unit, 3, birth_name="SECRETE"):
        hospital.open(cookie, patient.id)
        hospital.open(cookie, patient.id)
    body = browser(hospital.signed_in("rssi")[1]).get("/surveillance/activite/").content.decode()
    assert nurse.name in body
    assert "SECRETE" not in body
    seen = {(one["at"].replace(minute=0, second=0, microsecond=0), patient)
            for one in hospital.entries(account=nurse.account, kind="open") for patient in one["ids"]}  # fmt: skip
    assert len({patient for _, patient in seen}) == 3
    hours = Counter(hour for hour, _ in seen)  # one, or two when an hour has just begun
    rows = [row.split("</tr>")[0] for row in body.split("<tr")[1:] if nurse.name in row]
    shown = [int(re.findall(r'<td class="num"[^>]*>(\d+)</td>', row)[0]) for row in rows]
    assert sorted(shown) == sorted(hours.values())


def test_a_review_that_waits_stands_first_and_says_who_was_told(
    hospital: Hospital, dpo: tuple[Person, Browser]
) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    doctor = hospital.person("physician", unit)
    nurse = hospital.person("nurse", hospital.unit())
    for minutes in (1, 40):
        break_glass(hospital, nurse, patient.id, doctor, minutes)
    body = dpo[1].get("/surveillance/urgences/").content.decode()
    rows = [row for row in body.split("<tr ") if nurse.name in row]
    assert "en retard" in rows[0]
    assert "en attente" in rows[1]
    assert all(doctor.name in row for row in rows)


def break_glass(hospital: Hospital, nurse: Person, patient: UUID, told: Person, minutes: int) -> None:
    """One of so many minutes ago, as gate.break_glass leaves it."""
    entry = hospital.value(
        "INSERT INTO audit.entry (id, xid, at, kind, account, profession, ids, verdict, reason, salt)"
        " VALUES (nextval('audit.entry_id'), pg_current_xact_id(), now() - make_interval(mins => %s), 'break_glass',"
        " %s, 'nurse', ARRAY[%s::uuid], 'done', 'on_call', sha256('x')) RETURNING id",
        minutes, nurse.account, patient,
    )  # fmt: skip
    hospital.sql(
        "INSERT INTO gate.notice (account, kind, entry, patient_id, by_account) VALUES (%s, 'break_glass', %s, %s, %s)",
        told.account, entry, patient, nurse.account,
    )  # fmt: skip


def test_a_month_is_drawn_once_from_its_recorded_seed_and_its_heads_review_it(
    hospital: Hospital, browser: Browse, dpo: tuple[Person, Browser]
) -> None:
    person, page = dpo
    hospital.sql("DELETE FROM gate.drawn")
    hospital.sql("DELETE FROM gate.draw")
    unit = hospital.unit()
    nurse, cookie = hospital.signed_in("nurse", unit)
    for patient in hospital.patients(unit, 9):
        hospital.open(cookie, patient.id)
    doctor, doctors_cookie = hospital.signed_in("physician", unit)
    hospital.open_unit(doctors_cookie, unit)
    month = f"{datetime.now(ZoneInfo('Europe/Paris')):%Y-%m}-01"
    assert page.post("/surveillance/tirage/tirer/", {"month": month}).status_code == 302
    assert page.post("/surveillance/tirage/tirer/", {"month": month}).status_code == 409
    (seed, low, high) = hospital.sql("SELECT seed, low, high FROM gate.draw")[0]
    assert str(seed) in hospital.entries(account=person.account, kind="draw")[-1]["object"]
    drawn = [row[0] for row in hospital.sql("SELECT entry FROM gate.drawn WHERE unit = %s", unit)]
    among = [
        entry["id"] for account in (nurse.account, doctor.account)
        for entry in hospital.entries(account=account, kind="open") if low <= entry["id"] <= high
    ]  # fmt: skip
    again = sorted(among, key=lambda one: hashlib.sha256(seed.bytes + one.to_bytes(8, "big")).digest())[:5]
    assert sorted(drawn) == sorted(again)
    mine = browser(doctors_cookie)
    waiting = hospital.sql(
        "SELECT id FROM gate.drawn WHERE unit = %s AND account <> %s ORDER BY id", unit, doctor.account
    )
    assert mine.get("/relectures/").content.decode().count("<tr data-row") == len(waiting)
    first = waiting[0][0]
    assert mine.post(f"/relectures/{first}/", {"verdict": "to_explain"}).status_code == 302
    assert mine.post(f"/relectures/{first}/", {"verdict": "ok"}).status_code == 409
    for typed in ("perhaps", "", "\x00", "ok\x00"):
        assert mine.post(f"/relectures/{waiting[1][0]}/", {"verdict": typed}).status_code == 400
    assert mine.post(f"/relectures/{2**70}/", {"verdict": "ok"}).status_code == 400
    stranger = browser(hospital.signed_in("physician", hospital.unit())[1])
    assert stranger.post(f"/relectures/{waiting[1][0]}/", {"verdict": "ok"}).status_code == 403
    own = browser(cookie)
    assert own.post(f"/relectures/{waiting[1][0]}/", {"verdict": "ok"}).status_code == 403
    told = text(page.get("/surveillance/tirage/"))
    assert nurse.name in told
    assert str(seed) in told


@pytest.mark.parametrize("month", ["", "x", "2026-11-15", "9999-01-01", "\x00"])
def test_a_month_that_is_none_draws_nothing(hospital: Hospital, dpo: tuple[Person, Browser], month: str) -> None:
    assert dpo[1].post("/surveillance/tirage/tirer/", {"month": month}).status_code == 400
    assert hospital.entries(account=dpo[0].account, kind="draw") == []


def test_a_page_of_the_trail_makes_few_statements(dpo: tuple[Person, Browser]) -> None:
    dpo[1].get("/surveillance/")
    with statements() as found:
        assert dpo[1].get("/surveillance/").status_code == 200
    assert len(found) <= 8, found


def test_the_web_reads_the_trail_by_no_other_road(hospital: Hospital) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    ticket = hospital.web.call("who", cookie=cookie)["ticket"]
    with hospital.as_web(ticket) as connection:
        rows = connection.execute(
            "SELECT code, id FROM door.trail(now(), now(), NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
        )
        assert rows.fetchall() == [("category_closed", None)]
        assert connection.execute("SELECT * FROM door.drawn_to_explain()").fetchall() == []
    for table in ("audit.entry", "gate.drawn", "gate.draw", "gate.purse"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), hospital.as_web(ticket) as connection:
            connection.execute(f"SELECT * FROM {table}".encode())  # noqa: S608
