"""How measured values are said and marked; pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Protocol, TypeVar

from egide.kernel.codes import BY_CODE, BY_SLUG, INTAKE, OUTPUT


class _HasLabel(Protocol):
    @property
    def label(self) -> str: ...


_Named = TypeVar("_Named", bound=_HasLabel)
_Marks = tuple[Decimal | None, Decimal | None]
# Marks at rest, shown as "above" or "below", never as a diagnosis: the adult's after NEWS2 (RCP 2017).
_MARKS: dict[str, _Marks] = {
    "systolic": (Decimal(90), Decimal(180)),
    "pulse": (Decimal(50), Decimal(110)),
    "temperature": (Decimal("35.5"), Decimal("38.5")),
    "spo2": (Decimal(92), None),
    "respiratory_rate": (Decimal(10), Decimal(24)),
    "pain": (None, Decimal(5)),
    "glasgow": (Decimal(15), None),
    "glucose": (Decimal("0.7"), Decimal("2.5")),
    "ketones": (None, Decimal("0.6")),
    "news2": (None, Decimal(4)),
    "braden": (Decimal(17), None),
}


def _pair(low: int, high: int) -> _Marks:
    return Decimal(low), Decimal(high)


# Children, from an age in months: pulse, breathing, systolic pressure; rounded from the ranges taught for emergencies
# (APLS), to be settled by the paediatricians of the house.
_CHILDREN: list[tuple[int, dict[str, _Marks]]] = [
    (start, {"pulse": _pair(*pulse), "respiratory_rate": _pair(*breaths), "systolic": _pair(*pressure)})
    for start, pulse, breaths, pressure in (
        (0, (100, 180), (25, 60), (60, 100)),
        (12, (90, 160), (20, 40), (70, 110)),
        (36, (75, 140), (18, 32), (75, 115)),
        (84, (60, 125), (14, 28), (80, 125)),
        (156, (55, 115), (12, 24), (90, 150)),
    )
] + [(216, {})]


def months(birth: date | None, on: date) -> int | None:
    """Whole months of age, None without a birth date."""
    return None if birth is None else (on.year - birth.year) * 12 + on.month - birth.month - (on.day < birth.day)


def marks(slug: str, age: int | None) -> _Marks:
    """Below and above which a value is marked, at an age in months; the adult's when it is not known."""
    return _at(age).get(slug, (None, None))


@cache
def _at(age: int | None) -> dict[str, _Marks]:
    """All marks of one age: a chart asks for a hundred, all of its own patient's."""
    own = next((found for start, found in reversed(_CHILDREN) if age is not None and age >= start), {})
    return _MARKS | own


