"""What a search shows, what it counts without showing, and what each row costs: against the real keeper and base."""

import json
import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egide.identity.tests.people import Drawn, people
from egide.kernel.capabilities import Refused

_draw = random.Random()
_MONTHS = _draw.sample([date(year, month, 17) for year in range(1930, 1985) for month in range(1, 13)], 660)


def a_name() -> str:
    """A name nobody else of this base bears."""
    return "".join(_draw.choice("BCDFGJKLMNPRTV") + _draw.choice("AEIOU") for _ in range(5)) + "K"


def a_day() -> str:
    """A birth date that leaves room for slips, in a month where nobody else of these tests is born."""
    return _MONTHS.pop().isoformat()


def find(hospital: Any, cookie: str, *, unmask: bool = False, **typed: Any) -> dict[str, Any]:
    """The keeper's answer."""
    return dict(hospital.finder.call("search", cookie=cookie, typed=typed, unmask=unmask))


def ids(answer: dict[str, Any]) -> list[UUID]:
    """Whom it shows."""
    return [UUID(bytes=row["id"]) for row in answer["rows"]]


def spent(hospital: Any, account: UUID, kind: str = "unlinked") -> int:
    """Distinct persons of a purse today."""
    return int(
        hospital.value(
            "SELECT coalesce(sum(x), 0) FROM gate.purse, unnest(ring_day) x WHERE account = %s AND class = %s",
            account,
            kind,
        )
    )


def test_a_person_typed_in_full_is_confirmed_and_tells_nothing_more(hospital: Any) -> None:
    name, day = a_name(), a_day()
    (patient,) = people(
        hospital, Drawn(name, "JEANNE", day, used_name="QUELCONQUE", ipp="8001", phone="06 39 98 00 42")
    )
    person, cookie = hospital.signed_in("admission_clerk")
    answer = find(hospital, cookie, name=name.title(), first_name="jeanne", birth_date=day)
    assert (answer["code"], answer["full"], ids(answer)) == ("ok", 1, [patient])
    row = answer["rows"][0]
    assert row["confirmed"]
    assert not row["linked"]
    assert (row["birth_name"], row["first_name"], row["birth_date"], row["sex"]) == (name, "JEANNE", day, "F")
    assert row["used_name"] == "Q•••"  # she had not typed it
    assert not {"ipp", "ins", "phone", "birth_place", "status", "first_names", "deceased"} & set(row)
    assert set(row["agrees"]) == {"birth_name", "first_name", "birth_date"}
    assert (spent(hospital, person.account), spent(hospital, person.account, "confirmed")) == (0, 1)


def test_the_trail_names_whom_was_shown_and_never_what_was_typed(hospital: Any) -> None:
    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day))
    person, cookie = hospital.signed_in("physician")
    find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)
    find(hospital, cookie, name=a_name(), first_name="Jeanne", birth_date=day)
    shown, nothing = hospital.entries(account=person.account, kind="search")
    assert (shown["ids"], shown["reads"], shown["verdict"]) == ([patient], ["identity"], "shown")
    assert (nothing["ids"], nothing["verdict"]) == ([], "none")
    assert "full=1" in shown["object"]
    assert "confirmed=1" in shown["object"]
    told = json.dumps([shown, nothing], default=str).upper()
    assert name not in told
    assert "JEANNE" not in told
    assert day not in told


def test_three_letters_and_the_date_find_her_and_are_charged(hospital: Any) -> None:
    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day, ipp="8002", ins="252031711111187", phone="06 39 98 00 42"))
    person, cookie = hospital.signed_in("nurse")
    answer = find(hospital, cookie, name=name[:3], birth_date=day)
    assert ids(answer) == [patient]
    row = answer["rows"][0]
    assert not row["confirmed"]
    assert (row["ipp"], row["birth_place"], row["phone"]) == ("8002", "44109|Nantes", "06 •• •• •• 42")
    assert row["ins"] == "2••••••••••••87"
    assert spent(hospital, person.account) == 1
    assert ids(find(hospital, cookie, name=name[:3], birth_date=day)) == [patient]
    assert spent(hospital, person.account) == 1  # the same person again


