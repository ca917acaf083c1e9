"""A stolen session turns the search into a vacuum cleaner: by dates, by slips, by numbers, by many hands at once.

R counts the distinct persons whom the thief was shown and did not already name. And the probe: a desk with homonyms
and twins works through its morning.
"""

import itertools
import random
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from egide.identity.tests.people import Drawn, people
from egide.kernel.capabilities import Refused

pytestmark = pytest.mark.attack

MINUTE, DAY = 10, 40  # gate.limits
# keeper/ceilings.toml: past it in an hour of the keeper's clock, whatever the base counts, a fresh factor
ASKED = 2 * 15
_draw = random.Random(20261124)
_days = itertools.count()


def a_day() -> date:
    """A birth date that no other test of this file uses."""
    return date(1901, 1, 1) + timedelta(days=next(_days) * 40)


def heads() -> Iterator[str]:
    """Names of which no two begin alike."""
    for letters in itertools.product("BCDFGLMNPRT", "AEIOU", "BCDFGLMNPRTV"):
        yield "".join(letters) + "".join(_draw.choice("AEIOULMNRS") for _ in range(4))


def find(hospital: Any, cookie: str, *, unmask: bool = False, **typed: str) -> dict[str, Any]:
    """The keeper's answer: the thief needs no page. A fresh factor asked of him shows nobody."""
    try:
        return dict(hospital.finder.call("search", cookie=cookie, typed=typed, unmask=unmask))
    except Refused as refusal:
        if refusal.code != "fresh_factor":
            raise
        return {"rows": [], "code": refusal.code}


def shown(answer: dict[str, Any]) -> set[UUID]:
    """Whom it shows."""
    return {UUID(bytes=row["id"]) for row in answer["rows"]}


def written(hospital: Any, account: UUID) -> set[UUID]:
    """Whom the trail says that this account was shown: its searches, without those whose answer was withheld."""
    withheld = {entry["object"] for entry in hospital.entries(account=account, kind="refuse", purpose="ceiling")}
    searches = hospital.entries(account=account, kind="search")
    return {one for entry in searches if str(entry["id"]) not in withheld for one in entry["ids"]}


def withheld(hospital: Any, account: UUID) -> list[set[UUID]]:
    """Whom each answer that the ceiling withheld would have shown, as its own line says."""
    return [set(one["ids"]) for one in hospital.entries(account=account, kind="refuse", purpose="ceiling")]


def later(hospital: Any, account: UUID) -> None:
    """An hour passes: the short rings are empty again, the long ones remember."""
    hospital.sql(
        "UPDATE gate.purse SET ring_minute = array_fill(0, ARRAY[12]), ring_hour = array_fill(0, ARRAY[12])"
        " WHERE account = %s",
        account,
    )


def test_one_birth_date_does_not_empty_itself_in_a_minute_nor_in_a_day(hospital: Any) -> None:
    day, names = a_day(), list(itertools.islice(heads(), 80))
    everyone = set(people(hospital, *(Drawn(name, "JEANNE", day.isoformat()) for name in names)))
    thief, cookie = hospital.signed_in("admission_clerk")  # the profession that searches most
    taken: set[UUID] = set()
    for name in names[:15]:  # he even knows which heads exist
        taken |= shown(find(hospital, cookie, name=name[:3], birth_date=day.isoformat()))
    assert len(taken) == MINUTE
    for name in names[10:]:
        later(hospital, thief.account)
        taken |= shown(find(hospital, cookie, name=name[:3], birth_date=day.isoformat()))
    assert len(taken) == ASKED < DAY < len(everyone)
    assert written(hospital, thief.account) == taken  # by name of account, each of them and nobody else
    kept_back = withheld(hospital, thief.account)
    assert kept_back
    assert all(len(ids) == 1 and not ids & taken for ids in kept_back)


def test_slips_asked_for_on_purpose_are_charged_row_by_row(hospital: Any) -> None:
    day = a_day()
    borne = [day + timedelta(days=2 * step) for step in range(60)]
    for _ in range(3):
        a_day()  # leaves these dates to this test
    everyone = people(hospital, *(Drawn("VACHERON", "MARIE", one.isoformat()) for one in borne))
    thief, cookie = hospital.signed_in("physician")
    taken: set[UUID] = set()
    for one in borne:
        later(hospital, thief.account)
        asked: dict[str, Any] = {
            "name": "VACHERON",
            "first_name": "MARIE",
            "birth_date": (one + timedelta(days=1)).isoformat(),
        }
        hidden = find(hospital, cookie, **asked)
        assert hidden["rows"] == []
        assert hidden["code"] == "fresh_factor" or hidden["near"] > 0
        taken |= shown(find(hospital, cookie, unmask=True, **asked))
    assert ASKED - 10 < len(taken) <= ASKED < len(everyone)
    assert written(hospital, thief.account) == taken


