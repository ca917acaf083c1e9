"""The keeper's ceilings: what is counted, for whom, until when; what is asked past them; what a lost file closes."""

import uuid
from pathlib import Path
from uuid import UUID

import pytest

from egide.keeper.ceilings import DAY, Ceilings, Disclosure, Figures, Who

SITE = uuid.uuid4()


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def somebody(site: UUID = SITE, account: UUID | None = None) -> Who:
    return Who(uuid.uuid4(), account or uuid.uuid4(), site)


def people(count: int) -> list[UUID]:
    return [uuid.uuid4() for _ in range(count)]


def small(**busiest: int) -> Figures:
    """Figures that a test reaches: every other one is out of reach."""
    whole = {
        (outside, scope, window): 10_000
        for outside in (False, True) for scope in ("session", "account", "site", "group") for window in ("hour", "day")
    }  # fmt: skip
    for name, value in busiest.items():
        scope, window = name.split("_")
        whole[True, scope, window] = whole[False, scope, window] = value
    return Figures(1.3, 2.0, whole)


def test_every_figure_is_there() -> None:
    figures = Figures.read()
    assert (figures.alarm, figures.ask, len(figures.busiest)) == (1.3, 2.0, 16)
    for outside in (True, False):
        for scope in ("session", "account", "site", "group"):
            assert figures.busiest[outside, scope, "hour"] <= figures.busiest[outside, scope, "day"]


@pytest.mark.parametrize("scope", ["session", "account", "site", "group"])
def test_outside_a_link_twice_the_busiest_asks_for_a_fresh_factor(time: Time, scope: str) -> None:
    ceilings = Ceilings(None, small(**{f"{scope}_hour": 10}), time)
    who = somebody()
    assert [ceilings.ask(who, [one], outside=True).code for one in people(21)] == ["given"] * 20 + ["fresh_factor"]
    other = {"session": Who(uuid.uuid4(), *who[1:]), "account": somebody(), "site": somebody(uuid.uuid4())}
    if scope in other:  # somebody of the next scope is not concerned
        assert ceilings.ask(other[scope], people(1), outside=True).code == "given"


def test_a_person_seen_again_costs_nothing(time: Time) -> None:
    ceilings = Ceilings(None, small(account_hour=1), time)
    who, known = somebody(), people(2)
    assert ceilings.ask(who, known, outside=True).code == "given"
    for _ in range(50):
        assert ceilings.ask(who, known, outside=True).code == "given"
    assert ceilings.ask(who, people(1), outside=True).code == "fresh_factor"
    assert ceilings.total("account", who.account, "hour", outside=True) == 2


@pytest.mark.parametrize(("window", "seconds"), [("hour", 3600.0), ("day", DAY)])
def test_a_count_slides_out_with_its_window_and_not_before(time: Time, window: str, seconds: float) -> None:
    ceilings = Ceilings(None, small(**{f"account_{window}": 5}), time)
    who = somebody()
    time.now -= time.now % seconds  # the beginning of a slot
    assert ceilings.ask(who, people(10), outside=True).code == "given"
    time.now += seconds - 1
    assert ceilings.ask(who, people(1), outside=True).code == "fresh_factor"
    time.now += 2
    assert ceilings.ask(who, people(10), outside=True).code == "given"


def test_the_sum_of_a_site_never_stops_linked_care(time: Time) -> None:
    ceilings = Ceilings(None, small(site_hour=1, group_hour=1), time)
    for _ in range(30):
        assert ceilings.ask(somebody(), people(1), outside=False).code == "given"
    assert ceilings.total("site", SITE, "hour", outside=False) == 30


def test_a_session_beyond_what_a_person_opens_is_asked_even_for_linked_ones(time: Time) -> None:
    ceilings = Ceilings(None, small(session_hour=10), time)
    who = somebody()
    assert ceilings.ask(who, people(20), outside=False).code == "given"
    assert ceilings.ask(who, people(1), outside=False).code == "fresh_factor"


def test_an_emergency_is_counted_and_never_refused(time: Time) -> None:
    ceilings = Ceilings(None, small(account_hour=1, site_hour=1, group_hour=1), time)
    who = somebody()
    for _ in range(10):
        assert ceilings.ask(who, people(1), outside=True, emergency=True).code == "given"
    assert ceilings.total("account", who.account, "hour", outside=True) == 10


def test_a_fresh_factor_lets_one_read_pass(time: Time) -> None:
    ceilings = Ceilings(None, small(account_hour=1), time)
    who = somebody()
    ceilings.ask(who, people(2), outside=True)
    ceilings.let_pass(who.session)
    assert ceilings.ask(who, people(1), outside=True).code == "given"
    assert ceilings.ask(who, people(1), outside=True).code == "fresh_factor"
    ceilings.let_pass(uuid.uuid4())  # of another session
    assert ceilings.ask(who, people(1), outside=True).code == "fresh_factor"


def test_an_alarm_at_one_point_three_once_an_hour(time: Time) -> None:
    ceilings = Ceilings(None, small(site_hour=10), time)
    who = somebody()
    alarms = [alarm for one in people(18) for alarm in ceilings.ask(who, [one], outside=True).alarms]
    assert [(one.scope, one.window, one.total) for one in alarms] == [("site", "hour", 14)]
    time.now += 3601
    assert len(ceilings.ask(who, people(14), outside=True).alarms) == 1


def test_counts_outlive_a_restart_and_a_torn_record(time: Time, tmp_path: Path) -> None:
    path, who = tmp_path / "ceilings.bin", somebody()
    path.touch()
    first = Ceilings(path, small(), time)
    assert not first.lost
    first.ask(who, people(7), outside=True)
    with path.open("ab") as file:
        file.write(b"torn")
    again = Ceilings(path, small(account_hour=4), time)
    assert again.total("account", who.account, "hour", outside=True) == 7
    assert again.ask(who, people(2), outside=True).code == "fresh_factor"
    time.now += DAY + 3601
    assert Ceilings(path, small(), time).total("account", who.account, "day", outside=True) == 0
    assert path.stat().st_size == 0


def test_a_keeper_that_starts_counts_aside_and_serves_linked_care_meanwhile(time: Time, tmp_path: Path) -> None:
    path, who, known = tmp_path / "ceilings.bin", somebody(), people(4)
    path.touch()
    Ceilings(path, small(), time).ask(who, known, outside=True)
    time.now += 301
    again = Ceilings(path, small(account_hour=2), time, lazy=True)
    assert again.ask(who, people(1), outside=False).code == "given"
    assert again.ask(who, people(1), outside=True).code == "counters_lost"
    again.ask(who, known[:1], outside=True, emergency=True)  # shown again before her older line is counted
    again.load()
    assert again.total("account", who.account, "hour", outside=True) == 4
    assert again.ask(who, people(1), outside=True).code == "fresh_factor"


def test_without_its_counts_a_keeper_serves_linked_care_until_they_are_made_again(time: Time, tmp_path: Path) -> None:
    ceilings = Ceilings(tmp_path / "ceilings.bin", small(account_hour=2), time)
    who = somebody()
    assert ceilings.lost
    assert ceilings.ask(who, people(1), outside=False).code == "given"
    assert ceilings.ask(who, people(1), outside=True).code == "counters_lost"
    assert ceilings.ask(who, people(1), outside=True, emergency=True).code == "given"
    ceilings.restore([Disclosure(time.now - 60, True, who, one) for one in people(3)])
    assert ceilings.ask(who, people(1), outside=True).code == "fresh_factor"
