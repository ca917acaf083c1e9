"""The demo's group around its first clinic: 14 clinics and health centres, 3 nursing homes, their units and beds.

Seventeen sites of five legal entities. Fictive: names and towns are invented, ids never change.
"""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from egide.rehearsal import hospital, numbers, tables
from egide.rehearsal.draw import Draw
from egide.rehearsal.hospital import Entity, Service, Site, Unit, fixed_id

PLACES = hospital.PLACES


@dataclass(frozen=True, slots=True, eq=False)
class House:
    """One site with its services and units."""

    site: Site
    services: tuple[Service, ...]
    units: tuple[Unit, ...]

    @property
    def wards(self) -> tuple[Unit, ...]:
        """Where its people lie."""
        return tuple(unit for unit in self.units if unit.beds)

    @property
    def consultations(self) -> tuple[Unit, ...]:
        """Where its people come for an appointment."""
        return tuple(unit for unit in self.units if unit.kind == "consultation")


_ENTITIES = {
    "valmoulin": hospital.ENTITY,
    "rivieres": Entity(fixed_id("entity", "2"), "Cliniques des Trois-Rivières", numbers.luhn("99900002")),
    "bocage": Entity(fixed_id("entity", "3"), "Cliniques du Bocage et du Littoral", numbers.luhn("99900003")),
    "plateau": Entity(fixed_id("entity", "4"), "Cliniques du Plateau", numbers.luhn("99900004")),
    "residences": Entity(fixed_id("entity", "5"), "Résidences du Colombier", numbers.luhn("99900005")),
}

# Kind of ward: service, its code, kind of unit, specialty, unit's name (a letter follows where there are several).
_WARDS = {
    "med": ("Médecine", "MED", "ward", "Médecine polyvalente", "Médecine"),
    "chir": ("Chirurgie", "CHIR", "ward", "Chirurgie digestive et orthopédique", "Chirurgie"),
    "mat": ("Maternité", "MAT", "ward", "Gynécologie-obstétrique", "Maternité"),
    "ped": ("Pédiatrie", "PED", "ward", "Pédiatrie", "Pédiatrie"),
    "ssr": ("Soins médicaux et de réadaptation", "SMR", "ward", "Réadaptation", "Réadaptation"),
    "urg": ("Urgences", "URG", "emergency", "Médecine d'urgence", "Urgences"),
    "res": ("Hébergement", "HEB", "residence", "Gériatrie", "Hébergement"),
}
CONSULTATIONS = {
    "gen": "Médecine générale", "car": "Cardiologie", "gas": "Hépato-gastro-entérologie", "ort": "Orthopédie",
    "gyn": "Gynécologie", "ped": "Pédiatrie", "pne": "Pneumologie", "neu": "Neurologie", "uro": "Urologie",
    "oph": "Ophtalmologie", "end": "Endocrinologie", "rhu": "Rhumatologie", "der": "Dermatologie",
    "den": "Soins dentaires",
}  # fmt: skip
_PLATFORMS = (("LABO", "Laboratoire"), ("IMAG", "Imagerie"), ("PUI", "Pharmacie à usage intérieur"))
_OCCUPIED = {"med": 27, "chir": 26, "mat": 22, "ped": 19, "ssr": 28, "res": 29, "urg": 0}


def _letters(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name} {letter}" for letter in "ABCDEF"[:count]]