_SYSTOLIC, _DIASTOLIC = BY_SLUG["systolic"].loinc, BY_SLUG["diastolic"].loinc
_SHORT = {"temperature": "T", "respiratory_rate": "FR", "pain": "Douleur"}
# Everything but the pressures, with its place in the order it is said.
_SINGLE = {
    code: (place, sign, _SHORT.get(sign.slug, sign.label))
    for place, (code, sign) in enumerate(BY_CODE.items())
    if code not in (_SYSTOLIC, _DIASTOLIC)
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value as a page shows it; `alert` is "high", "low" or empty; `at`: when it was taken, where that is told."""

    label: str
    text: str
    unit: str
    alert: str
    at: datetime | None = None


def shown(
    values: dict[str, Decimal], taken: dict[str, datetime] | None = None, age: int | None = None
) -> list[Value]:  # fmt: skip
    """Values by code, as said on the ward: both pressures together ("142/81"), decimal comma, unit always.

    `age`, in months, chooses the marks; the adult's without it.
    """
    times = taken or {}
    result = []
    if _SYSTOLIC in values or _DIASTOLIC in values:
        text = "/".join(_text(code, values[code]) if code in values else "–" for code in (_SYSTOLIC, _DIASTOLIC))
        result.append(Value("TA", text, "mmHg", _alert("systolic", values.get(_SYSTOLIC), age), times.get(_SYSTOLIC)))
    single = sorted((code for code in values if code in _SINGLE), key=lambda code: _SINGLE[code][0])
    for code in single:
        (_place, sign, label), value = _SINGLE[code], values[code]
        result.append(Value(label, _text(code, value), sign.unit_label, _alert(sign.slug, value, age), times.get(code)))
    return result


def balance(taken: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """What went in, what went out, and the difference, in mL, of values by code."""
    incoming, outgoing = {sign.loinc for sign in INTAKE}, {sign.loinc for sign in OUTPUT}
    total = {"intake": Decimal(0), "output": Decimal(0)}
    for code, value in taken:
        if code in incoming:
            total["intake"] += value
        elif code in outgoing:
            total["output"] += value
    return total | {"balance": total["intake"] - total["output"]}


def pair_problem(systolic: int, diastolic: int) -> str | None:
    """Why a typed pressure cannot be: `bounds` (one of the two is beyond its own), `order` (the first is not above the
    second), or None."""
    high, low = BY_SLUG["systolic"], BY_SLUG["diastolic"]
    if not high.low <= systolic <= high.high or not low.low <= diastolic <= low.high:
        return "bounds"
    return "order" if systolic <= diastolic else None


def _text(code: str, value: Decimal) -> str:
    return f"{value:.{BY_CODE[code].decimals}f}".replace(".", ",")


def _alert(slug: str, value: Decimal | None, age: int | None) -> str:
    low, high = marks(slug, age)
    if value is None:
        return ""
    if high is not None and value > high:
        return "high"
    return "low" if low is not None and value < low else ""


# What a note is made of, by template: slugs of sections, said on screen by `ui.words`.
SECTIONS: dict[str, tuple[str, ...]] = {
    "medical": ("motive", "history", "examination", "conclusion", "plan"),
    "nursing": ("observation", "care", "plan"),
    "allied": ("assessment", "session", "plan"),
    "transmission": ("target", "data", "actions", "results"),
}
_TEMPLATES = {"physician": "medical", "midwife": "medical", "intern": "medical", "nurse": "nursing"} | {
    "care_assistant": "nursing"
}
# Targeted transmissions are the nursing team's (soignants, CSP R4311-2 and R4311-4).
_TRANSMIT = frozenset({"nurse", "care_assistant", "midwife"})
FACTS = ("note", "measurement", "problem", "allergy")


def template_of(kind: str, profession: str) -> str:
    """The template that a profession writes in: "note" by profession, "transmission" the same for all."""
    return "transmission" if kind == "transmission" else _TEMPLATES.get(profession, "allied")


def may_transmit(profession: str) -> bool:
    """Whether this profession writes targeted transmissions; all clinical writers read them and write notes."""
    return profession in _TRANSMIT


def may_amend(fact: str, mine: bool) -> bool:
    """What was signed is its author's to correct; what the ward shares, anybody's who writes clinical facts."""
    return fact in FACTS and (fact != "note" or mine)


RESTRICTABLE = ("note", "problem")
_RESTRICT = frozenset({"physician", "midwife", "intern", "psychologist"})


def may_restrict(profession: str, mine: bool) -> bool:
    """Who hears a patient's opposition and answers for it: those who diagnose, and whoever wrote it. The grid then
    decides: only who writes the category protected does."""
    return mine or profession in _RESTRICT


def fitted(sections: dict[str, str], template: str) -> dict[str, str]:
    """A draft in another template (the same account in another profession): what has no place ends the last section."""
    slugs = SECTIONS[template]
    found = {slug: sections.get(slug, "") for slug in slugs}
    beside = [text for slug, text in sections.items() if text and slug not in slugs]
    if beside:
        found[slugs[-1]] = "\n".join([*filter(None, [found[slugs[-1]]]), *beside])
    return found


def note_problem(kind: str, sections: dict[str, str]) -> str | None:
    """Why a note cannot be signed as it stands: the code of the sentence, or None."""
    if not any(sections.values()):
        return "empty"
    if kind == "transmission" and not sections["target"]:
        return "no_target"
    if kind == "transmission" and not any(sections[one] for one in ("data", "actions", "results")):
        return "target_only"
    return None


# Antecedents are kinds of problems: what was, what runs in the family, how one lives.
ANTECEDENTS = ("medical", "surgical", "obstetric", "family", "habit")
PROBLEM_KINDS = ("problem", *ANTECEDENTS)
_DIAGNOSE = frozenset({"physician", "midwife", "intern"})


def problem_kinds(profession: str) -> tuple[str, ...]:
    """What a profession inscribes: a diagnosis is a physician's or a midwife's; antecedents are anybody's who cares."""
    return PROBLEM_KINDS if profession in _DIAGNOSE else ANTECEDENTS


# ── what another system tells: plain values; `ref` (`Type/id` there) is what a row's id is drawn from ─────────────────


@dataclass(frozen=True, slots=True)
class BroughtProblem:
    """A condition; `ended` is None while it is active; `recorded_at` is None when its source gives no date at all."""

    ref: str
    system: str
    code: str
    label: str
    onset: date | None
    ended: date | None
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class BroughtAllergy:
    """An allergy or intolerance that holds; severity is mild, moderate, severe or empty (unknown)."""

    ref: str
    system: str
    code: str
    substance: str
    reaction: str | None
    severity: str
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class BroughtMeasure:
    """One number: LOINC code and UCUM unit of `kernel.codes`; `grouped` when its panel holds several."""

    ref: str
    grouped: bool
    code: str
    value: Decimal
    unit: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class BroughtFact:
    """A treatment, vaccination, act or document, dated, shown and never changed here.

    `kind` is one of IMPORTED_KINDS, `state` the source's own status code; `details` are pairs (slug, words). Of a
    document: its media type, and its text, or its bytes where it is no plain text.
    """

    ref: str
    kind: str
    system: str
    code: str
    label: str
    state: str
    at: datetime
    until: datetime | None
    details: tuple[tuple[str, str], ...] = ()
    media: str = ""
    text: str | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """A resource that has no place in the record, whole: `packed` is zlib over the bytes as they came.

    `category` is clinical, protected (marked so by its source) or ins (a Patient's other numbers).
    """

    type: str
    reason: str
    category: str
    at: datetime | None
    digest: str
    packed: bytes


IMPORTED_KINDS = ("prescription", "statement", "administration", "vaccination", "act", "document")


GENRES: dict[str, tuple[str, ...]] = {
    "traitements": ("prescription", "statement"),
    "administrations": ("administration",),
    "vaccinations": ("vaccination",),
    "actes": ("act",),
    "documents": ("document",),
}
"""Kinds of imported facts as the pages group them (`?genre=`)."""
IN_TIMELINE = tuple(kind for kind in IMPORTED_KINDS if kind != "administration")
"""What the whole timeline shows of them: each dose given would hide the rest."""


# FHIR R4 medicationrequest-status and medication-statement-status: not taken any more, or never was.
_OVER = frozenset(
    {"completed", "stopped", "ended", "superseded", "cancelled", "entered-in-error", "not-taken", "draft"}
)


def runs(state: str, until: datetime | None, now: datetime) -> bool:
    """Whether a treatment that another system told may still be taken at `now`: nothing says it is over."""
    return state not in _OVER and (until is None or until > now)


def instant(typed: str) -> datetime | None:
    """The instant of `?avant=`; None for what is not one: the newest page is shown then."""
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def by_name(found: Iterable[_Named]) -> list[tuple[_Named, int]]:
    """Facts of one name together: the first met (the newest) and how many there are, in the order met."""
    first: dict[str, _Named] = {}
    counts: Counter[str] = Counter()
    for one in found:
        name = one.label.casefold()
        first.setdefault(name, one)
        counts[name] += 1
    return [(one, counts[name]) for name, one in first.items()]
