"""« Présents du site »: from a name heard on the telephone to three persons at most who lie on the site now.

Every present person's names are unsealed and compared at each question, whatever was typed: an answer takes the same
time whoever is asked for, and a person whose presence is kept secret was never among them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from egide.kernel import phonetics

LEAST_LETTERS = 4
SHOWN = 3
_LONGEST = 120


@dataclass(slots=True)
class Here:
    """One present person: current names and date, unsealed here; what is sent of her is `row`."""

    id: UUID
    unit: UUID
    room: str | None
    now: dict[str, tuple[str, str]] = field(default_factory=dict)

    def learn(self, kind: str, value: dict[str, Any]) -> None:
        """A value of a trait; former ones are left out, of two open ones the later start counts."""
        start = str(value.get("from") or "")
        if value.get("to") is None and start >= self.now.get(kind, ("", ""))[0]:
            self.now[kind] = (start, str(value.get("v", "")))

    def text(self, kind: str) -> str:
        """The current value, or nothing."""
        return self.now.get(kind, ("", ""))[1]

    def answers_to(self, name: str, first: str) -> str:
        """Under which of her names she answers to what was typed; empty when she does not."""
        if first and not any(_alike(first, self.text(kind)) for kind in ("first_name", "used_first_name")):
            return ""
        for kind in ("used_name", "birth_name"):
            if _alike(name, self.text(kind)):
                return self.text(kind)
        return ""

    def row(self, name: str, today: date) -> dict[str, Any]:
        """Name asked for, first name used, age in years, unit, room: no date, no id, no reason."""
        try:
            born = date.fromisoformat(self.text("birth_date")[:10])
            age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        except ValueError:
            age = None
        first = self.text("used_first_name") or self.text("first_name")
        return {"name": name, "first_name": first, "age": age, "unit": self.unit.bytes, "room": self.room}


def heard(typed: dict[str, Any]) -> tuple[str, str] | None:
    """Name and first name in letters; None below four letters, or without a name."""
    if not set(typed) <= {"name", "first_name"}:
        return None
    texts = [typed.get(key) or "" for key in ("name", "first_name")]
    if not all(isinstance(one, str) and len(one) <= _LONGEST for one in texts):
        return None
    name, first = (phonetics.letters(one) for one in texts)
    return (name, first) if name and len(name) + len(first) >= LEAST_LETTERS else None


def matching(people: Sequence[Here], name: str, first: str) -> list[tuple[Here, str]]:
    """Who answers to it, and under which name; in the order of names."""
    found = [(one, under) for one in people if (under := one.answers_to(name, first))]
    return sorted(found, key=lambda pair: (pair[1], pair[0].text("first_name"), pair[0].id.bytes))


def gathered(rows: Sequence[dict[str, Any]], unsealed: Callable[[dict[str, Any]], Any]) -> list[Here]:
    """Rows of `identity.present` by person; a value that cannot be unsealed is passed over."""
    people: dict[UUID, Here] = {}
    for row in rows:
        one = people.setdefault(row["patient_id"], Here(row["patient_id"], row["unit"], row["room"]))
        value = unsealed(row)
        if isinstance(value, dict):
            one.learn(row["kind"], value)
    return list(people.values())


def _alike(typed: str, borne: str) -> bool:
    """A short name is typed whole; a longer one by its beginning, of the whole or of a part, or as it sounds."""
    if not borne:
        return False
    for form in phonetics.forms(borne):
        if typed == form or (len(typed) >= LEAST_LETTERS - 1 and form.startswith(typed)):
            return True
    return len(typed) >= LEAST_LETTERS and phonetics.key(typed) == phonetics.key(phonetics.letters(borne))
