"""The demo's clinic: one site, two units of thirty beds, eighteen people who work there. Fictive; ids never change."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from egide.rehearsal import numbers

NAMESPACE = UUID("9a1f0d52-6f0b-5c57-9d3e-2f1c7b0e4a60")
PLACES = 30


def fixed_id(*parts: str) -> UUID:
    """The id that a thing of the demo has on every base."""
    return uuid5(NAMESPACE, "/".join(parts))


@dataclass(frozen=True, slots=True, eq=False)
class Bed:
    """One bed: D (door) or F (window) of a double room, nothing in a single one."""

    id: UUID
    room: str
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """One legal entity (EJ)."""

    id: UUID
    name: str
    finess: str


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One establishment (ET): a clinic, a health centre or a nursing home."""

    id: UUID
    name: str
    finess: str
    kind: str
    city: str
    entity: Entity


@dataclass(frozen=True, slots=True, eq=False)
class Service:
    """One service; `phone` is its secretariat's."""

    id: UUID
    site: Site
    name: str
    code: str
    phone: str


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One unit; `slug` is the word of `problems.tsv`, `occupied` how many of its beds have somebody in the demo."""

    id: UUID
    slug: str
    name: str
    code: str
    specialty: str
    beds: tuple[Bed, ...]
    occupied: int
    service: Service
    kind: str = "ward"


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """Somebody who works here; `units` are where she may meet patients."""

    id: UUID
    username: str
    given: str
    family: str
    title: str
    profession: str
    units: tuple[Unit, ...]
    rpps: str

    @property
    def name(self) -> str:
        """As shown on screens."""
        return " ".join(part for part in (self.title, self.given, self.family) if part)


def beds(slug: str, floor: int) -> tuple[Bed, ...]:
    """Ten double rooms, then ten single ones."""
    rooms = [
        (str(floor * 100 + number), label) for number in range(1, 21) for label in ("DF" if number <= 10 else ("",))
    ]
    return tuple(Bed(fixed_id("bed", slug, room, label), room, label) for room, label in rooms)


ENTITY = Entity(fixed_id("entity", "1"), "Cliniques de Valmoulin", numbers.luhn("99900001"))
SITE = Site(
    fixed_id("site", "1"), "Clinique Sainte-Aldegonde", numbers.luhn("99000001"), "clinique", "Valmoulin", ENTITY
)
SERVICES = (
    Service(fixed_id("service", "med"), SITE, "Médecine", "MED", "02 61 91 00 10"),
    Service(fixed_id("service", "chir"), SITE, "Chirurgie", "CHIR", "02 61 91 00 20"),
)
MEDICINE = Unit(
    fixed_id("unit", "med"), "med", "Médecine B", "MEDB", "Médecine polyvalente", beds("med", 2), 27, SERVICES[0]
)
SURGERY = Unit(
    fixed_id("unit", "chir"), "chir", "Chirurgie A", "CHIA", "Chirurgie digestive et orthopédique", beds("chir", 1),
    26, SERVICES[1],
)  # fmt: skip
UNITS = (MEDICINE, SURGERY)

_STAFF: tuple[tuple[str, str, str, str, str, tuple[Unit, ...]], ...] = (
    ("claire.morvan", "Claire", "Morvan", "", "nurse", (MEDICINE,)),
    ("hugo.petit", "Hugo", "Petit", "", "nurse", (MEDICINE,)),
    ("nadia.benali", "Nadia", "Benali", "", "nurse", (SURGERY,)),
    ("yann.legall", "Yann", "Le Gall", "", "nurse", (SURGERY,)),
    ("helene.roux", "Hélène", "Roux", "Dr", "physician", (MEDICINE,)),
    ("sophie.nguyen", "Sophie", "Nguyen", "Dr", "physician", (SURGERY,)),
    ("marc.delattre", "Marc", "Delattre", "Dr", "physician", (SURGERY,)),
    ("awa.diallo", "Awa", "Diallo", "", "care_assistant", (MEDICINE,)),
    ("lucas.garnier", "Lucas", "Garnier", "", "care_assistant", (SURGERY,)),
    ("isabelle.fontaine", "Isabelle", "Fontaine", "", "medical_secretary", (MEDICINE,)),
    ("thomas.girard", "Thomas", "Girard", "", "admission_clerk", ()),
    ("odile.perrin", "Odile", "Perrin", "", "dpo", ()),
    ("agnes.lemoine", "Agnès", "Lemoine", "", "nurse", (MEDICINE,)),
    ("bruno.faure", "Bruno", "Faure", "", "nurse", (SURGERY,)),
    ("paul.marchand", "Paul", "Marchand", "", "administrator", ()),
    ("ines.caron", "Inès", "Caron", "", "administrator", ()),
    ("catherine.vidal", "Catherine", "Vidal", "", "administrator", ()),
    ("victor.blanc", "Victor", "Blanc", "", "rssi", ()),
)
# Who answers for what: cadre de santé and chief of a unit; this site's administrateur de garde (no unit).
DUTIES: tuple[tuple[str, str, Unit | None], ...] = (
    ("agnes.lemoine", "cadre", MEDICINE),
    ("bruno.faure", "cadre", SURGERY),
    ("helene.roux", "chief", MEDICINE),
    ("sophie.nguyen", "chief", SURGERY),
    ("catherine.vidal", "guard", None),
)
_WITH_RPPS = ("physician", "nurse")

ACCOUNTS: tuple[Account, ...] = tuple(
    Account(
        fixed_id("account", username), username, given, family, title, profession, units,
        numbers.luhn(f"997{number:07}") if profession in _WITH_RPPS else "",
    )
    for number, (username, given, family, title, profession, units) in enumerate(_STAFF, start=1)
)  # fmt: skip


def account(username: str) -> Account:
    """One account by its name; KeyError when the demo has none of that name."""
    return _BY_NAME[username]


_BY_NAME = {found.username: found for found in ACCOUNTS}


def staff(unit: Unit, profession: str) -> tuple[Account, ...]:
    """The people of one profession in one unit."""
    return tuple(found for found in ACCOUNTS if found.profession == profession and unit in found.units)
