"""Plain values between the confined parser and the writer: what one person's files say, in Égide's words.

They travel as msgpack lists. `unpack_person` believes nothing: every field is checked for type, length and form.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from egide.interop.fhir.limits import MAX_TEXT

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trait:
    """One value of an identity trait or of a contact, with the days between which the source says it held."""

    kind: str
    value: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """An encounter; `end` is None while it lasts. `ref` is `Encounter/id` of the source."""

    ref: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Problem:
    """A condition; `ended` is None while it is active; `recorded_at` is None when the source gives no date at all."""

    ref: str
    system: str
    code: str
    label: str
    onset: date | None
    ended: date | None
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Allergy:
    """An active allergy or intolerance; severity is mild, moderate, severe or empty (unknown)."""

    ref: str
    system: str
    code: str
    substance: str
    reaction: str | None
    severity: str
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number: LOINC code and UCUM unit of `kernel.codes.VITAL_SIGNS`; `grouped` when its panel holds several."""

    ref: str
    grouped: bool
    code: str
    value: Decimal
    unit: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """All that the files say of one person and that is taken. `sources` are (system, identifier) pairs."""

    ref: str
    sources: tuple[tuple[str, str], ...]
    traits: tuple[Trait, ...]
    contacts: tuple[Trait, ...]
    stays: tuple[Stay, ...] = ()
    problems: tuple[Problem, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    measurements: tuple[Measurement, ...] = ()

    def refs(self) -> set[str]:
        """The resources these facts come from, `Type/id`."""
        facts: tuple[Stay | Problem | Allergy | Measurement, ...] = (
            *self.stays,
            *self.problems,
            *self.allergies,
            *self.measurements,
        )
        return {self.ref, *(fact.ref for fact in facts)}


class Malformed(Exception):
    """The confined process sent something that is not a person."""


def pack(value: Any) -> Any:
    """A value of this module as lists, strings, booleans and None."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [pack(item) for item in value]
    if value is None or isinstance(value, str | bool):
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
)
