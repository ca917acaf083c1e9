"""The account of an import: every resource read is stored, kept aside, already there, left (why) or broken (where)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from egide.interop.fhir.limits import MAX_NAMED

UNREADABLE = "(illisible)"

KEPT: dict[str, str] = {
    "type": "type sans place dans le dossier",
    "code": "code hors des mesures reprises",
    "no_value": "sans valeur numérique",
    "unit": "unité inconnue ou impossible à convertir",
    "range": "valeur hors du possible",
    "comparator": "valeur bornée (« < » ou « > ») et non mesurée",
    "no_date": "sans date",
    "no_code": "sans code ni libellé",
    "status": "annulé, prévu, provisoire ou saisi par erreur",
    "refuted": "réfuté ou saisi par erreur",
    "ended": "allergie terminée",
    "no_known": "énoncé négatif (« pas d'allergie connue »)",
    "part_of": "passage à l'intérieur d'un séjour repris",
    "several_open": "séjour en cours, alors qu'un plus récent l'est aussi",
    "same_problem": "problème déjà repris pour ce patient",
    "restricted": "donnée restreinte (meta.security), gardée protégée",
    "repeated": "autre version d'une ressource déjà lue",
    "not_a_patient": "sujet qui n'est pas un patient",
    "no_patient": "ressource partagée, sans patient",
    "patient_absent": "patient absent de ces fichiers",
    "no_birth": "patient sans date de naissance ni aucun fait daté",
    "parts": "gardée entière, en plus de ce qui est repris",
}
"""Why a resource that reads well is kept aside: code → words of the report."""

LEFT: dict[str, str] = {
    "repeated": "la même ressource, déjà lue dans ces fichiers",
    "empty": "entrée de bundle sans ressource",
    "patient_broken": "patient dont une ligne est défectueuse : rien de lui n'a changé",
    "in_future": "patient daté du futur (relancer avec --shift-dates)",
    "unit_full": "patient dont le séjour dure, et l'unité est pleine : choisir une autre unité",
    "base": "refusé par la base",
}
"""Why a resource is left where it was, neither stored nor kept: code → words of the report."""

LEFT_OUT: dict[str, str] = {
    **{reason: KEPT[reason] for reason in ("code", "no_value", "unit", "range", "comparator")},
    "attachment": "pièce jointe d'un document, après la première",
    "identifier": "identifiant qui n'est pas un numéro de dossier (sécurité sociale, passeport, INS…)",
}
"""Parts of resources that are taken otherwise; the whole resource is then kept aside too."""

BROKEN: dict[str, str] = {
    "not_json": "ce n'est pas du JSON",
    "not_utf8": "ce n'est pas de l'UTF-8",
    "too_long": "ligne de plus de 16 Mio",
    "too_deep": "JSON imbriqué trop profondément",
    "no_type": "sans resourceType",
    "no_id": "sans id",
    "no_subject": "sans patient",
    "shape": "valeur d'un autre genre que celui de la norme",
    "text": "texte trop long ou avec des caractères interdits",
    "date": "date impossible",
    "number": "nombre impossible",
    "period": "fin avant le début",
    "two_patients": "deux patients différents sous le même id",
}
"""Why a line is broken: code → words of the report; the words never repeat the line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a resource stands: index of the file, line (from 1), entry of the bundle (from 1) or 0."""

    file: int
    line: int
    entry: int = 0


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken line: place, type of the resource, code of BROKEN, name of the field (ours, never the file's)."""

    place: Place
    type: str
    reason: str
    field: str = ""


