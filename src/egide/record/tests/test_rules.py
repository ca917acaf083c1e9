"""How values are said, and which pressures cannot be."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from egide.kernel.codes import BY_SLUG, PARAMETERS, VITAL_SIGNS
from egide.record.rules import Value, pair_problem, runs, shown
from egide.ui.words import MEASURES


def values(**typed: str) -> dict[str, Decimal]:
    return {BY_SLUG[slug].loinc: Decimal(value) for slug, value in typed.items()}


def test_the_two_pressures_are_said_together() -> None:
    assert shown(values(systolic="142", diastolic="81")) == [Value("TA", "142/81", "mmHg", "")]
    assert shown(values(systolic="142.000")) == [Value("TA", "142/–", "mmHg", "")]
    assert shown(values(diastolic="81")) == [Value("TA", "–/81", "mmHg", "")]


def test_a_comma_and_a_unit_always() -> None:
    (value,) = shown(values(temperature="37.25"))
    assert (value.label, value.text, value.unit) == ("T", "37,2", "°C")
    assert [one.unit for one in shown(values(pulse="80", spo2="97", weight="71.4", pain="3"))] == [
        "/min",
        "%",
        "kg",
        "/10",
    ]


@pytest.mark.parametrize(
    ("slug", "value", "alert"),
    [
        ("systolic", "180", ""), ("systolic", "181", "high"), ("systolic", "90", ""), ("systolic", "89", "low"),
        ("pulse", "110", ""), ("pulse", "111", "high"), ("pulse", "50", ""), ("pulse", "49", "low"),
        ("temperature", "38.5", ""), ("temperature", "38.6", "high"), ("temperature", "35.4", "low"),
        ("spo2", "92", ""), ("spo2", "91", "low"), ("spo2", "100", ""), ("pain", "5", ""), ("pain", "6", "high"),
        ("respiratory_rate", "24", ""), ("respiratory_rate", "25", "high"), ("respiratory_rate", "9", "low"),
        ("weight", "499", ""),
    ],
)  # fmt: skip
def test_marks_stand_beyond_their_limits(slug: str, value: str, alert: str) -> None:
    assert [one.alert for one in shown(values(**{slug: value}))] == [alert]


def test_every_value_is_shown_under_a_name_that_pages_can_say() -> None:
    everything = shown({one.loinc: one.low for one in PARAMETERS})
    assert len(everything) == len(PARAMETERS) - 1  # both pressures are one
    assert {one.label for one in everything} <= MEASURES.keys()


@pytest.mark.parametrize(("systolic", "diastolic"), [(142, 81), (30, 10), (300, 200), (120, 119)])
def test_a_possible_pressure_has_no_problem(systolic: int, diastolic: int) -> None:
    assert pair_problem(systolic, diastolic) is None


@pytest.mark.parametrize(
    ("systolic", "diastolic", "code"),
    [
        (301, 80, "bounds"), (29, 20, "bounds"), (120, 9, "bounds"), (300, 201, "bounds"), (0, 0, "bounds"),
        (80, 80, "order"), (80, 120, "order"),
    ],
)  # fmt: skip
def test_an_impossible_pressure_says_why(systolic: int, diastolic: int, code: str) -> None:
    assert pair_problem(systolic, diastolic) == code


def test_every_vital_sign_has_one_loinc_code_and_sane_bounds() -> None:
    assert len({sign.loinc for sign in VITAL_SIGNS}) == len({sign.slug for sign in VITAL_SIGNS}) == len(VITAL_SIGNS)
    assert all(sign.low < sign.high for sign in VITAL_SIGNS)


@pytest.mark.parametrize(
    ("state", "hours", "taken"),
    [("active", None, True), ("", None, True), ("active", 1, True), ("active", 0, False), ("active", -1, False),
     ("on-hold", None, True), ("completed", None, False), ("stopped", 5, False), ("not-taken", None, False)],
)  # fmt: skip
def test_an_imported_treatment_may_still_be_taken_while_nothing_says_it_is_over(
    state: str, hours: int | None, taken: bool
) -> None:
    now = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert runs(state, None if hours is None else now + timedelta(hours=hours), now) is taken
