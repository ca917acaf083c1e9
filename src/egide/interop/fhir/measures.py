"""Which observations are measurements of the record, and how their units become the record's own (LOINC, UCUM)."""

from decimal import Decimal

from egide.kernel.codes import BY_LOINC, VitalSign

LOINC = "http://loinc.org"
MIMIC_ITEMS = "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-d-items"
MIMIC_CHART_ITEMS = "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-chartevents-d-items"

PANELS = frozenset({"85354-9", "55284-4", "35094-2"})
"""Blood pressure panels: their components are what counts."""

# LOINC codes that say the same thing as one of the record's. 2708-6 is what R4's vital signs profile asks for oxygen
# saturation (https://hl7.org/fhir/R4/observation-vitalsigns.html); 59408-5 is the one measured at the finger.
_SAME_LOINC = {
    "2708-6": "59408-5",
    "8331-1": "8310-5",  # oral temperature
    "3141-9": "29463-7",  # body weight, measured
    "3137-7": "8302-2",  # body height, measured
    "8478-0": "",  # mean pressure: no such measurement in the record
}

# Items of MIMIC's charted events. The demo folder of the shared data lacks that file (its blood pressures stand in
# MimicObservationVitalSignsED under LOINC), so these were not checked against data here.
_MIMIC_ITEMS = {
    "220045": "8867-4",
    "220050": "8480-6",
    "220051": "8462-4",
    "220179": "8480-6",
    "220180": "8462-4",
    "220210": "9279-1",
    "220277": "59408-5",
    "223761": "8310-5",
    "223762": "8310-5",
}

_ONE = (Decimal(1), Decimal(0))
_FAHRENHEIT = (Decimal(5) / Decimal(9), Decimal(-160) / Decimal(9))
_PER_MINUTE = ("/min", "{beats}/min", "{breaths}/min", "beats/minute", "breaths/minute", "bpm", "insp/min")

# unit of the record → unit of the source → (factor, offset): value × factor + offset
_CONVERSIONS: dict[str, dict[str, tuple[Decimal, Decimal]]] = {
    "mm[Hg]": {"mm[Hg]": _ONE, "mmHg": _ONE, "kPa": (Decimal("7.500616827"), Decimal(0))},
    "/min": dict.fromkeys(_PER_MINUTE, _ONE),
    "Cel": {
        **dict.fromkeys(("Cel", "°C", "C", "degC"), _ONE),
        **dict.fromkeys(("[degF]", "°F", "F", "degF"), _FAHRENHEIT),
    },
    "%": {"%": _ONE},
    "kg": {
        "kg": _ONE,
        "g": (Decimal("0.001"), Decimal(0)),
        **dict.fromkeys(("[lb_av]", "lb", "lbs"), (Decimal("0.45359237"), Decimal(0))),
        **dict.fromkeys(("[oz_av]", "oz"), (Decimal("0.028349523125"), Decimal(0))),
    },
    "cm": {
        "cm": _ONE,
        "m": (Decimal(100), Decimal(0)),
        **dict.fromkeys(("[in_i]", "in"), (Decimal("2.54"), Decimal(0))),
    },
    "{score}": {"{score}": _ONE, "1": _ONE, "": _ONE},
}
_HUNDREDTH = Decimal("0.01")


def sign_of(system: str, code: str) -> VitalSign | None:
    """The record's measurement that a foreign code stands for, or None."""
    if system == LOINC:
        return BY_LOINC.get(_SAME_LOINC.get(code, code))
    if system in (MIMIC_ITEMS, MIMIC_CHART_ITEMS):
        return BY_LOINC.get(_MIMIC_ITEMS.get(code, ""))
    return None


def converted(sign: VitalSign, value: Decimal, unit: str) -> Decimal | None:
    """The value in the sign's unit, to the hundredth; None when the unit is unknown or measures something else."""
    conversion = _CONVERSIONS[sign.unit].get(unit)
    if conversion is None:
        return None
    factor, offset = conversion
    return (value * factor + offset).quantize(_HUNDREDTH).normalize() + Decimal(0)


def possible(sign: VitalSign, value: Decimal) -> bool:
    """Whether a living person can have this value."""
    return sign.low <= value <= sign.high
