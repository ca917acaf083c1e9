"""Pieces written in Python escape what was typed and say what a row's time does not."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import override

from egide.ui import pieces
from egide.ui.environment import environment
from egide.ui.text import typeset

AT = datetime(2024, 11, 22, 7, 10, tzinfo=UTC)
HOSTILE = '<script>"&'


@dataclass
class Shown:
    label: str
    text: str | None
    unit: str | None
    alert: str | None = None
    at: datetime | None = None


@dataclass
class Line:
    at: datetime
    kind: str
    title: str
    values: list[Shown]
    detail: str | None = None
    author: str | None = None


def test_every_part_of_a_value_and_of_an_event_is_escaped() -> None:
    value = Shown(HOSTILE, HOSTILE, HOSTILE, "high")
    html = pieces.value(value) + pieces.last([value], AT)
    html += pieces.events(
        [Line(AT, "vitals", "", [value], HOSTILE, HOSTILE), Line(AT, "?", HOSTILE, [], HOSTILE, HOSTILE)]
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 9


def test_a_value_is_named_in_the_language_of_the_page_and_keeps_its_column() -> None:
    pressure, breaths = Shown("TA", "142/81", "mmHg", at=AT), Shown("FR", "30", "/min", "high", at=AT)
    with override("en"):
        assert pieces.value(pressure).striptags().startswith("BP 142/81")
        html = pieces.last([breaths, pressure], AT)
        assert html.startswith('<span class="last"><span class="value">BP <b>142/81</b>')
        assert "RR <b>30</b>" in html
    with override("fr"):
        assert pieces.value(pressure).striptags().startswith("TA 142/81")


def test_a_mark_is_said_in_words_too() -> None:
    assert 'aria-label="au-dessus du repère"' in pieces.value(Shown("TA", "190/100", "mmHg", "high"))
    assert 'aria-label="au-dessous du repère"' in pieces.value(Shown("TA", "80/40", "mmHg", "low"))


def test_an_older_value_of_a_row_says_its_own_time() -> None:
    pressure = Shown("TA", "142/81", "mmHg", at=AT)
    same_round = Shown("Pouls", "76", "/min", at=AT - timedelta(minutes=5))
    yesterday = Shown("T", "37,2", "°C", at=AT - timedelta(hours=11))
    html = pieces.last([pressure, same_round, yesterday], AT)
    assert html.count("value-old") == 1
    assert "21/11/2024 21:10" in html


def test_columns_stay_in_place_when_a_value_is_missing() -> None:
    html = pieces.last([Shown("SpO₂", "96", "%")], AT)
    assert html.count('<span class="value-none"></span>') == 3
    assert pieces.last([], None).striptags() == "aucune mesure"


@dataclass
class Asked:
    codes: tuple[str, ...]
    other: str


def test_a_request_names_its_examinations_then_what_was_written() -> None:
    assert pieces.examinations(Asked(("nfs", "crp"), "Dosage <rare>")) == "NFS, plaquettes, CRP, Dosage <rare>"
    assert pieces.examinations(Asked(("nfs",), "")) == "NFS, plaquettes"
    assert pieces.examinations(Asked((), "Dosage")) == "Dosage"
    shown = environment().from_string("{{ kit.examinations(one) }}").render(one=Asked((), HOSTILE))
    assert "<script" not in shown


def test_french_signs_stay_with_their_words() -> None:
    assert typeset("Attendue : « oui » ou non ?") == "Attendue\u00a0: «\u00a0oui\u00a0» ou non\u00a0?"
    assert typeset("142/81; done: yes") == "142/81; done: yes"
