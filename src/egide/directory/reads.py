"""The group's structure as pages need it: read whole, rarely, kept a minute in the process. No patient data."""

import itertools
import threading
import time
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from egide.directory.models import Bed, Professional, Unit

_KEPT_SECONDS = 60.0
_lock = threading.Lock()
_kept: tuple[float, dict[UUID, "UnitPlace"]] | None = None


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """A unit and where it is; `kind`: ward, residence, consultation, emergency, platform."""

    id: UUID
    name: str
    code: str
    site_id: UUID
    site: str
    kind: str = "ward"
    service: str = ""
    phone: str = ""
    entity_id: UUID | None = None


def units() -> dict[UUID, UnitPlace]:
    """Every unit by id. At most a minute old; a statement only when it is older."""
    global _kept  # noqa: PLW0603 — the one thing kept
    kept = _kept
    if kept is None or time.monotonic() - kept[0] > _KEPT_SECONDS:
        with _lock:
            found = {unit.id: _place(unit) for unit in Unit.objects.select_related("site", "service").order_by("name")}
            kept = _kept = (time.monotonic(), found)
    return kept[1]


def _place(unit: Unit) -> UnitPlace:
    service = unit.service
    return UnitPlace(
        unit.id, unit.name, unit.code, unit.site_id, unit.site.name, unit.kind,
        service.name if service else "", service.phone if service else "", unit.site.entity_id,
    )  # fmt: skip


def unit_name(unit_id: UUID | None) -> str | None:
    """The unit's name, None for an unknown one."""
    found = units().get(unit_id) if unit_id else None
    return found.name if found else None


@dataclass(frozen=True, slots=True)
class Colleague:
    """A professional who may be asked for advice."""

    id: UUID
    name: str
    profession: str


def clinicians() -> list[Colleague]:
    """Professionals who give care, by name. One statement."""
    found = Professional.objects.filter(profession__in=CLINICAL).order_by("family", "given")
    return [Colleague(one.id, str(one), one.profession) for one in found[:2000]]


def professionals(professions: tuple[str, ...] | None = None) -> list[Colleague]:
    """People of these professions, or of any, by name. One statement."""
    found = Professional.objects.order_by("family", "given")
    if professions is not None:
        found = found.filter(profession__in=professions)
    return [Colleague(one.id, str(one), one.profession) for one in found[:2000]]


CLINICAL = (
    "physician", "midwife", "intern", "nurse", "physiotherapist", "psychologist", "dietician", "social_worker",
)  # fmt: skip


def people_named(text: str) -> list[Colleague]:
    """People whose given and family names hold every word of `text`, accents apart; at most 20. One statement."""
    words = _plain(text).split()
    if not words:
        return []
    everybody = Professional.objects.order_by("family", "given")
    found = (one for one in everybody if all(word in _plain(str(one)) for word in words))
    return [Colleague(one.id, str(one), one.profession) for one in itertools.islice(found, 20)]


def person_named(account: UUID) -> Colleague | None:
    """One of the people who work here. One statement."""
    one = Professional.objects.filter(id=account).first()
    return Colleague(one.id, str(one), one.profession) if one else None


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))


@dataclass(frozen=True, slots=True)
class BedPlace:
    """A bed as said on the ward: "214 F"."""

    id: UUID
    name: str


def beds_of(unit_id: UUID) -> list[BedPlace]:
    """The beds of a unit, by room. One statement."""
    return [
        BedPlace(one.id, f"{one.room} {one.label}")
        for one in Bed.objects.filter(unit_id=unit_id).order_by("room", "label")
    ]


def bed_in(unit_id: UUID, bed_id: UUID) -> bool:
    """Whether this bed is one of this unit. One statement."""
    return Bed.objects.filter(id=bed_id, unit_id=unit_id).exists()
