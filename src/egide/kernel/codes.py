"""Code systems every room shares: categories of data, professions, and the vital signs of the slice (LOINC, UCUM)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Category(StrEnum):
    """What a fact is, for the gate: each is sealed apart (CNIL draft DPI recommendation, sheets 6 and 7)."""

    IDENTITY = "identity"
    CONTACT = "contact"
    INS = "ins"
    STAY = "stay"
    CODING = "coding"
    CLINICAL = "clinical"
    PROTECTED = "protected"


class Profession(StrEnum):
    """Professions of the authorisation grid; `application` is a program acting for a site."""

    PHYSICIAN = "physician"
    MIDWIFE = "midwife"
    INTERN = "intern"
    NURSE = "nurse"
    CARE_ASSISTANT = "care_assistant"
    PHYSIOTHERAPIST = "physiotherapist"
    PSYCHOLOGIST = "psychologist"
    DIETICIAN = "dietician"
    SOCIAL_WORKER = "social_worker"
    MEDICAL_SECRETARY = "medical_secretary"
    STUDENT = "student"
    ADMISSION_CLERK = "admission_clerk"
    SWITCHBOARD = "switchboard"
    PHARMACIST = "pharmacist"
    LABORATORY = "laboratory"
    IMAGING = "imaging"
    DIM = "dim"
    BILLING = "billing"
    PORTER = "porter"
    DPO = "dpo"
    RSSI = "rssi"
    ADMINISTRATOR = "administrator"
    APPLICATION = "application"


class Basis(StrEnum):
    """Why a person may open a patient (CSP L1110-4, L1110-12)."""

    STAY = "stay"
    TEAM = "team"
    ADVICE = "advice"
    BREAK_GLASS = "break_glass"
    OVERSIGHT = "oversight"
    ARRIVAL = "arrival"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class VitalSign:
    """One measured parameter: LOINC code, UCUM unit, the values a living person can have, decimals shown."""

    slug: str
    loinc: str
    unit: str
    low: Decimal
    high: Decimal
    decimals: int
    label: str
    unit_label: str


VITAL_SIGNS: tuple[VitalSign, ...] = (
    VitalSign("systolic", "8480-6", "mm[Hg]", Decimal(30), Decimal(300), 0, "TA systolique", "mmHg"),
    VitalSign("diastolic", "8462-4", "mm[Hg]", Decimal(10), Decimal(200), 0, "TA diastolique", "mmHg"),
    VitalSign("pulse", "8867-4", "/min", Decimal(15), Decimal(300), 0, "Pouls", "/min"),
    VitalSign("temperature", "8310-5", "Cel", Decimal(25), Decimal(45), 1, "Température", "°C"),
    VitalSign("spo2", "59408-5", "%", Decimal(30), Decimal(100), 0, "SpO₂", "%"),
    VitalSign("respiratory_rate", "9279-1", "/min", Decimal(3), Decimal(90), 0, "Fréquence respiratoire", "/min"),
    VitalSign("weight", "29463-7", "kg", Decimal("0.2"), Decimal(500), 1, "Poids", "kg"),
    VitalSign("height", "8302-2", "cm", Decimal(20), Decimal(260), 0, "Taille", "cm"),
    VitalSign("pain", "72514-3", "{score}", Decimal(0), Decimal(10), 0, "Douleur (EN)", "/10"),
)
BY_LOINC: dict[str, VitalSign] = {sign.loinc: sign for sign in VITAL_SIGNS}
BY_SLUG: dict[str, VitalSign] = {sign.slug: sign for sign in VITAL_SIGNS}
