"""Notes and targeted transmissions of the demo: two a person on average. Every sentence is invented."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from egide.rehearsal import staff
from egide.rehearsal.census import Stay, at
from egide.rehearsal.diary import Meeting
from egide.rehearsal.draw import Draw
from egide.rehearsal.people import Person

_EXAMINATIONS = (
    "Bon état général, auscultation libre, abdomen souple.", "Fatigué, conscient, hémodynamique stable.",
    "Douleur à la palpation, pas de défense.", "Auscultation : crépitants des bases. Pas d'œdème.",
    "Cicatrice propre, mollets souples, mobilité conservée.", "Apyrétique, examen sans particularité.",
)  # fmt: skip
_PLANS = (
    "Bilan biologique demain matin. Surveillance des constantes.", "Poursuite du traitement, réévaluation à 48 h.",
    "Sortie envisagée dans les jours qui viennent.", "Avis spécialisé demandé. Antalgiques si besoin.",
    "Kinésithérapie quotidienne.", "Contrôle en consultation dans trois semaines.",
)  # fmt: skip
_CONCLUSIONS = ("Évolution favorable.", "À surveiller.", "Pas d'argument pour une complication.", "Amélioration lente.")
_TARGETS = (
    ("Douleur", "EN à 5 au repos", "Paracétamol 1 g donné, réinstallation", "EN à 2 une heure après"),
    ("Mobilité", "Lever difficile, appréhension", "Premier lever à deux, déambulateur", "A marché dans la chambre"),
    ("Alimentation", "Repas à moitié pris", "Compléments proposés, préférences notées", "Collation prise à 16 h"),
    ("Risque de chute", "S'est levé seul cette nuit", "Barrières, sonnette à portée, éclairage", "Nuit calme"),
    ("Anxiété", "Inquiet de l'examen de demain", "Temps d'écoute, explications données", "Apaisé"),
    ("Plaie", "Pansement souillé", "Réfection selon protocole", "Berges propres, pas d'écoulement"),
    ("Sortie", "Retour à domicile souhaité", "Infirmière libérale prévenue", "Accord de la famille"),
)
_VISITS = ("Suivi habituel.", "Premier avis.", "Contrôle après traitement.", "Adressé par le médecin traitant.")


class Note(NamedTuple):
    """One signed note or transmission: its sections by slug (`record.rules.SECTIONS`)."""

    key: str
    kind: str
    template: str
    written_at: datetime
    author: UUID
    sections: dict[str, str]


def notes(
    seed: int,
    person: Person,
    stays: Sequence[Stay],
    labels: Mapping[str, str],
    meetings: Sequence[Meeting],
    today: date,
) -> tuple[Note, ...]:
    """What was written of one person. `labels`: her problems in words, by key (`main/0` brought her to stay 0)."""
    draw = Draw(seed, person.index, "notes")
    found: list[Note] = []
    for stay in stays:
        label = labels.get(f"main/{stay.rank}", "Surveillance")
        found += _present(draw, stay, label, today) if stay.discharged_at is None else _past(draw, stay, label)
    for meeting in meetings:
        if meeting.state == "kept" and draw.chance(0.18 if stays else 0.7):
            found.append(_visit(draw, meeting))
    return tuple(found)


def _past(draw: Draw, stay: Stay, label: str) -> list[Note]:
    found = []
    if draw.chance(0.7):
        found.append(_admission(draw, stay, label))
    if stay.discharged_at is not None and draw.chance(0.24):
        written = stay.discharged_at - timedelta(minutes=20 + draw.below(100))
        found.append(_medical(draw, stay, f"stay/{stay.rank}/leaving", max(written, stay.admitted_at), label))
    return found


def _present(draw: Draw, stay: Stay, label: str, today: date) -> list[Note]:
    """Somebody who lies there: an admission note, a note and a transmission on most of the last days."""
    found = [_admission(draw, stay, label)]
    for ago in range(6, 0, -1):
        day = today - timedelta(days=ago)
        if at(day, 8, 0) <= stay.admitted_at:
            continue
        if draw.chance(0.45):
            found.append(_medical(draw, stay, f"day/{ago}", at(day, 11, draw.below(60)), label))
        if draw.chance(0.6):
            target, data, actions, results = draw.pick(_TARGETS)
            nurse = draw.pick(staff.of_unit(stay.unit, "nurse"))
            sections = {"target": target, "data": data, "actions": actions, "results": results}
            written = at(day, 14, draw.below(60))
            found.append(Note(f"target/{ago}", "transmission", "transmission", written, nurse.id, sections))
    return found


def _admission(draw: Draw, stay: Stay, label: str) -> Note:
    written = stay.admitted_at + timedelta(minutes=40 + draw.below(100))
    return _medical(draw, stay, f"stay/{stay.rank}/arrival", written, label)


def _medical(draw: Draw, stay: Stay, key: str, written: datetime, label: str) -> Note:
    author = draw.pick(staff.of_unit(stay.unit, "physician")).id
    sections = {
        "motive": label,
        "history": "",
        "examination": draw.pick(_EXAMINATIONS),
        "conclusion": draw.pick(_CONCLUSIONS),
        "plan": draw.pick(_PLANS),
    }
    return Note(key, "note", "medical", written, author, sections)


def _visit(draw: Draw, meeting: Meeting) -> Note:
    sections = {
        "motive": meeting.reason,
        "history": draw.pick(_VISITS),
        "examination": draw.pick(_EXAMINATIONS),
        "conclusion": draw.pick(_CONCLUSIONS),
        "plan": "",
    }
    written = meeting.starts_at + timedelta(minutes=meeting.minutes - 2)
    return Note(f"visit/{meeting.rank}", "note", "medical", written, meeting.professional, sections)
