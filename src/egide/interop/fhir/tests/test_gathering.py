import copy
import json
import random
from decimal import Decimal
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.interop.fhir.gathering import Gathering, NeedsSource
from egide.interop.fhir.tally import UNREADABLE, Place, Tally
from egide.interop.fhir.tests import resources as make
from egide.interop.fhir.values import Malformed, Person, pack, unpack_person


def gather(*documents: Any, source: str = "") -> tuple[list[Person], Tally]:
    gathering = Gathering(source)
    for line, document in enumerate(documents, start=1):
        raw = json.dumps(document, default=str).encode()
        gathering.take(Place(0, line), document, raw)
    gathering.check_sources()
    everybody = list(gathering.persons())
    for person in everybody:
        gathering.tally.stored.update(ref.partition("/")[0] for ref in person.refs())
        gathering.tally.kept.update((one.type, one.reason) for one in person.asides if one.reason != "parts")
    return [person for person in everybody if person.identified], gathering.tally


WHOLE = (make.patient(), make.encounter(), make.condition(), make.allergy(), make.observation(), make.pressure())


def test_resources_in_any_order_become_one_person() -> None:
    expected = gather(*WHOLE)[0]
    shuffled = list(WHOLE)
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)
        [person], tally = gather(*shuffled)
        assert sorted(map(repr, person.measurements)) == sorted(map(repr, expected[0].measurements))
        assert person.sources == ((f"fhir:{make.SYSTEM}", "Patient/p1"), (make.SYSTEM, "N-p1"))
        assert tally.balanced()
        assert tally.stored.total() == 6


def test_a_bundle_resolves_its_urns_whatever_the_order() -> None:
    [person], tally = gather(make.bundle(*reversed(WHOLE)))
    assert len(person.refs()) == 6
    assert tally.balanced()


def test_a_broken_line_of_a_patient_leaves_all_of_hers_and_nothing_of_others() -> None:
    bad = make.observation("o9", effectiveDateTime="hier")
    persons, tally = gather(*WHOLE, bad, make.patient("p2"), make.observation("o3", "p2"))
    assert [person.ref for person in persons] == ["Patient/p2"]
    assert tally.broken == {"Observation": 1}
    assert tally.left["Observation", "patient_broken"] == 2
    assert tally.left["Patient", "patient_broken"] == 1
    assert (tally.named[0].place.line, tally.named[0].reason, tally.named[0].field) == (7, "date", "effectiveDateTime")
    assert tally.balanced()


def test_a_bundle_is_one_act_a_broken_entry_of_nobody_leaves_it_whole() -> None:
    orphan = make.observation("o9", subject=None)
    persons, tally = gather(make.bundle(*WHOLE, orphan), make.patient("p2"))
    assert [person.ref for person in persons] == ["Patient/p2"]
    assert tally.named[0].place == Place(0, 1, 7)
    assert tally.balanced()


def test_facts_without_their_patient_are_left() -> None:
    persons, tally = gather(
        make.observation(), make.condition(subject={"reference": "Group/g"}), {"resourceType": "Claim"}
    )
    assert persons == []
    assert tally.kept == {
        ("Observation", "patient_absent"): 1,
        ("Condition", "not_a_patient"): 1,
        ("Claim", "no_patient"): 1,
    }
    assert tally.balanced()


def test_the_same_resource_twice_is_read_once() -> None:
    [person], tally = gather(*WHOLE, *WHOLE)
    assert len(person.measurements) == 3
    assert sum(count for (_, reason), count in tally.left.items() if reason == "repeated") == 6
    assert tally.balanced()


def test_two_people_under_one_id_are_both_refused() -> None:
    persons, tally = gather(make.patient(), make.patient(birthDate="1950-01-01"), make.observation())
    assert persons == []
    assert tally.named[0].reason == "two_patients"
    assert tally.balanced()


def test_a_number_that_two_patients_claim_recognises_neither() -> None:
    shared = [{"system": make.SYSTEM, "value": "N-same"}]
    persons, _ = gather(make.patient("p1", identifier=shared), make.patient("p2", identifier=shared))
    assert [person.sources for person in persons] == [
        ((f"fhir:{make.SYSTEM}", "Patient/p1"),),
        ((f"fhir:{make.SYSTEM}", "Patient/p2"),),
    ]


