"""What may be asked for, when, and what a request is worth now; pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

# kind → the work list it feeds (gate.work_list)
KINDS: Mapping[str, str] = {"laboratory": "sample", "imaging": "image"}
STEPS = ("done", "reported", "cancelled")
MOST, OTHER, QUESTION, RESULT, REASON = 12, 200, 1000, 8000, 300
# How soon an urgent one is due, and the others when no date is wished.
_URGENT = timedelta(hours=1)
_SOON = {"laboratory": timedelta(hours=4), "imaging": timedelta(hours=24)}
_CLOCKS = timedelta(minutes=5)
_FAR = timedelta(days=30)

# The usual examinations, by kind and group, in the order they are shown. Codes are ours, to be mapped (LOINC for the
# laboratory, CCAM for imaging) before a request leaves the house.
USUAL: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "laboratory": {
        "blood_count": ("nfs", "reticulocytes", "group", "rai", "coagulation", "inr", "d_dimers"),
        "chemistry": ("electrolytes", "creatinine", "glucose", "hba1c", "calcium", "phosphate", "magnesium",
                      "liver", "lipase", "proteins", "albumin", "crp", "pct", "troponin", "bnp", "cpk", "lactate",
                      "blood_gas", "tsh", "lipids", "ferritin", "beta_hcg"),
        "microbiology": ("blood_cultures", "urine_culture", "stool_culture", "respiratory_pcr", "swab"),
    },
    "imaging": {
        "radiography": ("xr_chest", "xr_abdomen", "xr_hip", "xr_knee", "xr_shoulder", "xr_wrist", "xr_ankle",
                        "xr_spine"),
        "ultrasound": ("us_abdomen", "us_kidneys", "us_veins", "us_arteries", "us_thyroid", "us_obstetric",
                       "us_heart"),
        "ct": ("ct_head", "ct_chest", "ct_angio_chest", "ct_abdomen", "ct_spine"),
        "mri": ("mr_head", "mr_spine", "mr_abdomen", "mr_knee"),
    },
}  # fmt: skip


def usual(kind: str) -> tuple[str, ...]:
    """Every code of a kind, in order."""
    return tuple(code for codes in USUAL[kind].values() for code in codes)


def refused_wish(wished: datetime | None, now: datetime) -> str | None:
    """Why nothing is asked for that moment: `past`, `wish_too_far` (thirty days); or None."""
    if wished is None:
        return None
    if wished < now - _CLOCKS:
        return "past"
    return "wish_too_far" if wished > now + _FAR else None


def due(kind: str, urgent: bool, wished: datetime | None, now: datetime) -> datetime:
    """When it should be done: an urgent one within the hour, else at the date wished, else as that kind is."""
    if urgent:
        return now + _URGENT
    return max(wished, now) if wished else now + _SOON[kind]


def state(steps: Iterable[str]) -> str:
    """asked, done, reported or cancelled: the furthest of its steps."""
    known = set(steps)
    return next((one for one in ("cancelled", "reported", "done") if one in known), "asked")


def kept_together(codes: Sequence[str], kind: str) -> str:
    """Codes as they are stored: each once, in the list's order."""
    chosen = set(codes)
    return " ".join(code for code in usual(kind) if code in chosen)