@pytest.mark.parametrize(
    ("born", "first", "typed", "typed_first"),
    [
        ("{n}", "JEANNE", "{n}", "JANNE"), ("{n}", "JEANNE", "JEANNE", "{n}"),
        ("{n}-DURAND", "JEANNE", "{n}", "Jeanne"),
        ("{n} DURAND", "JEANNE", "{n}-Durand", "Jeanne"), ("DURAND-{n}", "JEANNE", "{n}", "Jeanne"),
        ("{n}", "ÉLÉONORE", "{n}", "Eleonore"), ("D'{n}", "JEANNE", "D {n}", "Jeanne"),
        ("LE {n}", "JEANNE", "Le{n}", "jeanne"),
        ("{n}", "JEANNE", "{n}", ""), ("{n}", "MARIE-JEANNE", "{n}", "Marie Jeanne"),
        ("{n}", "JEANNE", "{n}S", "Jeanne"),
    ],
)  # fmt: skip
def test_spelling_order_hyphens_and_particles_do_not_hide_her(
    hospital: Any, born: str, first: str, typed: str, typed_first: str
) -> None:
    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(born.format(n=name), first, day))
    _, cookie = hospital.signed_in("medical_secretary")
    answer = find(hospital, cookie, name=typed.format(n=name), first_name=typed_first.format(n=name), birth_date=day)
    assert ids(answer) == [patient]


def test_a_married_and_a_former_name_find_her(hospital: Any) -> None:
    born, used, former, day = a_name(), a_name(), a_name(), a_day()
    (patient,) = people(hospital, Drawn(born, "JEANNE", day, used_name=used, former=(former,)))
    _, cookie = hospital.signed_in("admission_clerk")
    for name in (born, used, former):
        answer = find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)
        assert ids(answer) == [patient]
    assert answer["rows"][0]["former_name"] == former
    assert answer["rows"][0]["birth_name"] == f"{born[0]}•••"


def slips(day: str) -> list[str]:
    born = date.fromisoformat(day)
    return [
        born.replace(year=born.year + 1).isoformat(), born.replace(year=born.year - 10).isoformat(),
        (born + timedelta(days=1)).isoformat(),
        (born - timedelta(days=1)).isoformat(), born.replace(day=27).isoformat(),
    ]  # fmt: skip


def nurse_of(hospital: Any, site: UUID) -> Any:
    """Of a site that stands alone: a slip makes thirty dates of one, and no Jeanne of another test is known there."""
    return hospital.person("nurse", site=site)


@pytest.mark.parametrize("slip", range(5))
def test_a_slip_in_the_date_is_counted_and_shown_by_one_more_act(hospital: Any, slip: int) -> None:
    name, day, site = a_name(), a_day(), hospital.new_site()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day), site=site)
    person = nurse_of(hospital, site)
    cookie = hospital.sign_in(person)
    typed: dict[str, Any] = {"name": name, "first_name": "Jeanne", "birth_date": slips(day)[slip]}
    answer = find(hospital, cookie, **typed)
    assert (answer["rows"], answer["near"], answer["code"]) == ([], 1, "ok")
    assert name not in repr(answer)
    assert spent(hospital, person.account) == 0
    assert ids(find(hospital, cookie, unmask=True, **typed)) == [patient]
    assert spent(hospital, person.account) == 1


def test_a_misspelt_name_and_a_slip_in_the_date_are_near(hospital: Any) -> None:
    name, day, site = a_name(), a_day(), hospital.new_site()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day), site=site)
    cookie = hospital.sign_in(nurse_of(hospital, site))
    typed: dict[str, Any] = {"name": name[:4] + "Q" + name[5:], "first_name": "Jeane", "birth_date": slips(day)[2]}
    assert ids(find(hospital, cookie, unmask=True, **typed)) == [patient]


