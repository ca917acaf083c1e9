"""Who is who in the demo, from the seed alone: what the drill counts with. Never written to a file by this program."""

from collections.abc import Iterator
from typing import Any

from egide.rehearsal import census, people
from egide.rehearsal.people import Person


def truth(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """One dictionary a person, in the order of the index, one person in memory at a time.

    `now` holds the values still true by kind; `traits`, `contacts` and `ins` hold every value with its dates, in the
    very form that was sealed (`v`, `from`, `to`, `src`); `unit` is a unit's code; `present`: she lies in a bed.
    """
    return (_one(seed, count, person) for person in people.people(seed, count))


def _one(seed: int, count: int, person: Person) -> dict[str, Any]:
    lies = census.place(seed, count, person.index)
    return {
        "index": person.index,
        "unit": census.unit_of(seed, count, person.index).code,
        "unit_id": str(census.unit_of(seed, count, person.index).id),
        "present": lies is not None,
        "now": {value.kind: value.text for value in person.traits if value.until is None},
        "traits": [{"kind": value.kind, **value.sealed_form()} for value in person.traits],
        "contacts": [{"kind": value.kind, **value.sealed_form()} for value in person.contacts],
        "ins": ins_form(person),
    }


def ins_form(person: Person) -> dict[str, str | None] | None:
    """What is sealed of the INS: number, OID, dates; None for somebody without one."""
    if person.ins is None:
        return None
    form = person.ins.sealed_form()
    return {"v": form["v"], "oid": person.ins.kind, "from": form["from"], "to": form["to"]}
