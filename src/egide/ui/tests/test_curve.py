"""The blood-pressure curve: an SVG that speaks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from egide.ui.curve import blood_pressure

START = datetime(2026, 11, 10, 6, tzinfo=UTC)


@dataclass
class Point:
    at: datetime
    systolic: Decimal | None
    diastolic: Decimal | None


def texts(svg: str) -> list[str]:
    return ["".join(one.itertext()) for one in ET.fromstring(svg).iter() if one.tag.endswith("text")]  # noqa: S314 (ours)


def test_nothing_measured_draws_nothing() -> None:
    assert blood_pressure([]) == ""
    assert blood_pressure([Point(START, None, None)]) == ""


def test_it_has_a_title_a_description_units_dates_and_its_last_values() -> None:
    points = [Point(START + timedelta(days=n), Decimal(150 - n), Decimal(90 - n)) for n in range(14)]
    svg = blood_pressure(points[::-1])
    root = ET.fromstring(svg)  # noqa: S314 (ours)
    title, described = (root.find(f"{{http://www.w3.org/2000/svg}}{tag}") for tag in ("title", "desc"))
    assert title is not None
    assert described is not None
    assert title.text == "Pression artérielle"
    assert described.text is not None
    assert "14 mesures" in described.text
    assert "137/77 mmHg" in described.text
    said = texts(svg)
    assert {"mmHg", "140", "137", "77", "17/11"} <= set(said)
    assert " style=" not in svg


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3_000_000),
            st.none() | st.integers(0, 400),
            st.none() | st.integers(0, 400),
        ),
        max_size=40,
    )
)
def test_whatever_was_measured_stays_inside_the_drawing(measured: list[tuple[int, int | None, int | None]]) -> None:
    points = [
        Point(START + timedelta(minutes=at), None if up is None else Decimal(up), None if low is None else Decimal(low))
        for at, up, low in measured
    ]
    svg = blood_pressure(points)
    if not svg:
        return
    assert len(svg) < 60_000
    for one in ET.fromstring(svg).iter():  # noqa: S314 (ours)
        for name, limit in (("cx", 720), ("cy", 236), ("x1", 720), ("y1", 236)):
            if name in one.attrib:
                assert 0 <= float(one.attrib[name]) <= limit


def test_one_measure_is_said_in_the_singular() -> None:
    svg = blood_pressure([Point(START, Decimal(142), Decimal(81))])
    assert "1 mesure le " in svg
    assert "1 mesures" not in svg
