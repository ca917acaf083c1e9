"""The chart's timeline by pages: each fact stands on exactly one of them, the newest first."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital
from egide.record.reads.measurements import TIMELINE_MEASUREMENTS
from egide.record.reads.notes import TIMELINE_NOTES

Browse = Callable[..., Browser]
OLDER = re.compile(r'id="older">\s*<a [^>]*href="\?fil=[a-z]*&(?:amp;)?(avant=[^"#]+)#')
PULSES = TIMELINE_MEASUREMENTS * 2 + 30
NOTES = TIMELINE_NOTES + 7


class Stay:
    """A patient of many days: one pulse an hour, a note now and then."""

    def __init__(self, hospital: Hospital, browser: Browse) -> None:
        unit: UUID = hospital.unit()
        self.patient = hospital.patient(unit)
        self.person, cookie = hospital.signed_in("nurse", unit)
        self.page, self.chart = browser(cookie), f"/dossier/{self.patient.id}/"
        start = datetime(2026, 9, 1, 6, tzinfo=UTC)
        for nth in range(PULSES):
            hospital.sql(
                "INSERT INTO record_measurement (id, patient_id, category, code, value, unit, taken_at, recorded_at,"
                " author, set_id) VALUES (%s, %s, 'clinical', '8867-4', %s, '/min', %s, now(), %s, %s) RETURNING id",
                uuid4(), self.patient.id, 1000 + nth, start + timedelta(hours=nth // 2), self.person.account, uuid4(),
            )  # fmt: skip
        keys = hospital.physician_of(self.patient.id)
        for nth in range(NOTES):
            row = uuid4()
            body = keys.seal("clinical", self.patient.id, "record_note", "body", row, {"observation": f"Mot {nth:03}."})
            hospital.sql(
                "INSERT INTO record_note (id, patient_id, category, kind, template, written_at, recorded_at,"
                " author, body) VALUES (%s, %s, 'clinical', 'note', 'free', %s, now(), %s, %s) RETURNING id",
                row, self.patient.id, start + timedelta(hours=nth), self.person.account, body,
            )  # fmt: skip

    def pages(self, only: str = "") -> list[str]:
        """Every page of the timeline, as one follows "Plus ancien"."""
        found: list[str] = []
        address = f"{self.chart}?fil={only}"
        while len(found) < 12:
            body = self.page.get(address).content.decode()
            found.append(body[body.index('id="timeline"') : body.index('id="act"')])
            older = OLDER.search(found[-1])
            if older is None:
                return found
            address = f"{self.chart}?fil={only}&{older[1]}"
        raise AssertionError("the timeline never ends")


@pytest.fixture
def stay(hospital: Hospital, browser: Browse) -> Stay:
    """A long stay."""
    return Stay(hospital, browser)


def test_each_fact_stands_on_one_page_and_none_is_lost(stay: Stay) -> None:
    pages = stay.pages()
    pulses = [int(found) for one in pages for found in re.findall(r"<b>(1\d{3})</b>", one)]
    notes = [int(found) for one in pages for found in re.findall(r"Mot (\d{3})\.", one)]
    assert sorted(pulses) == list(range(1000, 1000 + PULSES))
    assert notes == sorted(range(NOTES), reverse=True)
    assert len(pages) >= 3
    assert "Début du dossier" in pages[-1]


def test_a_filter_is_not_cut_by_what_it_hides(stay: Stay) -> None:
    pages = stay.pages("notes")
    assert [len(re.findall(r"Mot \d{3}\.", one)) for one in pages] == [TIMELINE_NOTES, NOTES - TIMELINE_NOTES]


@pytest.mark.parametrize("typed", ["", "hier", "2026-09-01", "2026-13-01T00:00:00+00:00", "9" * 400, "\x00"])
def test_an_instant_that_is_none_shows_the_newest(stay: Stay, typed: str) -> None:
    body = text(stay.page.get(f"{stay.chart}?{urlencode({'avant': typed})}"))
    assert f"{1000 + PULSES - 1}" in body
    assert "Revenir au plus récent" not in body