@dataclass(slots=True)
class Tally:
    """Counts per type of resource. `balanced()` says whether the sums agree."""

    read: Counter[str] = field(default_factory=Counter)
    stored: Counter[str] = field(default_factory=Counter)
    already: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    """Parts of resources that were taken otherwise (a component, an identifier), by reason."""
    whole: int = 0
    """Resources kept whole beside what was taken of them."""
    named: list[Broken] = field(default_factory=list)

    def leave(self, kind: str, reason: str, count: int = 1) -> None:
        """Count resources of a type as left, for a reason of LEFT."""
        self.left[kind, reason] += count

    def leave_refs(self, refs: Iterable[str], reason: str) -> None:
        """Count resources named `Type/id` (or by their type) as left."""
        for ref in refs:
            self.leave(ref.partition("/")[0], reason)

    def breaks(self, broken: Broken) -> None:
        """Count a broken line; the first thousand are named."""
        self.broken[broken.type] += 1
        if len(self.named) < MAX_NAMED:
            self.named.append(broken)

    def types(self) -> list[str]:
        """Types in the order of the report: those that are taken first, then by name."""
        first = (
            "Patient", "Encounter", "Condition", "AllergyIntolerance", "Observation", "MedicationRequest",
            "MedicationStatement", "MedicationAdministration", "Immunization", "Procedure", "DocumentReference",
        )  # fmt: skip
        others = sorted({*self.read, *self.broken} - set(first))
        return [kind for kind in first if kind in self.read] + others

    def kept_of(self, kind: str) -> int:
        """How many resources of a type were kept aside, for whatever reason."""
        return sum(count for (name, _), count in self.kept.items() if name == kind)

    def left_of(self, kind: str) -> int:
        """How many resources of a type were left, for whatever reason."""
        return sum(count for (name, _), count in self.left.items() if name == kind)

    def balanced(self) -> bool:
        """Whether read = stored + kept aside + already there + left + broken for every type."""
        return all(
            self.read[kind]
            == self.stored[kind] + self.kept_of(kind) + self.already[kind] + self.left_of(kind) + self.broken[kind]
            for kind in self.types()
        )

    def as_json(self, names: list[str]) -> dict[str, Any]:
        """The account as plain JSON; `names` are the files by index."""
        return {
            "types": {
                kind: {
                    "read": self.read[kind],
                    "stored": self.stored[kind],
                    "already": self.already[kind],
                    "kept": {why: n for (name, why), n in sorted(self.kept.items()) if name == kind and n},
                    "left": {why: n for (name, why), n in sorted(self.left.items()) if name == kind and n},
                    "broken": self.broken[kind],
                }
                for kind in self.types()
            },
            "whole": self.whole,
            "left_out": {reason: count for reason, count in sorted(self.left_out.items()) if count},
            "broken": [
                {
                    "file": names[item.place.file],
                    "line": item.place.line,
                    "entry": item.place.entry or None,
                    "type": item.type,
                    "reason": item.reason,
                    "field": item.field or None,
                }
                for item in self.named
            ],
            "balanced": self.balanced(),
        }

    def add(self, other: "Tally") -> None:
        """Add the counts of another account, and the lines it names."""
        for name in ("read", "stored", "already", "broken", "kept", "left", "left_out"):
            getattr(self, name).update(getattr(other, name))
        self.named += other.named[: MAX_NAMED - len(self.named)]

    def pack(self) -> list[Any]:
        """As plain lists, for the pipe out of the confined process (which stores nothing)."""
        return [
            dict(self.read),
            dict(self.broken),
            [[kind, reason, count] for (kind, reason), count in self.left.items()],
            dict(self.left_out),
            [[b.place.file, b.place.line, b.place.entry, b.type, b.reason, b.field] for b in self.named],
        ]

    @classmethod
    def unpack(cls, raw: Any) -> "Tally":
        """The tally that `pack` sent; raises ValueError or TypeError on anything else."""
        read, broken, left, left_out, named = raw
        tally = cls(_counts(read), Counter(), Counter(), _counts(broken))
        for kind, reason, count in left:
            if reason not in LEFT:
                raise ValueError("reason")
            tally.left[_name(kind), reason] += int(count)
        tally.left_out = Counter({reason: count for reason, count in _counts(left_out).items() if count})
        if not tally.left_out.keys() <= LEFT_OUT.keys():
            raise ValueError("reason")
        for file, line, entry, kind, reason, where in named[:MAX_NAMED]:
            if reason not in BROKEN:
                raise ValueError("reason")
            tally.named.append(Broken(Place(int(file), int(line), int(entry)), _name(kind), reason, _name(where)))
        return tally


def _name(raw: Any) -> str:
    if not isinstance(raw, str) or len(raw) > 80 or not all(c.isalnum() or c in "()._[]" for c in raw):
        raise ValueError("name")
    return raw


def _counts(raw: Any) -> Counter[str]:
    if not isinstance(raw, dict):
        raise TypeError("counts")
    return Counter({_name(key): int(value) for key, value in raw.items()})
