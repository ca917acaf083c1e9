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
    IDENTITY_CELL = "identity_cell"
    DPO = "dpo"
    RSSI = "rssi"
    ADMINISTRATOR = "administrator"
    APPLICATION = "application"


class RescueReason(StrEnum):
    """Why somebody signs in without her key for a day."""

    LOST = "key_lost"
    STOLEN = "key_stolen"
    BROKEN = "key_broken"
    FORGOTTEN = "key_forgotten"


class Basis(StrEnum):
    """Why a person may open a patient (CSP L1110-4, L1110-12)."""

    STAY = "stay"
    APPOINTMENT = "appointment"
    ATTENDING = "attending"
    RESIDENCE = "residence"
    TRANSFER = "transfer"
    TEAM = "team"
    SECRETARIAT = "secretariat"
    DELEGATION = "delegation"
    REFERRING = "referring"
    ADVICE = "advice"
    WORK_LIST = "work_list"
    COMMISSION_INFECTION = "commission_infection"
    COMMISSION_IDENTITY = "commission_identity"
    COMMISSION_QUALITY = "commission_quality"
    BREAK_GLASS = "break_glass"
    SHEET = "sheet"
    OVERSIGHT = "oversight"
    ARRIVAL = "arrival"
    SEARCH = "search"
    APPLICATION = "application"


# Bases that no care link stands behind: what is opened by them alone is counted apart by the keeper.
EMERGENCIES = frozenset({Basis.BREAK_GLASS, Basis.SHEET})
OUTSIDE_LINK = EMERGENCIES | {Basis.OVERSIGHT, Basis.SEARCH}


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


def _more(group: str, *rows: str) -> list[tuple[str, VitalSign]]:
    found = []
    for row in rows:
        slug, code, unit, low, high, decimals, unit_label, label = (part.strip() for part in row.split("|"))
        sign = VitalSign(slug, code, unit, Decimal(low), Decimal(high), int(decimals), label, unit_label)
        found.append((group, sign))
    return found