class _Builder:
    """One site's services and units, in order; a service is made when first asked for."""

    def __init__(self, site: Site, slug: str) -> None:
        self.site, self.slug = site, slug
        self.services: dict[str, Service] = {}
        self.units: list[Unit] = []

    def service(self, name: str, code: str) -> Service:
        if code not in self.services:
            # numbers kept for fiction; ten to a site
            phone = f"02 61 91 {int(self.site.finess[-3:-1]) + 10:02} {len(self.services) + 10:02}"
            self.services[code] = Service(fixed_id("service", self.slug, code), self.site, name, code, phone)
        return self.services[code]

    def ward(self, word: str, count: int) -> None:
        name, code, kind, specialty, unit_name = _WARDS[word]
        service = self.service(name, code)
        for number, one in enumerate(_letters(unit_name, count)):
            key = f"{word}{number}"
            floor = 1 + len([unit for unit in self.units if unit.beds])
            beds = () if word == "urg" else hospital.beds(f"{self.slug}/{key}", floor)
            unit_code = f"{code[:4]}{one[-1] if count > 1 else ''}"
            self.units.append(
                Unit(
                    fixed_id("unit", self.slug, key), word, one, unit_code, specialty, beds, _OCCUPIED[word], service,
                    kind,
                )
            )  # fmt: skip

    def outpatients(self, word: str) -> None:
        name = CONSULTATIONS[word]
        service = self.service("Consultations", "CS")
        self.units.append(
            Unit(fixed_id("unit", self.slug, "cs", word), word, f"Consultations, {name.lower()}", f"CS{word.upper()}",
                 name, (), 0, service, "consultation")
        )  # fmt: skip

    def platforms(self) -> None:
        service = self.service("Plateau technique", "PT")
        for code, name in _PLATFORMS:
            self.units.append(
                Unit(fixed_id("unit", self.slug, code), code.lower(), name, code, name, (), 0, service, "platform")
            )


def _house(rank: int, line: list[str]) -> House:
    slug, name, kind, city, entity, wards, consultations = line
    site = hospital.SITE
    if slug != "1":
        finess = numbers.luhn(f"990000{rank:02}")
        site = Site(fixed_id("site", slug), name, finess, kind, city, _ENTITIES[entity])
    builder = _Builder(site, slug)
    if slug == "1":
        builder.services = {service.code: service for service in hospital.SERVICES}
        builder.units = list(hospital.UNITS)
    for word in wards.split():
        builder.ward(word[:-1], int(word[-1]))
    for word in consultations.split():
        builder.outpatients(word)
    if kind == "clinique":
        builder.platforms()
    return House(site, tuple(builder.services.values()), tuple(builder.units))


HOUSES: dict[str, House] = {line[0]: _house(rank, line) for rank, line in enumerate(tables.rows("sites.tsv"), start=1)}
SITES: tuple[Site, ...] = tuple(house.site for house in HOUSES.values())
ENTITIES: tuple[Entity, ...] = tuple(_ENTITIES.values())
SERVICES: tuple[Service, ...] = tuple(service for house in HOUSES.values() for service in house.services)
UNITS: tuple[Unit, ...] = tuple(unit for house in HOUSES.values() for unit in house.units)
HOMES: tuple[str, ...] = tuple(slug for slug, house in HOUSES.items() if house.site.kind == "ehpad")

BLOCK = 200
"""People who follow each other were first received at the same site; a load opens a block at a time."""
_FIRST = 2
_HOMES_FROM, _HOMES_EVERY = 40, 1000
_DOORS = tables.weighted(
    [house for slug, house in HOUSES.items() if slug not in HOMES],
    [len(house.wards) + len(house.consultations) / 2 for slug, house in HOUSES.items() if slug not in HOMES],
)


@lru_cache(maxsize=4096)
def house_of(seed: int, block: int) -> House:
    """The site where the people of a block were first received: of the first two blocks, the first clinic."""
    if block < _FIRST:
        return HOUSES["1"]
    home = block % _HOMES_EVERY - _HOMES_FROM
    if 0 <= home < len(HOMES):
        return HOUSES[HOMES[home]]
    return Draw(seed, "site", block).weighted(_DOORS)


def blocks_of(seed: int, count: int, house: House) -> tuple[int, ...]:
    """The blocks of one site among the first `count` people, in order."""
    return _blocks(seed, -(-count // BLOCK)).get(house.site.id, ())


@lru_cache(maxsize=4)
def _blocks(seed: int, blocks: int) -> dict[UUID, tuple[int, ...]]:
    found: dict[UUID, list[int]] = {}
    for block in range(blocks):
        found.setdefault(house_of(seed, block).site.id, []).append(block)
    return {site: tuple(numbers) for site, numbers in found.items()}