def test_without_both_names_no_other_date_is_tried(hospital: Any) -> None:
    name, day = a_name(), a_day()
    people(hospital, Drawn(name, "JEANNE", day))
    _, cookie = hospital.signed_in("nurse")
    answer = find(hospital, cookie, name=name, birth_date=slips(day)[2])
    assert (answer["rows"], answer["near"]) == ([], 0)


def test_more_than_three_sure_ones_are_not_shown_until_more_is_typed(hospital: Any) -> None:
    head, day = a_name(), a_day()
    towns = ("Rezé", "Orvault", "Vertou", "Rezé")
    drawn = people(
        hospital,
        *(Drawn(f"{head}{'ABCD'[i]}", "JEANNE", day, birth_place=f"4400{i}|{town}") for i, town in enumerate(towns)),
    )
    person, cookie = hospital.signed_in("admission_clerk")
    answer = find(hospital, cookie, name=head, birth_date=day)
    assert (answer["rows"], answer["code"], answer["full"]) == ([], "one_more", 4)
    assert spent(hospital, person.account) == 0
    assert head not in repr(answer)
    answer = find(hospital, cookie, name=head, birth_date=day, place="reze")
    assert set(ids(answer)) == {drawn[0], drawn[3]}
    assert ids(find(hospital, cookie, name=head, birth_date=day, place="44001")) == [drawn[1]]


def test_a_number_finds_one_person_and_is_charged(hospital: Any) -> None:
    name, number = a_name(), f"25203{_draw.randrange(10**10):010d}"
    (patient,) = people(hospital, Drawn(name, "JEANNE", a_day(), ipp=f"7{number[-6:]}", ins=number))
    person, cookie = hospital.signed_in("billing")
    assert ids(find(hospital, cookie, ipp=f"7{number[-6:]}")) == [patient]
    assert ids(find(hospital, cookie, ins=f"{number[:1]} {number[1:3]} {number[3:]}")) == [patient]
    assert spent(hospital, person.account) == 1
    assert find(hospital, cookie, ipp="7" + "0" * 12)["rows"] == []


def test_a_year_alone_needs_both_names_and_one_trait_more(hospital: Any) -> None:
    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day, birth_place="44143|Rezé"))
    person, cookie = hospital.signed_in("admission_clerk")
    year = f"{day[:4]}-??-??"
    answer = find(hospital, cookie, name=name, first_name="Jeanne", birth_date=year)
    assert (answer["rows"], answer["code"], answer["masked"]) == ([], "one_trait", 1)
    assert name not in repr(answer)
    assert spent(hospital, person.account, "confirmed") == 1  # that she is known here was told
    assert ids(find(hospital, cookie, name=name, first_name="Jeanne", birth_date=year, place="Rez")) == [patient]
    assert find(hospital, cookie, name=name, first_name="Jeanne", birth_date=year, place="Brest")["rows"] == []
    assert spent(hospital, person.account) == 1
    with pytest.raises(Refused, match="search_both_names"):
        find(hospital, cookie, name=name, birth_date=year)
    _, secretary = hospital.signed_in("medical_secretary")
    answer = find(hospital, secretary, name=name, first_name="Jeanne", birth_date=year, place="Rez")
    assert (answer["code"], answer["rows"]) == ("search_closed", [])


def test_people_in_care_are_shown_whole_and_cost_nothing(hospital: Any) -> None:
    unit, name, day = hospital.unit(), a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day, ipp="8003", unit=unit))
    person, cookie = hospital.signed_in("nurse", unit)
    for typed in (day, slips(day)[2]):
        answer = find(hospital, cookie, name=name, first_name="Jeanne", birth_date=typed)
        assert ids(answer) == [patient]
        assert answer["rows"][0]["linked"]
        assert answer["rows"][0]["ipp"] == "8003"
    assert (spent(hospital, person.account), spent(hospital, person.account, "confirmed")) == (0, 0)


