"""What is looked up in public classifications. No patient, hence no ticket."""

from dataclasses import dataclass

from egide.reference.models import Diagnosis
from egide.reference.rules import asked

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Coded:
    """One diagnosis of the CIM-10."""

    code: str
    label: str


def diagnoses(typed: str) -> list[Coded]:
    """At most twelve diagnoses that hold every word typed: a code typed first, then the shortest. One statement."""
    wanted = asked(typed)
    if not wanted or len("".join(wanted)) < 2:
        return []
    found = Diagnosis.objects.all()
    for word in wanted:
        found = found.filter(words__contains=word)
    nearest = sorted(found[:400], key=lambda one: (not one.words.startswith(wanted[0]), len(one.label), one.code))
    return [Coded(one.code, one.label) for one in nearest[:SHOWN]]


def diagnosis(code: str) -> Coded | None:
    """One code as it stands in the classification, None for another. One statement."""
    found = Diagnosis.objects.filter(code=code).first()
    return Coded(found.code, found.label) if found else None
