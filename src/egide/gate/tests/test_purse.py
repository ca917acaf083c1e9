"""The purse counts exactly: under fifty openings at once, at its cap, and on four sliding clocks."""

# ruff: noqa: S608 — statements put together from names of this file

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egide.gate.tests.factories import Hospital, Person
from egide.keeper.client import Keeper
from egide.kernel.capabilities import Refused
from egide.rehearsal.workstation import ProvingKeeper

RINGS = {"ring_minute": (12, 5), "ring_hour": (12, 300), "ring_day": (24, 3600), "ring_month": (30, 86400)}
ZERO = datetime(2026, 1, 1, tzinfo=UTC)


def linked(hospital: Hospital, unit: UUID, count: int) -> list[UUID]:
    """Ids linked to a unit: the purse needs no rows of theirs."""
    ids = [uuid4() for _ in range(count)]
    for one in ids:
        hospital.past_link(one, unit, datetime.now(UTC) - timedelta(days=1), None)
    return ids


def purse(hospital: Hospital, person: Person) -> dict[str, int]:
    """Sum of each ring of the linked purse."""
    sums = ", ".join(f"(SELECT sum(x) FROM unnest({ring}) x)" for ring in RINGS)
    row = hospital.sql(
        f"SELECT {sums} FROM gate.purse WHERE account = %s AND class = 'linked'",
        person.account,
    )
    return dict(zip(RINGS, row[0], strict=True)) if row else dict.fromkeys(RINGS, 0)


@contextmanager
def limits(hospital: Hospital, **values: float) -> Iterator[None]:
    """Other limits for a moment, set as the migrator may."""
    before = dict(hospital.sql("SELECT name, value FROM gate.limits"))
    with hospital.connect("migrator") as migrator:
        migrator.execute("SET ROLE gatekeeper")
        try:
            for name, value in values.items():
                migrator.execute("UPDATE gate.limits SET value = %s WHERE name = %s", (value, name))
            yield
        finally:
            for name in values:
                migrator.execute("UPDATE gate.limits SET value = %s WHERE name = %s", (before[name], name))


def at_once(count: int, act: Callable[[int], Any], warm: Callable[[int], None] = lambda _: None) -> list[Any]:
    """The results of `act(0)` … in as many threads, let go together after `warm`; a Refused is its code."""
    start = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(place: int) -> None:
        warm(place)
        start.wait()
        try:
            results[place] = act(place)
        except Refused as refusal:
            results[place] = refusal.code

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def open_at_once(hospital: Hospital, cookie: str, ids: list[UUID], count: int) -> list[Any]:
    """Open the nth id in the nth thread, each on a warm connection of its own, so that they do race."""
    keepers = [ProvingKeeper(hospital.home.keeper_socket("web")) for _ in range(count)]

    def warm(place: int) -> None:
        keepers[place].call("who", cookie=cookie)

    def act(place: int) -> Any:
        try:
            return keepers[place].call(
                "open", cookie=cookie, ids=[ids[place % len(ids)].bytes], purpose="care", read=["identity"], write=[]
            )["opening"]
        finally:
            keepers[place].close()

    return at_once(count, act, warm)


def test_fifty_openings_at_once_count_fifty(hospital: Hospital) -> None:
    unit = hospital.unit()
    ids = linked(hospital, unit, 50)
    person, cookie = hospital.signed_in("nurse", unit)
    openings = open_at_once(hospital, cookie, ids, 50)
    assert len(set(openings)) == 50
    assert purse(hospital, person) == dict.fromkeys(RINGS, 50)
    assert hospital.value("SELECT count(*) FROM gate.seen WHERE account = %s", person.account) == 50
    assert len(hospital.entries(account=person.account, kind="open")) == 50