@pytest.mark.parametrize("profession", ["dpo", "rssi", "administrator", "switchboard", "porter", "pharmacist", "dim"])
def test_who_has_no_search_is_refused_and_it_is_written(hospital: Any, profession: str) -> None:
    name, day = a_name(), a_day()
    people(hospital, Drawn(name, "JEANNE", day))
    person, cookie = hospital.signed_in(profession)
    answer = find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)
    assert (answer["code"], answer["rows"], answer["full"]) == ("search_closed", [], 0)
    (refusal,) = hospital.entries(account=person.account, kind="refuse")
    assert (refusal["reason"], refusal["ids"]) == ("search_closed", [])


def test_the_eleventh_person_discovered_in_a_minute_waits_and_those_in_care_do_not(hospital: Any) -> None:
    unit = hospital.unit()
    day = a_day()
    # one family of letters each: no name is near another, whatever is drawn
    names = [f"{letter * 2}{a_name()}{letter * 4}" for letter in "BCDFGJKLMNP"]
    own = f"ZZZZ{a_name()}ZZ"
    people(hospital, *(Drawn(name, "JEANNE", day) for name in names), Drawn(own, "JEANNE", day, unit=unit))
    person, cookie = hospital.signed_in("physician", unit)
    for name in names[:10]:
        assert len(find(hospital, cookie, name=name, birth_date=day)["rows"]) == 1
    answer = find(hospital, cookie, name=names[10], birth_date=day)
    assert (answer["code"], answer["rows"]) == ("budget_minute", [])
    assert names[10] not in repr(answer)
    assert spent(hospital, person.account) == 10
    assert len(find(hospital, cookie, name=own, birth_date=day)["rows"]) == 1
    assert len(find(hospital, cookie, name=names[0], birth_date=day)["rows"]) == 1  # seen already


def test_a_confirmed_person_whom_no_act_followed_is_owed_the_next_day(hospital: Any) -> None:
    unit, day, names = hospital.unit(), a_day(), [a_name(), a_name(), a_name()]
    drawn = people(hospital, *(Drawn(name, "JEANNE", day) for name in names))
    person, cookie = hospital.signed_in("admission_clerk", unit)
    for name in names[:2]:
        find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)
    assert spent(hospital, person.account) == 0
    hospital.sql("UPDATE gate.confirmed SET at = at - interval '1 day' WHERE account = %s", person.account)
    act = "SELECT audit.append('act', NULL, NULL, NULL, NULL, NULL, ARRAY[%s]::uuid[])"
    hospital.sql(act, drawn[0])  # of today: it does not explain yesterday's search
    find(hospital, cookie, name=names[2], first_name="Jeanne", birth_date=day)
    assert (spent(hospital, person.account, "owed"), spent(hospital, person.account)) == (2, 0)
    assert hospital.value("SELECT count(*) FROM gate.confirmed WHERE account = %s", person.account) == 1


def test_an_ended_session_and_a_forged_one_find_nobody(hospital: Any) -> None:
    name, day = a_name(), a_day()
    people(hospital, Drawn(name, "JEANNE", day))
    _, cookie = hospital.signed_in("nurse")
    with pytest.raises(Refused, match="session_ended"):
        find(hospital, hospital.web.passing(cookie)[:-4] + "AAAA", name=name, birth_date=day)
    hospital.web.call("revoke", cookie=cookie)
    with pytest.raises(Refused, match="session_ended"):
        find(hospital, cookie, name=name, first_name="Jeanne", birth_date=day)


def test_too_many_searches_in_a_minute_wait(hospital: Any) -> None:
    _, cookie = hospital.signed_in("nurse")
    codes = [find(hospital, cookie, name=a_name(), birth_date="1950-05-05")["code"] for _ in range(21)]
    assert codes == ["ok"] * 20 + ["search_pace_minute"]


