"""The demo's people: reproducible, independent of each other, unique where they must be, shaped as RNIV asks."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.identity.rules import storage_case
from egide.rehearsal import census, clinic, group, hospital, numbers, people
from egide.rehearsal.draw import shuffle

TODAY = date(2026, 11, 24)
STORED = re.compile(r"[A-Z]+(?:[ '-][A-Z]+)*'?")


def test_a_person_follows_from_seed_and_index_alone() -> None:
    everybody = list(people.people(7, 120))
    assert everybody == [people.person(7, index) for index in reversed(range(120))][::-1]
    assert everybody != list(people.people(8, 120))


def test_the_first_person_of_seed_one_never_changes() -> None:
    """A change here changes every demo in the world: do it knowingly."""
    first = people.person(1, 0)
    assert (first.trait("birth_name"), first.trait("first_name"), first.birth_date) == (
        "FAURE",
        "MICHEL",
        date(1931, 6, 28),
    )


def test_names_are_stored_as_rniv_asks() -> None:
    kinds = ("birth_name", "first_name", "first_names", "used_name", "used_first_name")
    for person in people.people(1, 600):
        for value in person.traits:
            if value.kind in kinds:
                assert STORED.fullmatch(value.text), value.text
    assert storage_case("N'Diaye-Lefèvre / œuf") == "N'DIAYE-LEFEVRE OEUF"
    assert storage_case("Çelik, Şahin") == "CELIK SAHIN"


def test_the_first_name_begins_the_list_of_first_names() -> None:
    for person in people.people(1, 300):
        assert (person.trait("first_names") or "").startswith(person.trait("first_name") or "?")


def test_every_value_has_its_dates_and_former_ones_end_in_order() -> None:
    for person in people.people(1, 600):
        for value in (*person.traits, *person.contacts):
            assert value.since is not None
            assert person.birth_date <= value.since < people.REFERENCE
            assert value.until is None or value.since <= value.until
        assert sum(value.kind == "status" and value.until is None for value in person.traits) == 1
        addresses = [value for value in person.contacts if value.kind == "address"]
        assert [value.until for value in addresses[:-1]] == [value.since for value in addresses[1:]]


def test_numbers_phones_and_mailboxes_are_one_of_a_kind() -> None:
    everybody = list(people.people(3, 3000))
    for kind in ("phone", "email"):
        found = [value.text for person in everybody for value in person.contacts if value.kind == kind]
        assert len(found) == len(set(found)), kind
    assert len({person.ins.text for person in everybody if person.ins}) == sum(bool(person.ins) for person in everybody)
    assert len({person.trait("ipp") for person in everybody}) == len(everybody)


def test_in_the_standard_demo_name_first_name_and_date_name_one_person() -> None:
    found = Counter((one.trait("birth_name"), one.trait("first_name"), one.birth_date) for one in people.people(1, 300))
    assert set(found.values()) == {1}


def test_phones_and_mailboxes_are_nobodys() -> None:
    fiction = re.compile(r"(01 99 00|02 61 91|03 53 01|04 65 71|05 36 49|06 39 98) \d\d \d\d")
    for person in people.people(2, 300):
        for value in person.contacts:
            if value.kind == "phone":
                assert fiction.fullmatch(value.text)
            if value.kind == "email":
                assert value.text.endswith(("@example.org", ".example"))


def test_ins_is_coherent_and_its_key_is_right() -> None:
    for person in people.people(4, 500):
        if person.ins is None:
            continue
        text = person.ins.text
        assert person.ins.kind == "1.2.250.1.213.1.4.10"
        assert text[0] == {"M": "1", "F": "2"}[person.sex]
        assert text[1:3] == f"{person.birth_date.year % 100:02}"
        body = int(text[:13].replace("2A", "19").replace("2B", "18"))
        assert int(text[13:]) == 97 - body % 97
        assert person.trait("status") in ("qualifiee", "recuperee")


def test_the_keys_of_real_numbers_are_found() -> None:
    """Vectors of shared/domain: RPPS and FINESS."""
    for number in ("10000023084", "99700067210", "750100125", "910019447"):
        assert numbers.luhn(number[:-1]) == number


def test_there_are_twins_homonyms_and_first_of_januarys() -> None:
    everybody = list(people.people(1, 3000))
    twins = [one for one in everybody if people.twin_of(1, one.index) is not None]
    assert 5 <= len(twins) <= 60
    for one in twins:
        elder = everybody[one.index - 1]
        assert (one.birth_date, one.trait("birth_name")) == (elder.birth_date, elder.trait("birth_name"))
        assert one.trait("first_name") != elder.trait("first_name")
    names = Counter((one.trait("birth_name"), one.trait("first_name")) for one in everybody)
    assert sum(count > 1 for count in names.values()) >= 20
    assert 10 <= sum((one.birth_date.month, one.birth_date.day) == (1, 1) for one in everybody) <= 150
    assert sum("-" in (one.trait("birth_name") or "") for one in everybody) >= 10
    assert sum("'" in (one.trait("birth_name") or "") for one in everybody) >= 3


@given(st.integers(1, 400), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_a_shuffle_is_one_to_one(size: int, seed: int) -> None:
    assert sorted(shuffle(value, size, seed, "test") for value in range(size)) == list(range(size))


def test_a_shuffle_moves_numbers_and_each_seed_moves_them_otherwise() -> None:
    one, other = ([shuffle(value, 300, seed, "test") for value in range(300)] for seed in (1, 2))
    assert sum(value == place for place, value in enumerate(one)) < 30
    assert one != other


# People of a whole base, who of them lies in a bed: the small base is one block, and fills every bed of its wards.
LYING = {1: 1, 7: 5, 60: 50, 300: 53, 1000: 270}


@pytest.mark.parametrize(("count", "lying"), LYING.items())
def test_present_people_fit_their_beds_each_in_one_of_their_own(count: int, lying: int) -> None:
    beds: Counter[UUID] = Counter()
    for index in range(count):
        place = census.place(1, count, index)
        if place is not None:
            beds[place[1].id] += 1
            assert census.fits(place[0], people.birth_of(1, index))
            assert people.died_on(1, index) is None
    assert set(beds.values()) == {1}
    assert len(beds) == lying <= sum(unit.occupied for unit in group.UNITS)
    if count <= group.BLOCK:
        assert lying <= sum(unit.occupied for unit in hospital.UNITS)


def test_charts_are_plausible_and_never_in_the_future() -> None:
    present = 0
    for person in people.people(1, 300):
        facts = clinic.facts(1, 300, person, TODAY)
        unit = census.unit_of(1, 300, person.index)
        assert facts.stays
        assert all(stay.unit is unit for stay in facts.stays)
        lies = facts.stays[0].discharged_at is None
        present += lies
        assert lies == (census.place(1, 300, person.index) is not None)
        for stay in facts.stays:
            assert stay.admitted_at.date() >= person.birth_date
            assert stay.discharged_at is None or stay.admitted_at < stay.discharged_at
        if lies:
            days = {measure.taken_at.date() for measure in facts.measures if measure.slug == "systolic"}
            assert len(days) >= 14
        keys = [measure.key for measure in facts.measures]
        assert len(keys) == len(set(keys))
        assert len({problem.key for problem in facts.problems}) == len(facts.problems)
        for measure in facts.measures:
            assert measure.recorded_at.date() < TODAY
            assert measure.taken_at <= measure.recorded_at
        for problem in facts.problems:
            assert person.birth_date <= problem.onset <= TODAY
            assert problem.ended is None or problem.ended >= problem.onset
    assert present == 53


def sample(count: int) -> list[int]:
    """One person of every block of a whole group."""
    return [block * 200 + block * 37 % 200 for block in range(count // 200)]


def test_a_whole_group_has_the_averages_asked_for() -> None:
    count = 758_912
    indexes = sample(count)
    everybody = [people.person(1, index) for index in indexes]
    charts = [clinic.facts(1, count, person, TODAY) for person in everybody]
    absent = [chart for chart in charts if all(stay.discharged_at for stay in chart.stays)]

    def mean(of: Iterable[int]) -> float:
        found = list(of)
        return sum(found) / len(found)

    assert 1.4 <= mean(len(chart.stays) for chart in charts) <= 1.6
    assert 7.4 <= mean(len(chart.measures) for chart in absent) <= 8.8
    assert 1.8 <= mean(len(chart.problems) for chart in charts) <= 2.2
    assert 1.8 <= mean(len(chart.notes) for chart in charts) <= 2.2
    assert 2.8 <= mean(len(chart.meetings) for chart in charts) <= 3.2
    assert 1.1 <= mean(sum(one.kind == "address" for one in person.contacts) for person in everybody) <= 1.3
    assert 0.03 <= mean(person.died is not None for person in everybody) <= 0.12
    newborn = [person for person in everybody if people.born_here(1, person.index)]
    assert newborn
    assert all(person.registered == person.birth_date for person in newborn)


def test_a_whole_group_fills_nine_beds_in_ten() -> None:
    count = 758_912
    lying = sum(len(census._lying(1, count, block)) for block in range(-(-count // 200)))
    beds = sum(unit.occupied for unit in group.UNITS)
    assert beds * 0.9 <= lying <= beds


@given(st.integers(0, 2**31), st.integers(0, 758_911))
@settings(max_examples=60, deadline=None)
def test_whoever_is_drawn_her_life_is_in_order(seed: int, index: int) -> None:
    """Any seed, any person: nothing before birth, nothing after death, nothing known before it happened."""
    person = people.person(seed, index)
    chart = clinic.facts(seed, 758_912, person, TODAY)
    assert person.birth_date <= person.registered < people.REFERENCE
    values = [*person.traits, *person.contacts, *([person.ins] if person.ins else [])]
    for value in values:
        assert value.since is not None
        assert person.birth_date <= value.since
        assert value.until is None or value.since <= value.until
        if person.died is not None:
            assert value.since <= person.died
            assert value.until is None or value.until <= person.died
    house = group.house_of(seed, index // group.BLOCK)
    for stay in chart.stays:
        assert stay.unit in house.units
        assert stay.admitted_at.date() >= person.birth_date - timedelta(days=1)
        assert stay.discharged_at is None or stay.admitted_at < stay.discharged_at
        if person.died is not None:
            assert stay.discharged_at is not None
            assert stay.discharged_at.date() <= person.died
    for meeting in chart.meetings:
        assert meeting.unit in house.units
        assert meeting.recorded_at.date() < TODAY
        assert meeting.starts_at.astimezone(census.PARIS).weekday() < 5
        assert meeting.starts_at.astimezone(census.PARIS).hour in range(8, 19)
        assert (meeting.changed_at is None) == (meeting.state == "booked") == (meeting.changed_by is None)
        assert meeting.changed_at is None or meeting.changed_at.date() < TODAY
        if person.died is not None:
            assert meeting.starts_at.date() < person.died
    for note in chart.notes:
        assert note.written_at.date() < TODAY
        assert any(note.sections.values())
    keys = [note.key for note in chart.notes]
    assert len(keys) == len(set(keys))
    assert len({problem.kind.code for problem in chart.problems}) == len(chart.problems)


def test_the_same_seed_tells_the_same_whatever_was_asked_before() -> None:
    first = [clinic.facts(5, 9_000, people.person(5, index), TODAY) for index in range(8_000, 8_020)]
    for forgotten in (people._birth, people.died_on, people._registered, census._lying, group.house_of):
        forgotten.cache_clear()
    assert [clinic.facts(5, 9_000, people.person(5, index), TODAY) for index in range(8_019, 7_999, -1)][::-1] == first


def test_fever_falls_and_oxygen_rises_in_pneumonia() -> None:
    """Vital signs follow the problem: over many patients with J18.9, the first two days against the last two."""
    first: list[float] = []
    last: list[float] = []
    for seed in range(1, 8):
        for person in people.people(seed, 300):
            if census.place(seed, 300, person.index) is None:
                continue
            facts = clinic.facts(seed, 300, person, TODAY)
            if any(problem.key == "main/0" and problem.kind.code == "J18.9" for problem in facts.problems):
                heat = sorted((m.taken_at, m.value) for m in facts.measures if m.slug == "temperature")
                first += [value for _, value in heat[:5]]
                last += [value for _, value in heat[-6:]]
    assert len(first) >= 20
    assert sum(first) / len(first) - sum(last) / len(last) > 0.7


def test_staff_and_site_numbers_have_their_keys() -> None:
    assert len(hospital.ACCOUNTS) == 18
    assert len({account.profession for account in hospital.ACCOUNTS}) == 8
    for account in hospital.ACCOUNTS:
        assert not account.rpps or (len(account.rpps) == 11 and numbers.luhn(account.rpps[:-1]) == account.rpps)
    for unit in hospital.UNITS:
        assert len(unit.beds) == hospital.PLACES
        assert len(hospital.staff(unit, "nurse")) >= 2
        assert hospital.staff(unit, "physician")
    assert numbers.luhn(hospital.SITE.finess[:-1]) == hospital.SITE.finess
