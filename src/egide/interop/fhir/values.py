"""Plain values between the confined parser and the writer: what one person's files say, in Égide's words.

They travel as msgpack lists. `unpack_person` believes nothing: every field is checked for type, length and form.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from egide.identity.rules import Told as Trait
from egide.interop.fhir.limits import MAX_CONTENT, MAX_TEXT
from egide.record.rules import IMPORTED_KINDS, Aside
from egide.record.rules import BroughtAllergy as Allergy
from egide.record.rules import BroughtFact as Imported
from egide.record.rules import BroughtMeasure as Measurement
from egide.record.rules import BroughtProblem as Problem
from egide.stays.rules import Passage as Stay

__all__ = [
    "Allergy", "Aside", "Fact", "Imported", "Malformed", "Measurement", "Person", "Problem", "Stay", "Trait", "pack",
    "unpack_person",
]  # fmt: skip

Fact = Problem | Allergy | Measurement | Imported
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """All that the files say of one person. `sources` are (system, identifier) pairs; of a subject who is not among
    the files (or of what names none) there are no traits and no facts: all of hers is kept aside."""

    ref: str
    sources: tuple[tuple[str, str], ...]
    traits: tuple[Trait, ...]
    contacts: tuple[Trait, ...]
    stays: tuple[Stay, ...] = ()
    problems: tuple[Problem, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    imported: tuple[Imported, ...] = ()
    asides: tuple[Aside, ...] = ()

    @property
    def identified(self) -> bool:
        """Whether the files say who she is."""
        return bool(self.traits)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What the record takes, stays apart."""
        return (*self.problems, *self.allergies, *self.measurements, *self.imported)

    def refs(self) -> set[str]:
        """The resources these facts come from, `Type/id`."""
        own = {self.ref} if self.identified else set()
        return own | {fact.ref for fact in (*self.stays, *self.facts)}


class Malformed(Exception):
    """The confined process sent something that is not a person."""


def pack(value: Any) -> Any:
    """A value of this module as lists, strings, bytes, booleans and None."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [pack(item) for item in value]
    if value is None or isinstance(value, str | bool | bytes):
        return value
    return [pack(getattr(value, field.name)) for field in fields(value)]


def unpack_person(raw: Any) -> Person:
    """The person that `pack` sent; raises Malformed on anything else."""
    try:
        return _PERSON(raw)
    except (TypeError, ValueError, InvalidOperation) as error:
        raise Malformed("not a person") from error


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or len(raw) > MAX_TEXT or "\x00" in raw:
        raise ValueError("text")
    return raw


def _long_text(raw: Any) -> str:
    if not isinstance(raw, str) or len(raw) > MAX_CONTENT or "\x00" in raw:
        raise ValueError("text")
    return raw


def _bytes(raw: Any) -> bytes:
    if not isinstance(raw, bytes) or len(raw) > MAX_CONTENT:
        raise ValueError("bytes")
    return raw


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        if raw not in allowed:
            raise ValueError("not one of ours")
        return str(raw)

    return read


def _word(raw: Any) -> str:
    if not isinstance(raw, str) or not re.fullmatch(r"[A-Za-z0-9_()]{1,40}", raw):
        raise ValueError("word")
    return raw


def _flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise TypeError("flag")
    return raw


def _instant(raw: Any) -> datetime:
    moment = datetime.fromisoformat(_text(raw))
    if moment.tzinfo is None:
        raise ValueError("instant without zone")
    return moment


def _day(raw: Any) -> date:
    return date.fromisoformat(_text(raw))


def _number(raw: Any) -> Decimal:
    number = Decimal(_text(raw))
    if not number.is_finite():
        raise ValueError("number")
    return number


def _maybe(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda raw: None if raw is None else read(raw)


def _record(made: type[T], *readers: Callable[[Any], Any]) -> Callable[[Any], T]:
    def read(raw: Any) -> T:
        if not isinstance(raw, list) or len(raw) != len(readers):
            raise ValueError("record")
        return made(*(reader(item) for reader, item in zip(readers, raw, strict=True)))

    return read


def _list(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def read_all(raw: Any) -> tuple[T, ...]:
        if not isinstance(raw, list):
            raise TypeError("list")
        return tuple(read(item) for item in raw)

    return read_all


def _pair(raw: Any) -> tuple[str, str]:
    if not isinstance(raw, list):
        raise TypeError("pair")
    system, identifier = raw
    return _text(system), _text(identifier)


_IMPORTED = _record(
    Imported, _text, _one_of(*IMPORTED_KINDS), _text, _text, _text, _text, _instant, _maybe(_instant), _list(_pair),
    _text, _maybe(_long_text), _maybe(_bytes),
)  # fmt: skip
_ASIDE = _record(Aside, _word, _word, _one_of("clinical", "protected", "ins"), _maybe(_instant), _text, _bytes)
_TRAIT = _record(Trait, _text, _text, _maybe(_day), _maybe(_day))
_PERSON = _record(
    Person,
    _text,
    _list(_pair),
    _list(_TRAIT),
    _list(_TRAIT),
    _list(_record(Stay, _text, _instant, _maybe(_instant))),
    _list(_record(Problem, _text, _text, _text, _text, _maybe(_day), _maybe(_day), _maybe(_instant))),
    _list(_record(Allergy, _text, _text, _text, _text, _maybe(_text), _text, _maybe(_instant))),
    _list(_record(Measurement, _text, _flag, _text, _number, _text, _instant)),
    _list(_IMPORTED),
    _list(_ASIDE),
)