def test_one_patient_opened_forty_times_at_once_is_one_person(hospital: Hospital) -> None:
    unit = hospital.unit()
    person, cookie = hospital.signed_in("nurse", unit)
    openings = open_at_once(hospital, cookie, linked(hospital, unit, 1), 40)
    assert all(isinstance(opening, int) for opening in openings)
    assert len(set(openings)) == 1  # audited once, however many panels ask at the same moment
    assert len(hospital.entries(account=person.account, kind="open")) == 1
    assert purse(hospital, person) == dict.fromkeys(RINGS, 1)


def test_never_one_above_the_cap(hospital: Hospital) -> None:
    unit = hospital.unit()
    ids = linked(hospital, unit, 50)
    person, cookie = hospital.signed_in("nurse", unit)
    with limits(hospital, linked_floor=7, linked_census_factor=0):
        results = open_at_once(hospital, cookie, ids, 50)
        assert sorted(str(type(one).__name__) for one in results) == ["int"] * 7 + ["str"] * 43
        assert set(results) - {one for one in results if isinstance(one, int)} == {"budget"}
        assert purse(hospital, person) == dict.fromkeys(RINGS, 7)
        seen = ids[next(place for place, one in enumerate(results) if isinstance(one, int))]
        assert hospital.open(cookie, seen, read=["identity"])  # a person already counted costs nothing more
    refusals = hospital.entries(account=person.account, kind="refuse")
    assert [row["reason"] for row in refusals] == ["budget"] * 43
    assert len(hospital.entries(account=person.account, kind="open")) == 7


def test_a_refusal_by_the_budget_spends_nothing(hospital: Hospital) -> None:
    unit = hospital.unit()
    linked(hospital, unit, 8)
    person, cookie = hospital.signed_in("nurse", unit)
    with limits(hospital, linked_floor=5, linked_census_factor=0), pytest.raises(Refused, match="budget"):
        hospital.open_unit(cookie, unit)
    assert purse(hospital, person) == dict.fromkeys(RINGS, 0)
    assert hospital.value("SELECT count(*) FROM gate.seen WHERE account = %s", person.account) == 0


def test_who_is_counted_in_the_day_opens_again_when_the_census_fell_and_nobody_new_does(hospital: Hospital) -> None:
    unit = hospital.unit()
    linked(hospital, unit, 8)
    person, cookie = hospital.signed_in("nurse", unit)
    hospital.open_unit(cookie, unit)
    with limits(hospital, linked_floor=5, linked_census_factor=0):
        again = hospital.sign_in(person)  # no lease of hers: every opening is weighed
        assert len(hospital.open_unit(again, unit)["ids"]) == 8
        (new,) = linked(hospital, unit, 1)
        with pytest.raises(Refused, match="budget"):
            hospital.open(again, new)
        with pytest.raises(Refused, match="budget"):
            hospital.open_unit(hospital.sign_in(person), unit)  # she stands in the list now
    assert purse(hospital, person) == dict.fromkeys(RINGS, 8)


def test_a_ward_of_200_fits_in_the_linked_budget(hospital: Hospital) -> None:
    unit = hospital.unit()
    linked(hospital, unit, 60)
    person, cookie = hospital.signed_in("nurse", unit)
    assert len(hospital.open_unit(cookie, unit)["ids"]) == 60
    assert purse(hospital, person) == dict.fromkeys(RINGS, 60)
    hospital.open_unit(hospital.sign_in(person), unit)  # another session of hers: the same persons
    assert purse(hospital, person) == dict.fromkeys(RINGS, 60)


def test_purses_are_apart_by_account(hospital: Hospital) -> None:
    unit = hospital.unit()
    (one,) = linked(hospital, unit, 1)
    first, cookie = hospital.signed_in("nurse", unit)
    second, other = hospital.signed_in("nurse", unit)
    hospital.open(cookie, one)
    assert (purse(hospital, first)["ring_day"], purse(hospital, second)["ring_day"]) == (1, 0)
    hospital.open(other, one)
    assert purse(hospital, second)["ring_day"] == 1


# ── the rings ───────────────────────────────────────────────────────────────────────────────────────────────────────


