"""Dates, ages, numbers and names as they are written on a French screen."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from egide.ui import formats

NOW = datetime(2026, 11, 24, 7, 25, tzinfo=UTC)  # 08:25 in Paris


def test_dates_and_times_are_local_and_french() -> None:
    at = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert formats.day(at) == "24/11/2026"
    assert formats.day("1952-03-12") == formats.day(date(1952, 3, 12)) == "12/03/1952"
    assert formats.moment(at) == "24/11/2026 00:30"
    assert formats.day(None) == formats.clock(None) == formats.moment(None) == formats.recent(None) == ""


def test_recent_says_the_day_as_soon_as_it_is_not_today() -> None:
    assert formats.recent(datetime(2026, 11, 24, 7, 10, tzinfo=UTC), NOW) == "08:10"
    assert formats.recent(datetime(2026, 11, 23, 21, 5, tzinfo=UTC), NOW) == "hier 22:05"
    assert formats.recent(datetime(2026, 11, 22, 21, 5, tzinfo=UTC), NOW) == "22/11 22:05"
    assert formats.recent(datetime(2024, 11, 22, 21, 5, tzinfo=UTC), NOW) == "22/11/2024 22:05"


def test_day_titles() -> None:
    assert formats.day_title(date(2026, 11, 24), NOW) == "aujourd'hui"
    assert formats.day_title(date(2026, 11, 23), NOW) == "hier"
    assert formats.day_title(date(2026, 11, 22), NOW) == "dimanche 22 novembre"
    assert formats.day_title(date(2025, 3, 1), NOW) == "samedi 1 mars 2025"


@pytest.mark.parametrize(
    ("birth", "on", "said"),
    [
        ("1952-03-12", "2026-11-24", "74 ans"),
        ("1952-11-25", "2026-11-24", "73 ans"),
        ("2025-11-24", "2026-11-24", "12 mois"),
        ("2024-11-24", "2026-11-24", "2 ans"),
        ("2026-11-20", "2026-11-24", "4 jours"),
        ("2026-11-24", "2026-11-24", "moins d'un jour"),
        ("2026-10-26", "2026-11-24", "1 mois"),
        ("2083-01-01", "2026-11-24", ""),
        ("2004-02-29", "2026-02-28", "21 ans"),
    ],
)
def test_ages(birth: str, on: str, said: str) -> None:
    assert formats.age(birth, date.fromisoformat(on)) == said


def test_numbers_have_a_comma() -> None:
    assert formats.decimal(Decimal("37.20")) == "37,2"
    assert formats.decimal(Decimal(100)) == "100"
    assert formats.decimal(Decimal("1E+2")) == "100"
    assert formats.decimal(Decimal(37), 1) == "37,0"
    assert formats.decimal(None) == ""


def test_first_names_are_read_in_small_letters() -> None:
    assert formats.given("JEAN-PIERRE") == "Jean-Pierre"
    assert formats.given("MARIE D'ARC") == "Marie D'Arc"
    assert formats.given("Éloïse") == "Éloïse"
    assert formats.given(None) == ""


def test_a_matricule_is_grouped_as_on_the_card() -> None:
    assert formats.ins("260058815400233") == "2 60 05 88 154 002 33"
    assert formats.ins("12") == "12"