def test_the_keeper_alone_reaches_tokens_and_candidates(hospital: Any) -> None:
    _, cookie = hospital.signed_in("nurse")
    for role in ("web", "worker", "live", "auditor"):
        with hospital.connect(role) as connection:
            for statement in (
                "SELECT * FROM identity.token", "SELECT * FROM identity.candidates(ARRAY[1]::bigint[])",
                "SELECT gate.searched(NULL, NULL, 'date', 'entity', '{}', '{}', false, 0)",
                "SELECT * FROM gate.confirmed",
                "SELECT gate.spread(NULL, NULL, 1, NULL, '{}')", "SELECT * FROM gate.search_door",
            ):  # fmt: skip
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode())
    for line in (hospital.worker, hospital.ops):
        with pytest.raises(Refused, match="wrong_socket"):
            line.call("search", cookie=cookie, typed={"name": "DURAND", "birth_date": "1950-01-01"})


def test_a_changed_name_is_added_under_an_opening_that_writes_identity(hospital: Any) -> None:
    name, later, day = a_name(), a_name(), a_day()
    person, cookie = hospital.signed_in("nurse")
    (patient,) = people(hospital, Drawn(name, "JEANNE", day))
    batch = hospital.open_new(1)
    traits = {"used_name": [later], "first_names": ["JEANNE"], "birth_date": [day]}
    arguments = {"cookie": hospital.application(), "opening": batch.opening, "traits": traits}
    with pytest.raises(Refused, match="category_closed"):
        hospital.worker.call("spread", patient=patient.bytes, **arguments)
    hospital.worker.call("spread", patient=batch.ids[0].bytes, **arguments)
    with pytest.raises(Refused, match="opening_ended"):
        hospital.web.call("spread", **{**arguments, "cookie": cookie}, patient=batch.ids[0].bytes)
    # a token without a row is skipped
    assert find(hospital, cookie, name=later, first_name="Jeanne", birth_date=day)["rows"] == []
    assert person.account


def test_two_persons_of_one_token_table_cannot_be_told_by_order(hospital: Any) -> None:
    day = a_day()
    people(hospital, *(Drawn(a_name(), "JEANNE", day) for _ in range(20)))
    tokens = [row[0] for row in hospital.sql("SELECT token FROM identity.token ORDER BY ctid DESC LIMIT 160")]
    assert tokens == sorted(tokens, reverse=True)


def test_tokens_leave_for_copy_only_before_the_first_sign_in(hospital: Any) -> None:
    hospital.signed_in("nurse")
    with pytest.raises(Refused, match="not_a_demo"):
        hospital.worker.call(
            "open_new", cookie=hospital.application(), subjects=[{"src": [["x", "y"]]}], purpose="import",
            read=["identity"], write=["identity"], copy=True,
        )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    typed=st.dictionaries(
        st.sampled_from(["name", "first_name", "birth_date", "place", "ins", "ipp"]),
        st.one_of(
            st.text(max_size=140), st.from_regex(r"[12][0-9]{3}-(0[1-9]|\?\?)-([0-2][0-9]|\?\?)", fullmatch=True)
        ),
    )
)
def test_whatever_is_typed_is_answered(hospital: Any, typed: dict[str, Any]) -> None:
    hospital.sql("DELETE FROM gate.purse WHERE class = 'search'")
    cookie = _someone(hospital)
    try:
        answer = find(hospital, cookie, **typed)
        code = str(answer["code"])
    except Refused as refusal:
        code = refusal.code
    assert code in {
        "ok", "one_trait", "one_more", "search_incomplete", "search_no_such_day", "search_both_names",
        "search_bad_request",
    }  # fmt: skip


_cookies: list[str] = []


def _someone(hospital: Any) -> str:
    if not _cookies:
        _cookies.append(hospital.signed_in("nurse")[1])
    return _cookies[0]
