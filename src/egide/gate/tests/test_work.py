"""Work lists: an event puts somebody there, her chart opens to the profession of that site, until the line is done."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from egide.gate import rules
from egide.gate.tests.browser import text
from egide.gate.tests.factories import Hospital
from egide.gate.tests.test_bases import fed
from egide.gate.tests.test_links import door, opens, rows
from egide.gate.trail import SHOWN
from egide.gate.work import MOST
from egide.kernel.capabilities import Refused
from egide.ui.words import word

WORKERS = {"pharmacist": "reconcile", "billing": "billing", "dim": "coding"}


def admitted(hospital: Hospital, unit: UUID, site: UUID | None = None) -> UUID:
    batch = hospital.open_new(site=site)
    fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", batch.ids[0], unit)
    return batch.ids[0]


def listed(hospital: Hospital, cookie: str) -> list[tuple[str, UUID]]:
    return [(row[1], row[2]) for row in rows(hospital, cookie, "my_work()")]


@pytest.fixture
def site(hospital: Hospital) -> UUID:
    return hospital.new_site()


def worker(hospital: Hospital, profession: str, site: UUID) -> str:
    return hospital.sign_in(hospital.person(profession, site=site))


def test_an_admission_asks_for_a_reconciliation_and_a_file_and_a_discharge_for_coding(
    hospital: Hospital, site: UUID
) -> None:
    unit = hospital.unit(site)
    batch = hospital.open_new(site=site)
    patient = batch.ids[0]
    cookies = {profession: worker(hospital, profession, site) for profession in WORKERS}
    assert {opens(hospital, cookie, patient) for cookie in cookies.values()} == {"no_link"}
    fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", patient, unit)
    assert {p: opens(hospital, c, patient) for p, c in cookies.items()} == {
        "pharmacist": "work_list", "billing": "work_list", "dim": "no_link",
    }  # fmt: skip
    fed(hospital, batch, "unlink(%s, 'stay', %s, now())", patient, unit)
    assert {p: listed(hospital, c) for p, c in cookies.items()} == {p: [(name, patient)] for p, name in WORKERS.items()}
    assert opens(hospital, cookies["dim"], patient) == "work_list"


def test_a_line_done_closes_the_chart_and_ends_what_was_open(hospital: Hospital, site: UUID) -> None:
    unit = hospital.unit(site)
    batch = hospital.open_new(site=site)
    fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", batch.ids[0], unit)
    person = hospital.person("pharmacist", site=site)
    cookie = hospital.sign_in(person)
    opening = hospital.open(cookie, batch.ids[0])["opening"]
    ((task, *_),) = rows(hospital, cookie, "my_work()")
    assert door(hospital, cookie, "close_task(%s, 'done', NULL)", task) == "ok"
    with pytest.raises(Refused, match="opening_ended"):
        hospital.web.call("resume", cookie=cookie, opening=opening)
    assert opens(hospital, cookie, batch.ids[0]) == "no_link"
    assert listed(hospital, cookie) == []
    assert door(hospital, cookie, "close_task(%s, 'done', NULL)", task) == "already"
    (entry,) = hospital.entries(account=person.account, kind="work")
    assert (entry["ids"], entry["verdict"], entry["object"]) == ([batch.ids[0]], "done", "reconcile")


def test_a_line_is_of_its_site_and_profession(hospital: Hospital, site: UUID) -> None:
    batch = hospital.open_new(site=site)
    fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", batch.ids[0], hospital.unit(site))
    mine = worker(hospital, "pharmacist", site)
    ((task, *_),) = rows(hospital, mine, "my_work()")
    others = {
        "pharmacist of another site": worker(hospital, "pharmacist", hospital.new_site()),
        "laboratory": worker(hospital, "laboratory", site), "nurse": worker(hospital, "nurse", site),
    }  # fmt: skip
    for who, cookie in others.items():
        assert listed(hospital, cookie) == [], who
        assert opens(hospital, cookie, batch.ids[0]) == "no_link", who
        assert door(hospital, cookie, "close_task(%s, 'done', NULL)", task) == "no_link", who
    assert door(hospital, mine, "close_task(%s, 'skipped', NULL)", task) == "bad_request"
    assert door(hospital, mine, "close_task(%s, 'skipped', 'because')", task) == "bad_request"
    assert door(hospital, mine, "close_task(%s, 'skipped', 'not_concerned')", task) == "ok"


def test_a_line_nobody_does_opens_for_sixty_days(hospital: Hospital, site: UUID) -> None:
    batch = hospital.open_new(site=site)
    fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", batch.ids[0], hospital.unit(site))
    cookie = worker(hospital, "pharmacist", site)
    move = "UPDATE gate.link SET since = since - %s, until = until - %s WHERE patient_id = %s AND basis = 'work_list'"
    for by, basis in ((timedelta(days=60, seconds=-20), "work_list"), (timedelta(seconds=21), "no_link")):
        hospital.sql(move, by, by, batch.ids[0])
        assert opens(hospital, cookie, batch.ids[0]) == basis
    assert listed(hospital, cookie) == []


def test_what_is_told_late_asks_for_nothing(hospital: Hospital, site: UUID) -> None:
    """A feed that tells the past makes no work: a stay begun or ended more than seven days ago."""
    unit = hospital.unit(site)
    batch = hospital.open_new(2, site)
    fed(hospital, batch, "link(%s, 'stay', %s, now() - interval '8 days', NULL)", batch.ids[0], unit)
    past = "link(%s, 'stay', %s, now() - interval '20 days', now() - interval '8 days')"
    fed(hospital, batch, past, batch.ids[1], unit)
    for profession in WORKERS:
        assert listed(hospital, worker(hospital, profession, site)) == []


def test_the_same_person_twice_is_one_line(hospital: Hospital, site: UUID) -> None:
    one, other = hospital.unit(site), hospital.unit(site)
    batch = hospital.open_new(site=site)
    for unit in (one, other):
        fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", batch.ids[0], unit)
    assert listed(hospital, worker(hospital, "billing", site)) == [("billing", batch.ids[0])]


PAST = "UPDATE gate.link SET since = since - interval '61 days', until = until - interval '61 days'"


def test_somebody_whose_line_lapsed_is_put_on_the_list_anew(hospital: Hospital, site: UUID) -> None:
    """Sixty days nobody did it; at the next admission it stood in the way."""
    batch, cookie = hospital.open_new(site=site), worker(hospital, "pharmacist", site)
    for unit in (hospital.unit(site), hospital.unit(site)):
        fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", batch.ids[0], unit)
        assert listed(hospital, cookie) == [("reconcile", batch.ids[0])]
        hospital.sql(PAST + " WHERE patient_id = %s AND basis = 'work_list' AND until > now()", batch.ids[0])
        assert listed(hospital, cookie) == []
    ended = hospital.sql(
        "SELECT t.outcome, t.done_by, t.done_at = k.until FROM gate.task t JOIN gate.link k ON k.id = t.link"
        " WHERE t.patient_id = %s AND t.list = 'reconcile' AND t.outcome IS NOT NULL",
        batch.ids[0],
    )
    assert ended == [("lapsed", None, True)]


def test_lapsed_lines_of_a_place_end_when_another_comes(hospital: Hospital, site: UUID) -> None:
    unit = hospital.unit(site)
    batch = hospital.open_new(4, site)
    for patient in batch.ids[:3]:
        fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", patient, unit)
    hospital.sql(PAST + " WHERE patient_id = ANY (%s) AND basis = 'work_list'", list(batch.ids[:2]))
    fed(hospital, batch, "link(%s, 'stay', %s, now(), NULL)", batch.ids[3], unit)
    found = hospital.sql(
        "SELECT patient_id, outcome FROM gate.task WHERE patient_id = ANY (%s) AND list = 'billing'", list(batch.ids)
    )
    assert dict(found) == dict(zip(batch.ids, ("lapsed", "lapsed", None, None), strict=True))


@pytest.fixture
def small_rosters(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A roster of two, in the base and in the pages."""
    monkeypatch.setattr("egide.gate.work.MOST", 2)
    monkeypatch.setattr("egide.config.day.MOST", 2)
    usual = hospital.value("SELECT value FROM gate.limits WHERE name = 'roster'")
    hospital.sql("UPDATE gate.limits SET value = 2 WHERE name = 'roster'")
    yield 2
    hospital.sql("UPDATE gate.limits SET value = %s WHERE name = 'roster'", usual)


