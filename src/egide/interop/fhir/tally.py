"""The account of an import: every resource read is stored, already there, not taken (why) or broken (where, why)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from egide.interop.fhir.limits import MAX_NAMED

UNREADABLE = "(illisible)"

NOT_TAKEN: dict[str, str] = {
    "type": "type non repris",
    "code": "code hors des constantes reprises",
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
    "restricted": "donnée restreinte (meta.security)",
    "repeated": "ressource déjà lue dans ces fichiers",
    "not_a_patient": "sujet qui n'est pas un patient",
    "empty": "entrée de bundle sans ressource",
    "patient_absent": "patient absent de ces fichiers",
    "patient_broken": "patient dont une ligne est défectueuse",
    "in_future": "patient daté du futur (relancer avec --shift-dates)",
    "no_birth": "patient sans date de naissance ni aucun fait daté",
    "base": "refusé par la base",
}
"""Why a resource that reads well is not taken: code → words of the report."""

LEFT_OUT: dict[str, str] = {
    **{reason: NOT_TAKEN[reason] for reason in ("code", "no_value", "unit", "range", "comparator")},
    "identifier": "identifiant qui n'est pas un numéro de dossier (sécurité sociale, passeport, INS…)",
}
"""Parts of resources that are taken otherwise."""

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
    not_taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    """Parts of resources that were taken otherwise (a component, an identifier), by reason."""
    named: list[Broken] = field(default_factory=list)

    def leave(self, kind: str, reason: str, count: int = 1) -> None:
        """Count resources of a type as not taken for a reason of NOT_TAKEN."""
        self.not_taken[kind, reason] += count

    def leave_refs(self, refs: Iterable[str], reason: str) -> None:
        """Count resources named `Type/id` as not taken."""
        for ref in refs:
            self.leave(ref.partition("/")[0], reason)

    def breaks(self, broken: Broken) -> None:
        """Count a broken line; the first thousand are named."""
        self.broken[broken.type] += 1
        if len(self.named) < MAX_NAMED:
            self.named.append(broken)

    def types(self) -> list[str]:
        """Types in the order of the report: the five that are taken first, then by name."""
        first = ("Patient", "Encounter", "Condition", "AllergyIntolerance", "Observation")
        others = sorted({*self.read, *self.broken} - set(first))
        return [kind for kind in first if kind in self.read] + others

    def left(self, kind: str) -> int:
        """How many resources of a type were not taken, for whatever reason."""
        return sum(count for (name, _), count in self.not_taken.items() if name == kind)

    def balanced(self) -> bool:
        """Whether read = stored + already there + not taken + broken for every type."""
        return all(
            self.read[kind] == self.stored[kind] + self.already[kind] + self.left(kind) + self.broken[kind]
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
                    "not_taken": {why: n for (name, why), n in sorted(self.not_taken.items()) if name == kind and n},
                    "broken": self.broken[kind],
                }
                for kind in self.types()
            },
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
        for name in ("read", "stored", "already", "broken", "not_taken", "left_out"):
            getattr(self, name).update(getattr(other, name))
        self.named += other.named[: MAX_NAMED - len(self.named)]

    def pack(self) -> list[Any]:
        """As plain lists, for the pipe out of the confined process (which stores nothing)."""
        return [
            dict(self.read),
            dict(self.broken),
            [[kind, reason, count] for (kind, reason), count in self.not_taken.items()],
            dict(self.left_out),
            [[b.place.file, b.place.line, b.place.entry, b.type, b.reason, b.field] for b in self.named],
        ]

    @classmethod
    def unpack(cls, raw: Any) -> "Tally":
        """The tally that `pack` sent; raises ValueError or TypeError on anything else."""
        read, broken, not_taken, left_out, named = raw
        tally = cls(_counts(read), Counter(), Counter(), _counts(broken))
        for kind, reason, count in not_taken:
            if reason not in NOT_TAKEN:
                raise ValueError("reason")
            tally.not_taken[_name(kind), reason] += int(count)
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