def test_a_bare_short_id_needs_a_named_source() -> None:
    with pytest.raises(NeedsSource):
        gather(make.patient(identifier=[]))
    [person], _ = gather(make.patient(identifier=[]), source="labo")
    assert person.sources == (("fhir:labo", "Patient/p1"),)
    uuid = "0b7e4b3e-6f0f-4b7e-9a52-0f5f6a3f1c11"
    [person], _ = gather(make.patient(uuid, identifier=[]))
    assert person.sources == (("fhir:uuid", f"Patient/{uuid}"),)


def test_one_active_problem_a_code_and_the_earliest_is_kept() -> None:
    later = make.condition("c0", onsetDateTime="2020-01-01")
    ended = make.condition("c3", onsetDateTime="2001", abatementDateTime="2002")
    [person], tally = gather(make.patient(), later, make.condition(), ended)
    assert [problem.ref for problem in person.problems] == ["Condition/c3", "Condition/c1"]
    assert tally.kept["Condition", "same_problem"] == 1
    assert tally.balanced()


def test_a_problem_without_date_takes_its_encounters() -> None:
    undated = make.condition(onsetDateTime=None, encounter={"reference": "Encounter/e1"})
    [person], _ = gather(make.patient(), undated, make.encounter())
    assert str(person.problems[0].onset) == "2020-03-01"


def test_of_two_stays_that_last_the_latest_is_kept() -> None:
    older = make.encounter("e1", status="in-progress", period={"start": "2020-01-01"})
    newer = make.encounter("e2", status="in-progress", period={"start": "2020-02-01"})
    [person], tally = gather(make.patient(), older, newer)
    assert [stay.ref for stay in person.stays] == ["Encounter/e2"]
    assert tally.kept["Encounter", "several_open"] == 1


def test_nothing_known_of_the_birth_gives_a_plausible_year_or_none_at_all() -> None:
    [person], _ = gather(make.patient(birthDate=None), make.observation())
    assert {trait.kind: trait.value for trait in person.traits}["birth_date"] == "1980-12-31"
    persons, tally = gather(make.patient(birthDate=None))
    assert persons == []
    assert tally.kept == {("Patient", "no_birth"): 1}


def test_what_names_no_type_is_unreadable_and_its_words_do_not_pass() -> None:
    documents = [[], "Dupont", 3, None, {}, {"resourceType": "Dupont <b>"}, {"resourceType": ["Patient"]}]
    persons, tally = gather(*documents)
    assert persons == []
    assert tally.read == {UNREADABLE: 7}
    assert tally.balanced()


def test_a_person_travels_and_comes_back_the_same() -> None:
    [person], tally = gather(*WHOLE)
    sent = msgpack.unpackb(msgpack.packb(pack(person)), raw=False)
    assert unpack_person(sent) == person
    assert Tally.unpack(msgpack.unpackb(msgpack.packb(tally.pack()))).read == tally.read


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("bad", [None, 3, "x", [["a"]], [[1, 2]], {"a": 1}, [["\x00", "b", None, None]]])
def test_what_is_not_a_person_is_not_believed(place: int, bad: Any) -> None:
    [person], _ = gather(*WHOLE)
    sent = pack(person)
    if place == 0 and bad == "x":
        return
    sent[place] = bad
    with pytest.raises(Malformed):
        unpack_person(sent)


_WORDS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.decimals(),
    st.text(max_size=8),
    st.sampled_from(["", "2020", "2020-02-30", "Patient/p1", "urn:uuid:p1", "\x00", "\ud800", "x" * 5000, "é\u202e😀"]),
    st.lists(st.none() | st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(
        st.sampled_from(["coding", "value", "code", "period", "reference"]),
        st.none() | st.integers() | st.text(max_size=3),
    ),
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside: list[tuple[Any, ...]] = []
    if isinstance(node, dict):
        for key, value in node.items():
            inside += [(*path, key), *_places(value, (*path, key))]
    elif isinstance(node, list):
        for key, value in enumerate(node):
            inside += [(*path, key), *_places(value, (*path, key))]
    return inside


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_counted_and_never_crashes(data: st.DataObject) -> None:
    whole = [copy.deepcopy(each) for each in WHOLE]
    documents: list[Any] = [make.bundle(*whole)] if data.draw(st.booleans()) else whole
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_places(documents)))
        node: Any = documents
        try:
            for step in path[:-1]:
                node = node[step]
            node[path[-1]] = data.draw(_WORDS)
        except (KeyError, IndexError, TypeError):
            continue
    try:
        persons, tally = gather(*documents)
    except NeedsSource:
        return
    assert tally.balanced()
    for person in persons:
        assert unpack_person(msgpack.unpackb(msgpack.packb(pack(person)), raw=False)) == person
        assert all(isinstance(number.value, Decimal) for number in person.measurements)