def test_a_list_that_stops_says_so(hospital: Hospital, browser: Any, site: UUID, small_rosters: int) -> None:
    person = hospital.person("billing", site=site)
    page = browser(hospital.sign_in(person))
    said = "Plus de 200 lignes attendent"
    for count in range(1, small_rosters + 2):
        admitted(hospital, hospital.unit(site), site)
        assert (said in text(page.get("/travail/"))) is (count > small_rosters)
        assert ("Plus de 200 lignes de travail" in text(page.get("/jour/"))) is (count > small_rosters)
    assert len(hospital.entries(account=person.account, kind="open", purpose="work_list")[-1]["ids"]) == small_rosters


def test_pages_stop_where_the_base_does(hospital: Hospital) -> None:
    held = dict(hospital.sql("SELECT name, value FROM gate.limits"))
    assert (held["roster"], held["openings_shown"]) == (MOST, SHOWN)
    for name, most in (("work", MOST), ("agenda", MOST), ("openings", SHOWN), ("openings_trail", SHOWN)):
        assert word(name, "truncated").startswith(f"Plus de {most} ")


def test_my_lines_are_read_by_their_place_in_order(hospital: Hospital, site: UUID) -> None:
    body = hospital.value("SELECT prosrc FROM pg_proc WHERE oid = 'door.my_work()'::regprocedure")
    asked = re.search(r"\(SELECT x\.\* FROM gate\.task x.*?LIMIT v_most\)", body, re.DOTALL)
    assert asked
    query = asked[0][1:-1].replace("v_most", "201").replace("x.place = p", f"x.place = '{UUID(int=3)}'")
    query = query.replace("a.site", f"'{site}'").replace("v_now", "now()")
    with hospital.connect("super") as base:
        base.execute("SET enable_seqscan = off")
        base.execute("SET enable_bitmapscan = off")
        plan = "\n".join(row[0] for row in base.execute(f"EXPLAIN {query}".encode()).fetchall())
    assert "task_place" in plan, plan
    assert "Sort" not in plan, plan


def test_who_works_by_list_is_said_alike_in_both_languages(hospital: Hospital) -> None:
    lists = hospital.sql("SELECT profession, asked FROM gate.work_list")
    assert {one for one, asked in lists if not asked} == set(rules.FED)
    assert {one for one, asked in lists if asked} == set(rules.ASKED)
    assert set(hospital.value("SELECT gate.prescribers()")) == set(rules.PRESCRIBERS)
    assert set(hospital.value("SELECT gate.samplers()")) == set(rules.SAMPLERS)
