"""The two folders of the shared data, counted; skipped where they are absent.

EGIDE_SHARED_DATA names the folder that holds them; by default ../shared/data of the checkout.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from egide.interop.fhir import dating, reading
from egide.interop.fhir.sources import files_of
from egide.interop.fhir.values import Person
from egide.kernel.clock import now

SHARED = Path(os.environ.get("EGIDE_SHARED_DATA") or Path(__file__).parents[5].parent / "shared" / "data")


def read(folder: str) -> tuple[list[Person], reading.Reading]:
    path = SHARED / folder
    if not path.is_dir():
        pytest.skip(f"{path} is absent: set EGIDE_SHARED_DATA to the folder of shared data")
    with reading.read(files_of([path]), "", lambda _: None) as found:
        persons = list(found.persons)
    for person in persons:
        found.tally.stored.update(ref.partition("/")[0] for ref in person.refs())
        found.tally.kept.update((one.type, one.reason) for one in person.asides if one.reason != "parts")
    return [person for person in persons if person.identified], found


def test_mimic_adds_up_and_has_blood_pressures() -> None:
    persons, found = read("mimic-iv-demo-fhir")
    tally = found.tally
    assert tally.balanced()
    assert not tally.named
    assert tally.read.total() == 152_346
    assert tally.stored == Counter(
        Patient=100, Encounter=325, Condition=3473, Observation=5498, MedicationRequest=17_552,
        MedicationStatement=2411, MedicationAdministration=56_535, Procedure=3450,
    )  # fmt: skip
    assert tally.kept.total() == 152_346 - tally.stored.total()
    with_pressure = [person for person in persons if any(number.code == "8480-6" for number in person.measurements)]
    assert len(with_pressure) == 57
    present = now()
    assert all(dating.lies_ahead(person, present) for person in persons)
    moved = [dating.moved(person, dating.days_back(person, present)) for person in persons]
    assert not any(dating.lies_ahead(person, present) for person in moved)


def test_synthea_adds_up() -> None:
    persons, found = read("synthea-r4")
    assert found.tally.balanced()
    assert not found.tally.named
    assert found.tally.read.total() == 4236
    assert found.tally.stored == Counter(
        Patient=24, Encounter=354, Condition=137, AllergyIntolerance=14, Observation=741, Immunization=318,
        MedicationRequest=83, Procedure=128,
    )  # fmt: skip
    assert found.tally.kept.total() == 4236 - found.tally.stored.total()
    used = {trait.value for person in persons for trait in person.traits if trait.kind == "used_name"}
    assert used == {"RUTHERFORD", "O'CONNELL"}
