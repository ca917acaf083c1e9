"""The thirty attacks Égide is measured by: targets and controls, and what a drill found of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """`absent`: the attacked thing does not exist yet, or no script plays the attack: neither pass nor miss."""

    PASS = "pass"  # noqa: S105 — a verdict
    MISS = "miss"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Attack:
    """One line of the table. `missing` says what is not there yet; None for an attack that a script plays."""

    number: int
    title: str
    control: str
    target_r: str
    target_t: str
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that had to hold."""

    name: str
    held: bool
    detail: str = ""


@dataclass
class Outcome:
    """What one attack brought: R (persons), T (seconds, None: not measured), and every check.

    `allowed`: persons that the target admits. `recorded` is None where no record can exist (a stolen disk is read
    elsewhere).
    """

    number: int
    r: int = 0
    allowed: int = 0
    t: float | None = None
    t_waits: str = ""
    no_wall: str = ""
    recorded: bool | None = None
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def check(self, name: str, held: bool, detail: str = "") -> bool:
        """Write one check down; returns whether it held."""
        self.checks.append(Check(name, held, detail))
        return held

    def note(self, text: str) -> None:
        """Something to say openly that is no miss."""
        self.notes.append(text)

    @property
    def failed(self) -> list[Check]:
        """The checks that did not hold."""
        return [check for check in self.checks if not check.held]

    @property
    def verdict(self) -> Verdict:
        """Survived only when no more was taken than the target admits, every check held and the trail has it."""
        if self.no_wall:
            return Verdict.ABSENT
        lost = self.r > self.allowed or bool(self.failed) or self.recorded is False or not self.checks
        return Verdict.MISS if lost else Verdict.PASS


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def read(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._began


ATTACKS: Final = (
    Attack(1, "Mot de passe seul", "clé d'accès pour tous, aucun mot de passe", "0", "—"),
    Attack(2, "Cookie de session rejoué d'un autre poste", "session liée à une clé du poste", "0", "1 s"),
    Attack(
        3, "Second facteur relayé", "clé liée à l'adresse ; secours fermé, ouvert à deux, compté",
        "0 par clé, ≤ 10 par quart d'heure en secours", "15 min",
    ),
    Attack(4, "Secret d'application volé", "private_key_jwt + DPoP", "0", "1 s", "aucune application du réseau"),
    Attack(5, "Aspiration par la recherche", "confirmer, ne pas révéler", "≤ 50", "10 s"),
    Attack(6, "Parcours d'identifiants sur chaque route", "identifiants opaques, porte, cloison", "0", "1 s"),
    Attack(7, "Lent et discret, 30 jours", "dette dès la lecture", "≤ 20", "calcul", "la dette n'existe pas encore"),
    Attack(8, "Le même sur 20 comptes", "plafonds de somme, leurres", "≤ 400", "30 j", "les plafonds n'existent pas"),
    Attack(9, "Export FHIR en masse", "deux personnes, fichier scellé", "0", "—", "aucun export n'existe"),
    Attack(10, "Impression et rapports en masse", "budget d'impression", "≤ 30", "60 s"),
    Attack(11, "Abus du bris de glace", "cinq par jour, puis un collègue", "≤ 5 seul", "15 min"),
    Attack(12, "Un administrateur se fait soignant", "octroi à deux, fonctions séparées", "0", "1 s"),
    Attack(
        13, "Le maître de la base retouche la trace", "arbre de Merkle signé", "0", "60 s",
        "joué par tests/attacks/test_trail_tampering.py ; le témoin n'existe pas",
    ),
    Attack(14, "Base volée : dump et dossier de données", "colonnes scellées, clés hors de la base", "0", "—"),
    Attack(
        15, "Sauvegarde volée ou ancienne restaurée", "age, clés hors ligne", "0", "—",
        "joué par cli/tests/test_backup*.py, sur un serveur à eux ; aucun script contre celui qui marche",
    ),
    Attack(16, "Journaux, caches, pages d'erreur", "rien de saisi dans un journal", "0", "CI"),
    Attack(17, "SSRF et fichier malveillant", "analyse sans base ni réseau", "0", "1 s", "aucun dépôt de fichier"),
    Attack(18, "Flux HL7 forgé", "mTLS par flux", "0", "60 s", "aucun flux HL7"),
    Attack(19, "Curiosité pour une personne connue", "marque sensible", "0", "15 min", "la marque n'existe pas"),
    Attack(20, "Récupération de compte", "en personne, à deux, code en deux moitiés", "0", "1 s"),
    Attack(21, "Code exécuté dans le serveur web", "clés chez le gardien", "sessions vives", "60 s"),
    Attack(22, "Injection SQL sous le rôle web", "aucun droit d'écrire un droit, cloison", "0", "—"),
    Attack(23, "Approbation forgée", "assertion sur l'empreinte de l'acte", "0", "1 s"),
    Attack(24, "Courses : 50 ouvertures à la fois", "un verrou par bourse", "0 de trop", "—"),
    Attack(25, "Un collègue gelé exprès", "seules les preuves valides comptent", "0 soignant", "—"),
    Attack(26, "Poste laissé ouvert", "rien ne reste dans le navigateur", "0", "—"),
    Attack(27, "Routes sans maître", "liste exacte des routes et des champs", "0", "—"),
    Attack(28, "Oracles d'existence", "même réponse, même temps", "≤ 1 %", "—"),
    Attack(29, "File de travaux empoisonnée", "la file porte un manifeste", "0", "60 s", "aucune file de travaux"),
    Attack(
        30, "Contournement honnête", "la voie légitime n'est pas plus longue", "—", "—",
        "gestes des voies légitimes comptés par tests/journeys ; aucun script ne les compare aux détours",
    ),
)  # fmt: skip