def slide(ring: list[int], width: int, before: float, now: float) -> list[int]:
    """What gate.ring_slide must do, said in Python."""
    size, first, last = len(ring), int(before // width), int(now // width)
    if last - first >= size:
        return [0] * size
    return [
        0 if any(slot % size == place for slot in range(first + 1, last + 1)) else n for place, n in enumerate(ring)
    ]


steps = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 4), st.integers(0, 700), st.integers(0, 90_000), st.integers(0, 40 * 86_400)),
        st.sets(st.integers(0, 6), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize(("name", "size", "width"), [(name, *ring) for name, ring in RINGS.items()])
def test_a_ring_holds_who_was_last_seen_in_each_slot(hospital: Hospital, name: str, size: int, width: int) -> None:
    """Against a naive model: each person counts once, in the slot where she was last seen, while it is inside."""
    statement = "SELECT gate.ring_move(gate.ring_slide(%s::int[], %s, %s, %s), %s, %s, %s, %s)"

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps=steps)
    def agrees(steps: list[tuple[int, set[int]]]) -> None:
        with hospital.connect("super") as base:
            ring, at, now = [0] * size, ZERO, ZERO
            seen: dict[int, datetime] = {}
            for seconds, people in steps:
                now = now + timedelta(seconds=seconds)
                groups: dict[datetime | None, int] = {}
                for one in people:
                    groups[seen.get(one)] = groups.get(seen.get(one), 0) + 1
                for last, count in groups.items():  # as gate.spend: slide once, then move each group
                    row = base.execute(statement, (ring, width, at, now, width, last, now, count)).fetchone()
                    assert row is not None
                    ring, at = row[0], now
                for one in people:
                    seen[one] = now
                slot = int(now.timestamp() // width)
                model = [0] * size
                for last in seen.values():
                    if slot - int(last.timestamp() // width) < size:
                        model[int(last.timestamp() // width) % size] += 1
                assert ring == model
                assert sum(ring) <= len(seen)

    agrees()


def test_the_spender_slides_its_rings_to_now(hospital: Hospital) -> None:
    """A purse of three days ago: the day's ring is empty again, the month's is not."""
    unit = hospital.unit()
    ids = linked(hospital, unit, 4)
    person, cookie = hospital.signed_in("nurse", unit)
    for one in ids[:3]:
        hospital.open(cookie, one)
    past = datetime.now(UTC) - timedelta(days=3)
    place = int(past.timestamp() // 86400) % 30
    month = [0] * 30
    month[place] = 3
    hospital.sql(
        "UPDATE gate.purse SET at = %s, ring_minute = %s, ring_hour = %s, ring_day = %s, ring_month = %s"
        " WHERE account = %s",
        past, [3] + [0] * 11, [3] + [0] * 11, [3] + [0] * 23, month, person.account,
    )  # fmt: skip
    hospital.sql("UPDATE gate.seen SET at = %s WHERE account = %s", past, person.account)
    hospital.open(cookie, ids[3])
    assert purse(hospital, person) == {"ring_minute": 1, "ring_hour": 1, "ring_day": 1, "ring_month": 4}
    hospital.open(cookie, ids[0], purpose="access_review")
    assert purse(hospital, person) == {"ring_minute": 2, "ring_hour": 2, "ring_day": 2, "ring_month": 4}


# ── the same foreign id at once ─────────────────────────────────────────────────────────────────────────────────────


def test_twelve_imports_of_one_person_make_one_patient(hospital: Hospital) -> None:
    source, cookie = ["his", uuid4().hex], hospital.application()

    def act(_: int) -> Any:
        keeper = Keeper(hospital.home.keeper_socket("worker"))
        try:
            answer = keeper.call(
                "open_new", cookie=cookie, subjects=[{"src": [source]}], purpose="import", read=["identity"], write=[]
            )
        finally:
            keeper.close()
        return answer["ids"][0], answer["known"][0]

    results = at_once(12, act)
    assert len({patient for patient, _ in results}) == 1
    assert sorted(known for _, known in results) == [False] + [True] * 11
