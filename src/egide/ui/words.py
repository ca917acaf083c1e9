"""The French words for the codes that pages show: professions, grades, identity status, purposes, bases, categories.

Wording follows the glossary (équipe de soins, médecin responsable du séjour, clé, constantes).
"""

from egide.ui.text import _, _lazy

PROFESSIONS = {
    "physician": _lazy("médecin"),
    "midwife": _lazy("sage-femme"),
    "intern": _lazy("interne"),
    "nurse": _lazy("infirmier(ère)"),
    "care_assistant": _lazy("aide-soignant(e)"),
    "physiotherapist": _lazy("masseur-kinésithérapeute"),
    "psychologist": _lazy("psychologue"),
    "dietician": _lazy("diététicien(ne)"),
    "social_worker": _lazy("assistant(e) de service social"),
    "medical_secretary": _lazy("secrétaire médical(e)"),
    "student": _lazy("étudiant(e)"),
    "admission_clerk": _lazy("agent des admissions"),
    "switchboard": _lazy("standard"),
    "pharmacist": _lazy("pharmacien(ne)"),
    "laboratory": _lazy("laboratoire"),
    "imaging": _lazy("imagerie"),
    "dim": _lazy("DIM"),
    "billing": _lazy("facturation"),
    "porter": _lazy("brancardier(ère)"),
    "dpo": _lazy("délégué(e) à la protection des données"),
    "rssi": _lazy("responsable de la sécurité (RSSI)"),
    "administrator": _lazy("administrateur(rice)"),
    "application": _lazy("application"),
}

GRADES = {
    "strong": _lazy("fort"),
    "fort": _lazy("fort"),
    "rescue": _lazy("secours"),
    "secours": _lazy("secours"),
    "demo": _lazy("démo"),
    "application": _lazy("application"),
}

IDENTITY_STATUS = {
    "provisoire": _lazy("provisoire"),
    "recuperee": _lazy("récupérée"),
    "validee": _lazy("validée"),
    "qualifiee": _lazy("qualifiée"),
}

PURPOSES = {
    "care": _lazy("soins"),
    "unit_list": _lazy("liste de l'unité"),
    "emergency": _lazy("accès d'urgence"),
    "admission": _lazy("admission"),
    "import": _lazy("reprise de données"),
    "demo": _lazy("démonstration"),
    "break_glass": _lazy("accès d'urgence"),
    "access_review": _lazy("contrôle des accès"),
}

BASES = {
    "stay": _lazy("séjour dans l'unité"),
    "appointment": _lazy("rendez-vous"),
    "team": _lazy("équipe de soins"),
    "attending": _lazy("médecin responsable du séjour"),
    "advice": _lazy("demande d'avis"),
    "worklist": _lazy("liste de travail"),
    "commission": _lazy("commission"),
    "break_glass": _lazy("accès d'urgence"),
    "application": _lazy("application du site"),
    "new": _lazy("création"),
}

CATEGORIES = {
    "identity": _lazy("identité"),
    "contact": _lazy("coordonnées"),
    "ins": _lazy("INS"),
    "stay": _lazy("séjour"),
    "coding": _lazy("codage"),
    "clinical": _lazy("données de soins"),
    "protected": _lazy("données restreintes"),
}

ALLERGY_SEVERITY = {
    "mild": _lazy("légère"),
    "moderate": _lazy("modérée"),
    "severe": _lazy("grave"),
}

# The sentence shown once after an act: the redirect carries the code (`?fait=…`), never words or traits.
DONE = {
    "constantes": _lazy("Constantes enregistrées."),
    "avis": _lazy("Avis demandé : le dossier est ouvert 72 heures à qui vous avez nommé."),
    "poste_quitte": _lazy("Poste quitté : ses patients ne vous sont plus ouverts."),
    "relu": _lazy("Relecture enregistrée."),
    "equipe": _lazy("Entré(e) dans l'équipe : le dossier lui est ouvert 30 jours."),
    "session": _lazy("Session fermée. Ses pages ouvertes se videront d'elles-mêmes."),
}

_TABLES = {
    "profession": PROFESSIONS,
    "grade": GRADES,
    "identity_status": IDENTITY_STATUS,
    "purpose": PURPOSES,
    "basis": BASES,
    "category": CATEGORIES,
    "severity": ALLERGY_SEVERITY,
    "done": DONE,
}


def word(code: str | None, table: str) -> str:
    """The French word for a code of a named table; an unknown code is shown as it is, never hidden."""
    if code is None:
        return ""
    return str(_TABLES[table].get(code, code))


def sex(code: str | None) -> str:
    """`F`, `M` or `I` in full, for screen readers and titles."""
    return {"F": _("féminin"), "M": _("masculin"), "I": _("indéterminé")}.get(code or "", "")
