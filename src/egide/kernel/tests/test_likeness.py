"""The score on each kind of slip, and dates a slip makes of a date."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.kernel import likeness, phonetics
from egide.kernel.likeness import NEAR, SURE, PartialDate

BORN = date(1952, 3, 12)
TYPED = PartialDate(1952, 3, 12)


def score(
    name: str, first: str, born: PartialDate | None, names: list[str], firsts: list[str], on: date | None
) -> float:
    def forms(values: list[str]) -> tuple[str, ...]:
        return tuple(form for value in values for form in phonetics.forms(value))

    return likeness.score(phonetics.forms(name), phonetics.forms(first), born, forms(names), forms(firsts), on)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Lefebvre", "Jeanne"), ("LEFEVRE", "Jeanne"), ("Lefebvr", "Jeanne"), ("Lef", "Jeanne"), ("Martin", "Jeanne"),
        ("Jeanne", "Lefebvre"), ("Lefebvre-Martin", "Jeanne"), ("Lefebvre", "Janne"), ("Lefebvre", ""), ("lef", ""),
    ],
)  # fmt: skip
def test_a_spelling_slip_on_the_true_date_is_sure(name: str, first: str) -> None:
    assert score(name, first, TYPED, ["LEFEBVRE", "MARTIN"], ["JEANNE"], BORN) >= SURE


@pytest.mark.parametrize(
    "born", [PartialDate(1952, 12, 3), PartialDate(1952, 3, 13), PartialDate(1962, 3, 12), PartialDate(1951, 3, 12)]
)
def test_a_slip_in_the_date_is_near_whatever_the_names(born: PartialDate) -> None:
    found = score("Lefebvre", "Jeanne", born, ["LEFEBVRE"], ["JEANNE"], BORN)
    assert NEAR <= found < 1
    assert likeness.dates(born, BORN) < 1


@pytest.mark.parametrize(
    ("name", "typed"), [("LO", "OL"), ("LY", "LI"), ("NG", "NGO"), ("ROUX", "OUX"), ("DIOP", "DOIP")]
)
def test_one_slip_in_a_short_name_is_still_near(name: str, typed: str) -> None:
    assert score(typed, "Jeanne", TYPED, [name], ["JEANNE"], BORN) >= NEAR


def test_another_person_of_the_same_day_is_not_sure() -> None:
    assert score("Lefebvre", "Jeanne", TYPED, ["DURAND"], ["JEANNE"], BORN) < SURE
    assert score("Lefebvre", "Jeanne", TYPED, ["DURAND"], ["MARIE"], BORN) < NEAR


def test_what_was_left_empty_neither_helps_nor_harms() -> None:
    assert score("Lefebvre", "", TYPED, ["LEFEBVRE"], ["JEANNE"], BORN) == pytest.approx(1.0)
    assert score("Lefebvre", "Jeanne", PartialDate(1952), ["LEFEBVRE"], ["JEANNE"], BORN) == pytest.approx(1.0)
    assert score("", "", None, ["LEFEBVRE"], ["JEANNE"], BORN) == 0.0


@pytest.mark.parametrize(
    ("typed", "likes"),
    [
        (PartialDate(1952, 3, 12), 1.0), (PartialDate(1952, 12, 3), 0.9), (PartialDate(1952, 3, 15), 0.85),
        (PartialDate(1953, 3, 12), 0.85), (PartialDate(1942, 3, 12), 0.85), (PartialDate(1952, 3, 11), 0.85),
        (PartialDate(1952, 3, 25), 0.7), (PartialDate(1961, 7, 30), 0.0), (PartialDate(1952), 1.0),
        (PartialDate(1952, 3), 1.0), (PartialDate(1952, 4), 0.0), (PartialDate(1953), 0.0),
    ],
)  # fmt: skip
def test_each_slip_of_the_date_has_its_weight(typed: PartialDate, likes: float) -> None:
    assert likeness.dates(typed, BORN) == likes


@given(st.dates(date(1900, 1, 1), date(2026, 11, 1)))
def test_every_neighbour_is_a_slip_and_the_slips_of_one_hand_are_all_there(day: date) -> None:
    last = date(2026, 11, 24)
    found = list(likeness.neighbours(day, last))
    assert len(found) == len(set(found)) <= 70
    assert day not in found
    typed = PartialDate(day.year, day.month, day.day)
    assert all(likeness.dates(typed, other) > 0 and other <= last for other in found)
    assert day + timedelta(days=1) in found
    if day.day <= 12 and day.day != day.month and date(day.year, day.day, day.month) <= last:
        assert date(day.year, day.day, day.month) in found


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.dates(date(1900, 1, 1), date(2026, 1, 1)))
def test_a_score_is_between_none_and_one(name: str, first: str, other: str, day: date) -> None:
    assert 0.0 <= score(name, first, TYPED, [other, name], [first], day) <= 1.0 + 1e-9
