"""The demo's group and the 1,400 people who work there."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from egide.kernel.codes import Profession
from egide.rehearsal import duties, group, hospital, numbers, staff


def test_the_group_has_seventeen_sites_of_five_legal_entities() -> None:
    kinds = Counter(site.kind for site in group.SITES)
    assert kinds["ehpad"] == 3
    assert kinds["clinique"] + kinds["centre de santé"] == 14
    finess = [site.finess for site in group.SITES] + [entity.finess for entity in group.ENTITIES]
    assert len(set(finess)) == len(finess) == 22
    assert all(numbers.luhn(number[:-1]) == number for number in finess)
    assert {site.entity for site in group.SITES} == set(group.ENTITIES)
    assert hospital.SITE in group.SITES


def test_units_services_and_beds_are_one_of_a_kind_where_they_are() -> None:
    for house in group.HOUSES.values():
        assert len({unit.code for unit in house.units}) == len(house.units)
        assert len({service.code for service in house.services}) == len(house.services)
        assert {unit.service for unit in house.units} <= set(house.services)
    assert len({unit.id for unit in group.UNITS}) == len(group.UNITS)
    beds = [bed.id for unit in group.UNITS for bed in unit.beds]
    assert len(beds) == len(set(beds)) >= 1_400
    assert {"ward", "residence", "consultation", "emergency", "platform"} == {unit.kind for unit in group.UNITS}


def test_fourteen_hundred_people_of_every_profession_work_there() -> None:
    workers = staff.workers()
    assert len(workers) == len(staff.accounts()) == 1_400
    assert len({one.account.id for one in workers}) == 1_400
    professions = {one.account.profession for one in workers}
    assert professions == {one.value for one in Profession} - {"application"}
    assert [one.account for one in workers[: len(hospital.ACCOUNTS)]] == list(hospital.ACCOUNTS)


def test_rpps_numbers_are_fictive_unique_and_have_their_key() -> None:
    found = [one.rpps for one in staff.accounts().values() if one.rpps]
    assert len(found) == len(set(found)) > 700
    assert all(len(one) == 11 and one.startswith("997") and numbers.luhn(one[:-1]) == one for one in found)


def test_everybody_works_where_her_site_is_and_every_unit_has_its_people() -> None:
    for one in staff.workers():
        assert all(unit.service.site is one.site for unit in one.account.units)
        assert one.past is None or one.past.since < one.past.until <= one.since
    for unit in group.UNITS:
        if unit.beds:
            assert staff.of_unit(unit, "physician")
            assert staff.of_unit(unit, "nurse")
        if unit.kind == "consultation":
            assert staff.of_unit(unit, "physician")
            assert staff.of_unit(unit, "medical_secretary")
    assert sum(one.past is not None for one in staff.workers()) > 50


def test_somebody_is_on_call_at_every_hour_of_a_week() -> None:
    day = date(2026, 11, 24)
    turns = list(staff.turns(day))
    lists = {one.id: one for one in staff.on_call()}
    assert len({turn.id for turn in turns}) == len(turns)
    for one in lists.values():
        mine = [turn for turn in turns if turn.list_id == one.id]
        assert {turn.professional for turn in mine} <= {account.id for account in one.people}
        moment = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=23)
        assert sum(turn.since <= moment < turn.until for turn in mine) == 1


def test_every_unit_and_site_has_who_answers_for_it() -> None:
    found = list(duties.duties())
    assert len({one.id for one in found}) == len(found)
    assert {one.site.id for one in found if one.kind == "guard"} == {site.id for site in group.SITES}
    with_nurses = {unit.id for unit in group.UNITS if staff.of_unit(unit, "nurse")}
    assert with_nurses == {one.unit.id for one in found if one.kind == "cadre" and one.unit}