# What a ward measures besides, by group: slug, code, UCUM unit, values that can be, decimals, unit and name on screen.
# A code of ours begins with `egide:`: its LOINC is not established here; it is to be mapped before anything leaves.
_MORE: list[tuple[str, VitalSign]] = [
    *_more(
        "circulation",
        "mean_pressure | 8478-0 | mm[Hg] | 20 | 250 | 0 | mmHg | TA moyenne",
        "venous_pressure | 60985-9 | mm[Hg] | 0 | 50 | 0 | mmHg | Pression veineuse centrale",
        "capillary_refill | egide:refill | s | 0 | 15 | 0 | s | Temps de recoloration",
        "fetal_heart_rate | 55283-6 | /min | 50 | 250 | 0 | /min | Rythme cardiaque fœtal",
        "leg_right | egide:leg-right | cm | 10 | 100 | 1 | cm | Mollet droit",
        "leg_left | egide:leg-left | cm | 10 | 100 | 1 | cm | Mollet gauche",
    ),
    *_more(
        "breathing",
        "oxygen_flow | 3151-8 | L/min | 0 | 70 | 1 | L/min | Débit d'oxygène",
        "oxygen_fraction | 3150-6 | % | 21 | 100 | 0 | % | FiO₂",
        "peak_flow | 33452-4 | L/min | 30 | 900 | 0 | L/min | Débit de pointe",
        "end_tidal_co2 | egide:etco2 | mm[Hg] | 5 | 120 | 0 | mmHg | EtCO₂",
        "cough_peak_flow | egide:cough-flow | L/min | 20 | 900 | 0 | L/min | Débit de pointe à la toux",
    ),
    *_more(
        "consciousness",
        "glasgow | 9269-2 | {score} | 3 | 15 | 0 | /15 | Glasgow",
        "glasgow_eyes | 9267-6 | {score} | 1 | 4 | 0 | /4 | Glasgow, yeux",
        "glasgow_verbal | 9270-0 | {score} | 1 | 5 | 0 | /5 | Glasgow, parole",
        "glasgow_motor | 9268-4 | {score} | 1 | 6 | 0 | /6 | Glasgow, motricité",
        "intracranial_pressure | 60956-0 | mm[Hg] | 0 | 80 | 0 | mmHg | Pression intracrânienne",
        "sedation | egide:sedation | {score} | 0 | 3 | 0 | /3 | Sédation (EDS)",
        "mmse | 72106-8 | {score} | 0 | 30 | 0 | /30 | MMSE",
        "pupil_right | egide:pupil-right | mm | 0 | 10 | 0 | mm | Pupille droite",
        "pupil_left | egide:pupil-left | mm | 0 | 10 | 0 | mm | Pupille gauche",
    ),
    *_more(
        "pain_and_risk",
        "pain_algoplus | egide:algoplus | {score} | 0 | 5 | 0 | /5 | Douleur (Algoplus)",
        "pain_doloplus | egide:doloplus | {score} | 0 | 30 | 0 | /30 | Douleur (Doloplus)",
        "pain_bps | egide:bps | {score} | 3 | 12 | 0 | /12 | Douleur (BPS)",
        "pain_evendol | egide:evendol | {score} | 0 | 15 | 0 | /15 | Douleur (Evendol)",
        "braden | egide:braden | {score} | 6 | 23 | 0 | /23 | Escarre (Braden)",
        "norton | egide:norton | {score} | 5 | 20 | 0 | /20 | Escarre (Norton)",
        "morse | 59460-6 | {score} | 0 | 125 | 0 | /125 | Chute (Morse)",
        "katz | egide:katz | {score} | 0 | 6 | 1 | /6 | Autonomie (ADL de Katz)",
        "gir | egide:gir | {score} | 1 | 6 | 0 | | GIR",
        "news2 | egide:news2 | {score} | 0 | 20 | 0 | /20 | NEWS2",
    ),
    *_more(
        "metabolism",
        "glucose | 41653-7 | g/L | 0.1 | 10 | 2 | g/L | Glycémie capillaire",
        "ketones | egide:ketones | mmol/L | 0 | 12 | 1 | mmol/L | Cétonémie capillaire",
        "haemoglobin | 718-7 | g/dL | 1 | 25 | 1 | g/dL | Hémoglobine (capillaire)",
        "inr | 34714-6 | {INR} | 0.5 | 15 | 1 | | INR (capillaire)",
        "bmi | 39156-5 | kg/m2 | 5 | 100 | 1 | kg/m² | IMC",
        "waist | 8280-0 | cm | 20 | 250 | 0 | cm | Tour de taille",
        "head_circumference | 8287-5 | cm | 20 | 70 | 1 | cm | Périmètre crânien",
        "arm_circumference | egide:arm | cm | 5 | 70 | 1 | cm | Périmètre brachial",
    ),
    *_more(
        "birth",
        "fundal_height | 11881-0 | cm | 5 | 50 | 0 | cm | Hauteur utérine",
        "apgar_1 | 9272-6 | {score} | 0 | 10 | 0 | /10 | Apgar à 1 min",
        "apgar_5 | 9274-2 | {score} | 0 | 10 | 0 | /10 | Apgar à 5 min",
    ),
    *_more(
        "intake",
        "in_oral | egide:in-oral | mL | 0 | 10000 | 0 | mL | Boissons",
        "in_infusion | egide:in-infusion | mL | 0 | 20000 | 0 | mL | Perfusions",
        "in_enteral | egide:in-enteral | mL | 0 | 10000 | 0 | mL | Nutrition entérale",
        "in_blood | egide:in-blood | mL | 0 | 20000 | 0 | mL | Produits sanguins",
    ),
    *_more(
        "output",
        "out_urine | 9187-6 | mL | 0 | 20000 | 0 | mL | Diurèse",
        "out_drain | egide:out-drain | mL | 0 | 20000 | 0 | mL | Drains",
        "out_gastric | egide:out-gastric | mL | 0 | 10000 | 0 | mL | Aspiration gastrique",
        "out_vomit | egide:out-vomit | mL | 0 | 10000 | 0 | mL | Vomissements",
        "out_stool | egide:out-stool | mL | 0 | 10000 | 0 | mL | Selles, stomie",
        "bladder_volume | egide:bladder | mL | 0 | 3000 | 0 | mL | Volume vésical",
    ),
]
GROUPS: dict[str, tuple[VitalSign, ...]] = {
    group: tuple(sign for one, sign in _MORE if one == group) for group in dict.fromkeys(group for group, _ in _MORE)
}
PARAMETERS: tuple[VitalSign, ...] = (*VITAL_SIGNS, *(sign for _, sign in _MORE))
INTAKE, OUTPUT = GROUPS["intake"], tuple(sign for sign in GROUPS["output"] if sign.slug.startswith("out_"))
BY_CODE: dict[str, VitalSign] = {sign.loinc: sign for sign in PARAMETERS}
BY_SLUG: dict[str, VitalSign] = {sign.slug: sign for sign in PARAMETERS}