def test_a_common_head_on_a_full_page_shows_nobody(hospital: Any) -> None:
    day = a_day()
    people(hospital, *(Drawn(f"MARTIN{chr(65 + i)}", "JEANNE", day.isoformat()) for i in range(12)))
    _, cookie = hospital.signed_in("nurse")
    answer = find(hospital, cookie, name="MAR", birth_date=day.isoformat())
    assert (answer["rows"], answer["code"], answer["full"]) == ([], "one_more", 12)
    assert find(hospital, cookie, unmask=True, name="MAR", birth_date=day.isoformat())["rows"] == []
    assert "MARTIN" not in repr(answer)


def test_numbers_tried_one_after_the_other_are_slow_and_charged(hospital: Any) -> None:
    numbers = [f"77{n:05d}" for n in range(60)]
    people(hospital, *(Drawn("SERIE", "JEANNE", a_day().isoformat(), ipp=number) for number in numbers))
    _, cookie = hospital.signed_in("billing")
    answers = [find(hospital, cookie, ipp=number) for number in numbers]
    assert len(set().union(*map(shown, answers))) == MINUTE
    assert [one["code"] for one in answers].count("search_pace_minute") == 40  # twenty searches a minute


def test_eight_hands_at_once_get_no_more_than_one(hospital: Any) -> None:
    day, names = a_day(), list(itertools.islice(heads(), 100, 140))
    people(hospital, *(Drawn(name, "JEANNE", day.isoformat()) for name in names))
    _, cookie = hospital.signed_in("medical_secretary")
    taken: set[UUID] = set()
    lock = threading.Lock()

    def hand(part: list[str]) -> None:
        for name in part:
            found = shown(find(hospital, cookie, name=name[:3], birth_date=day.isoformat()))
            with lock:
                taken.update(found)
        hospital.finder.close()

    hands = [threading.Thread(target=hand, args=(names[turn::8],)) for turn in range(8)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    assert len(taken) == MINUTE


def test_another_session_of_the_same_account_has_the_same_purse(hospital: Any) -> None:
    day, names = a_day(), list(itertools.islice(heads(), 200, 215))
    people(hospital, *(Drawn(name, "JEANNE", day.isoformat()) for name in names))
    thief, first = hospital.signed_in("nurse")
    second = hospital.sign_in(thief)
    taken: set[UUID] = set()
    for name, cookie in zip(names, itertools.cycle((first, second)), strict=False):
        taken |= shown(find(hospital, cookie, name=name[:3], birth_date=day.isoformat()))
    assert len(taken) == MINUTE


def test_the_morning_of_a_desk_with_homonyms_and_twins_goes_through(hospital: Any) -> None:
    """The probe: whoever is typed in full is found, first, at once; nobody is refused, nothing is discovered."""
    arrivals: list[Drawn] = []
    for name in itertools.islice(heads(), 300, 306):
        day = a_day()
        arrivals += [
            Drawn(name, "JEANNE", day.isoformat()),
            Drawn(name, "JEANNE", (day + timedelta(days=33)).isoformat()),  # her homonym
            Drawn(name, "PAUL", day.isoformat(), sex="M"),  # her twin
            Drawn(f"{name}-DURAND", "LOUISE", day.isoformat()),
        ]
    drawn = people(hospital, *arrivals)
    clerk, cookie = hospital.signed_in("admission_clerk")
    for one, patient in zip(arrivals, drawn, strict=True):
        answer = find(
            hospital, cookie, name=one.birth_name, first_name=one.first_name.title(), birth_date=one.birth_date
        )
        assert (answer["code"], [UUID(bytes=row["id"]) for row in answer["rows"]]) == ("ok", [patient]), one
        later(hospital, clerk.account)
    assert (
        hospital.value("SELECT count(*) FROM gate.seen WHERE account = %s AND class = 'unlinked'", clerk.account) == 0
    )
