"""Invented contexts for every template: what the preview shows and what the template tests render."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms

from egide.gate.contacts import Masked
from egide.gate.searching import Found, FoundRow, Present, PresentRow
from egide.identity.forms import NewIdentity, PresentName, Search
from egide.record.forms import (
    AllergyForm,
    Amend,
    ContactPersonForm,
    CorrectedText,
    CorrectedValues,
    DirectiveForm,
    EndForm,
    Measures,
    ProblemForm,
    RoundLine,
    Writing,
)
from egide.stays import forms as stay_forms
from egide.ui import Frame, Place
from egide.ui.answers import Locked
from egide.ui.fields import CommaDecimalField, PairField
from egide.ui.tests import (
    samples_agenda,
    samples_links,
    samples_orders,
    samples_oversight,
    samples_people,
    samples_rescue,
)
from egide.ui.tests.samples_imported import imported, restricting

NAMES = (
    "connexion", "connexion-seule", "unite", "unite-vide", "dossier", "dossier-vide", "dossier-long", "constantes",
    "constantes-faites", "note", "transmission", "brouillon", "corriger", "corriger-note", "probleme",
    "codes", "allergie", "terminer", "proches",
    "mesures", "bilan", "releve", "feuille",
    "importes", "importes-vide", "importes-genre", "importes-aucun", "importe", "importe-scelle",
    "restreindre", "restriction",
    "courbe", "acces",
    "recherche", "coordonnees", "coordonnee", "presents", "presents-trop",
    "arrivees", "identite", "identite-proche", "sejour", "admission",
    "dossier-ferme", "dossier-ferme-identite", "preuve", "verrou", "poste", "notifications", "avis", "sessions", "aide",
    "surveillance", "surveillance-personne", "surveillance-activite", "surveillance-urgences", "surveillance-tirage",
    "postes", "postes-vide",
    "personnel", "personnel-vide", "personne-nouvelle", "personne", "personne-droits", "personne-acte", "approbations",
    "acte", "acte-a-deux", "acte-ferme", "cle",
    "surveillance-patient", "relectures", "jour", "jour-vide", "palette", "copie", "impression", "onglets",
    *samples_links.NAMES,
    *samples_agenda.NAMES,
    *samples_orders.NAMES,
    "secours-porte", "secours-porte-erreur", "secours", "secours-vide", "secours-lits", "secours-lits-vide", "psc-fait",
)  # fmt: skip
PARIS = ZoneInfo("Europe/Paris")
NOW = datetime.now(PARIS).replace(hour=8, minute=25, second=0, microsecond=0)
UNIT = UUID(int=0xA1)


def ident(number: int) -> UUID:
    return UUID(int=0xE61D_0000_0000_4000_8000_0000_0000_0000 + number)


class VitalsForm(forms.Form):
    bp = PairField(label="Tension", unit="mmHg")
    pulse = CommaDecimalField(label="Pouls", minimum=Decimal(10), maximum=Decimal(300), unit="/min")
    temperature = CommaDecimalField(label="Température", minimum=Decimal(25), maximum=Decimal(45), unit="°C")
    spo2 = CommaDecimalField(label="SpO₂", minimum=Decimal(30), maximum=Decimal(100), unit="%")
    pain = CommaDecimalField(label="Douleur", minimum=Decimal(0), maximum=Decimal(10), unit="/10")
    weight = CommaDecimalField(label="Poids", minimum=Decimal("0.2"), maximum=Decimal(400), unit="kg")


def value(label: str, text: str, unit: str, alert: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(label=label, text=text, unit=unit, alert=alert)


@dataclass
class Person:
    id: UUID
    bed: str | None
    birth_name: str
    first_name: str
    sex: str
    birth_date: date | str
    problems: list[str] = field(default_factory=list)
    last: list[SimpleNamespace] = field(default_factory=list)
    last_at: datetime | None = None
    used_name: str | None = None
    used_first_name: str | None = None
    ipp: str | None = "0048213"
    status: str = "qualifiee"
    deceased: date | None = None


_WARD: list[tuple[str, str, str, str, str, list[str], str | None]] = [
    (
        "201 F",
        "DURAND",
        "JEANNE",
        "F",
        "1952-03-12",
        ["Insuffisance cardiaque décompensée", "Diabète de type 2"],
        "MARTIN",
    ),
    ("201 P", "LE GOFF", "YANN", "M", "1947-08-30", ["Fibrillation auriculaire"], None),
    ("202 F", "OUALI", "SAMIRA", "F", "1988-01-05", ["Péricardite aiguë"], None),
    (
        "202 P",
        "DE LA FONTAINE-MARCHAND",
        "MARIE-ANTOINETTE",
        "F",
        "1931-12-31",
        ["Rétrécissement aortique"],
        "BEAUREGARD",
    ),
    ("203", "PAT-TROIS", "DOMINIQUE", "I", "1979-06-17", [], None),
    (
        "204 F",
        "NGUYEN",
        "THI LAN",
        "F",
        "1965-10-02",
        ["Hypertension artérielle résistante", "Insuffisance rénale"],
        None,
    ),
    ("204 P", "BERNARD", "PAUL", "M", "1958-02-21", ["Infarctus du myocarde, J3"], None),
    ("205 F", "KOWALSKI", "EWA", "F", "1971-09-09", ["Embolie pulmonaire"], "ROUSSEL"),
    ("205 P", "MOREAU", "LOUIS", "M", "2008-04-14", ["Syncope"], None),
    ("206", "TRAORE", "AMINATA", "F", "1994-07-25", ["Cardiomyopathie du péripartum"], None),
    ("207 F", "GARNIER", "HENRI", "M", "1939-11-11", ["Bloc auriculo-ventriculaire du 3e degré"], None),
    ("207 P", "LEFEBVRE", "CLAUDE", "M", "1961-05-19", ["Angor instable", "BPCO"], None),
    ("208", "SANSNOM", "SANSPRENOM", "M", "1970-12-31", [], None),
]


def ward() -> list[Person]:
    people = []
    for index, (bed, name, given, sex, born, problems, used) in enumerate(_WARD):
        one = Person(ident(index), bed, name, given, sex, born, problems, used_name=used)
        if index not in (4, 12):
            systolic, diastolic = 118 + index * 37 % 61, 64 + index * 13 % 31
            one.last = [
                value("TA", f"{systolic}/{diastolic}", "mmHg", "high" if systolic > 160 else None),
                value("Pouls", str(62 + index * 7 % 40), "/min"),
                value(
                    "T", f"{36 + index % 3},{index % 10}", "°C", "high" if index % 3 == 2 and index % 10 > 2 else None
                ),
                value("SpO₂", str(93 + index * 5 % 7), "%"),
                value("Douleur (EN)", "7", "/10", "high" if index == 6 else None),
            ]
            if index == 1:
                for other in one.last[1:]:
                    other.at = NOW - timedelta(hours=11)
            if index == 2:
                del one.last[1:3]
            one.last_at = NOW - timedelta(minutes=35 * index + 5)
        people.append(one)
    return people


def pressures() -> list[SimpleNamespace]:
    found = []
    for day in range(14):
        for hour, lift in ((7, 0), (14, 6), (21, -4)):
            systolic = 168 - day * 2 + lift + (day * 7 + hour) % 9
            diastolic = 96 - day + (day * 5 + hour) % 7
            at = (NOW - timedelta(days=13 - day)).replace(hour=hour, minute=10)
            if at <= NOW:
                found.append(SimpleNamespace(at=at, systolic=Decimal(systolic), diastolic=Decimal(diastolic)))
    return found


def days() -> list[SimpleNamespace]:
    out = []
    for back in range(4):
        at = NOW - timedelta(days=back)
        events = [
            SimpleNamespace(
                at=at.replace(hour=8, minute=10),
                kind="vitals",
                title="",
                values=[
                    value("TA", f"{142 + back * 6}/{81 + back * 2}", "mmHg", "high" if back == 3 else None),
                    value("Pouls", str(76 + back), "/min"),
                    value("T", "37,2", "°C"),
                    value("SpO₂", "96", "%"),
                ],
                detail=None,
                author="A. Perrin, infirmière",
            )
        ]
        if back == 0:
            events += written(at)
        if back == 1:
            events.append(
                SimpleNamespace(
                    at=at.replace(hour=7, minute=2),
                    kind="problem",
                    title="Problème inscrit",
                    values=[],
                    detail="Insuffisance cardiaque décompensée",
                    author="Dr C. Martin",
                )
            )
            events.append(
                SimpleNamespace(
                    at=at.replace(hour=6, minute=40),
                    kind="allergy",
                    title="Allergie inscrite",
                    values=[],
                    detail="Pénicilline, anaphylaxie",
                    author="Dr C. Martin",
                )
            )
        if back == 3:
            events.append(
                SimpleNamespace(
                    at=at.replace(hour=5, minute=55),
                    kind="stay",
                    title="Entrée",
                    values=[],
                    detail="Cardiologie B",
                    author=None,
                )
            )
        out.append(SimpleNamespace(day=at.date(), events=events))
    return out


def chart_context() -> dict[str, Any]:
    return {
        "patient": ward()[0],
        "stay": SimpleNamespace(unit="Cardiologie B", bed="201 F", since=NOW - timedelta(days=3), kept_secret=False),
        "directives": True,
        "allergies": [
            SimpleNamespace(id=ident(5), label="Pénicilline", reaction="anaphylaxie", severity="severe", critical=True),
            SimpleNamespace(id=ident(6), label="Latex", reaction="urticaire", severity="mild", critical=False),
        ],
        "emergency": False,
        "may_ask": True,
        "may_name": True,
        "may_admit": True,
        "may_see_contacts": True,
    }


NEW = {"birth_name": "DURAND", "first_name": "Jeanne", "birth_date": "12/03/1952", "birth_place": "44109 Nantes"}
HERE = (
    PresentRow("DURAND", "JEANNE", 74, UUID(int=1), "214"), PresentRow("DURANDEAU", "PAUL", 8, UUID(int=1), None),
)  # fmt: skip
LIKE = FoundRow(
    id=ident(9), linked=False, confirmed=False, birth_name="DURANT", first_name="JEANNE", used_name="MARTIN",
    used_first_name=None, former_name=None, first_names=None, sex="F", birth_date=date(1952, 3, 12),
    birth_place="NANTES", ipp="80048213", status="validee", deceased=None, phone="06 •• •• •• 42",
    ins="2••••••••••••87",
    agrees=frozenset(),
)  # fmt: skip


def stay_context() -> dict[str, Any]:
    return {
        "units": [SimpleNamespace(id=UNIT, name="Cardiologie B"), SimpleNamespace(id=ident(3), name="Chirurgie A")],
        "chosen": SimpleNamespace(id=UNIT, name="Cardiologie B"),
        "beds": [SimpleNamespace(id=ident(20 + n), name=f"{210 + n} F") for n in range(3)],
        "form": stay_forms.Place(),
        "leaving": stay_forms.Leaving(),
        "done": None,
    }


def contexts() -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of a preview → template and context."""
    chart = chart_context()
    full = {
        **chart,
        "problems": [
            SimpleNamespace(
                id=ident(1),
                category="protected",
                label="Insuffisance cardiaque décompensée",
                since=date(2026, 11, 21),
                ended=None,
            ),
            SimpleNamespace(
                id=ident(2), category="clinical", label="Diabète de type 2", since=date(2011, 5, 3), ended=None
            ),
            SimpleNamespace(id=ident(3), category="clinical", label="Hypertension artérielle", since=None, ended=None),
            SimpleNamespace(
                id=ident(4), category="clinical", label="Pneumopathie", since=date(2024, 1, 9), ended=date(2024, 2, 2)
            ),
        ],
        "antecedents": [SimpleNamespace(label="Appendicectomie (1968)", kind="surgical", since=None)],
        "days": days(),
        "before": None,
        "older": None,
        "pressures": pressures(),
        "form": VitalsForm(),
        "may_transmit": True,
        "drafts": {"note": 1, "transmission": 0},
        "filters": ["", "constantes", "notes", "transmissions", "problemes", "sejour", "moi"],
        "only": "",
        "restricted": True,
        "brought": True,
        "asked": [samples_orders.asked(1, NOW), samples_orders.asked(2, NOW, "done", "reported", kind="imaging")],
        "may_prescribe": True,
        "done": None,
    }
    long_name = "<b>MARTIN</b> " + "DE LA TRÈS-LONGUE-RUE " * 8 + "🫀"
    long_person = Person(
        ident(99),
        "214 F",
        long_name,
        "<script>alert(1)</script>",
        "F",
        "1952-03-12",
        used_name="O'NEILL; DROP TABLE --",
    )
    forty = [
        SimpleNamespace(id=ident(20 + n), label=f"Allergène {n}", reaction="urticaire", severity="mild", critical=False)
        for n in range(40)
    ]
    accounts = [
        ("c.martin", "Dr Camille Martin", "physician", "Cardiologie B"),
        ("a.perrin", "Alice Perrin", "nurse", "Cardiologie B"),
        ("k.diallo", "Kadiatou Diallo", "care_assistant", "Cardiologie B"),
        ("s.roux", "Sophie Roux", "medical_secretary", "Cardiologie B"),
        ("m.leroy", "Dr Malo Leroy", "intern", "Médecine interne"),
        ("n.fabre", "Nina Fabre", "nurse", "Médecine interne"),
        ("j.petit", "Jules Petit", "dpo", ""),
    ]
    openings = [
        SimpleNamespace(
            at=NOW - timedelta(minutes=12 * n),
            name=name,
            profession=profession,
            unit=unit or None,
            purpose="care",
            basis=None if refused else "stay",
            categories=[] if refused else ["identity", "stay", "clinical"],
            refused=refused,
            mine=n == 0,
        )
        for n, (name, profession, unit, refused) in enumerate(
            [
                ("Alice Perrin", "nurse", "Cardiologie B", False),
                ("Nina Fabre", "nurse", "Médecine interne", True),
                ("Dr Camille Martin", "physician", "Cardiologie B", False),
                ("Kadiatou Diallo", "care_assistant", "Cardiologie B", False),
            ]
        )
    ]
    sessions = [
        SimpleNamespace(
            id=ident(500 + n),
            device=device,
            since=NOW - timedelta(hours=2 + 20 * n),
            last_seen=NOW - timedelta(minutes=1 + 300 * n),
            until=NOW + timedelta(hours=6),
            grade="strong",
            current=n == 0,
        )
        for n, device in enumerate(["Poste de soins, Cardiologie B", "Chariot 2"])
    ]
    wrong = VitalsForm({"bp": "142", "pulse": "76", "temperature": "52,4"})
    fresh = {"patient": ward()[0], "form": VitalsForm()}
    unit = SimpleNamespace(id=UNIT, name="Cardiologie B", site="Hôpital Saint-Aubin")
    return {
        "connexion": (
            "accounts/sign_in.html",
            {
                "demo_keys_url": "http://localhost:8401",
                "demo": SimpleNamespace(
                    people=[SimpleNamespace(username=u, name=n, profession=p, unit=s) for u, n, p, s in accounts],
                    more=3,
                    sites=["Clinique Sainte-Aldegonde", "Centre de santé des Ormes"],
                    professions=["nurse", "physician"],
                    site="Clinique Sainte-Aldegonde",
                    profession="",
                    name="",
                ),
                "next_url": "/",
                "ended": False,
                "psc_url": None,
                "elsewhere": True,
                "changes": True,
                "locked": True,
                "now": 1795510800000,
            },
        ),
        "connexion-seule": (
            "accounts/sign_in.html",
            {
                "demo_keys_url": None,
                "demo": None,
                "next_url": "/",
                "ended": True,
                "elsewhere": False,
                "changes": False,
                "locked": False,
                "now": 1795510800000,
                "psc_url": "/connexion/psc/",
            },
        ),
        "verrou": (
            "ui/locked.html",
            {"who": Locked("Awa Diallo", "nurse", "awa.diallo", "http://localhost:8401")},
        ),
        "preuve": (
            "ui/prove.html",
            {
                "title": "Session d'un autre poste",
                "how": "",
                "now": "1795510800000",
                "sentence": "La preuve de ce poste n'est pas celle de cette session ; rien n'a été lu ni enregistré.",
                "next_step": "Reconnectez-vous avec votre clé.",
            },
        ),
        "unite": (
            "stays/unit.html",
            {
                "unit": unit,
                "patients": ward(),
                "truncated": False,
                "can_write": True,
                "can_transmit": True,
                "done": None,
            },
        ),
        "unite-vide": (
            "stays/unit.html",
            {"unit": unit, "patients": [], "truncated": False, "can_write": True, "can_transmit": True, "done": None},
        ),
        "dossier": ("record/chart.html", full),
        "dossier-vide": (
            "record/chart.html",
            {
                **full,
                "allergies": [],
                "problems": [],
                "days": [],
                "pressures": [],
                "stay": None,
                "brought": False,
                "asked": [],
                "restricted": False,
                "done": "constantes",
            },
        ),
        "dossier-long": (
            "record/chart.html",
            {**full, "patient": long_person, "allergies": forty, "older": "2026-11-20T08:10:00+00:00"},
        ),
        "constantes": ("record/vitals.html", {**chart, "form": wrong}),
        "constantes-faites": (
            "record/vitals_saved.html",
            {
                **fresh,
                "saved": [value("TA", "142/81", "mmHg")],
                "at": NOW,
                "last": [value("TA", "142/81", "mmHg")],
                "last_at": NOW,
            },
        ),
        **writings(chart),
        **imported(chart, NOW),
        **restricting(chart, NOW),
        "courbe": ("record/curve_page.html", {**chart, "pressures": pressures()}),
        "acces": ("gate/openings.html", {**chart, "openings": openings, "truncated": True}),
        "dossier-ferme": (
            "gate/closed_chart.html",
            {
                "patient_id": ident(1),
                "reasons": {"vital_emergency": "Urgence vitale", "other": "Autre : à préciser ci-dessous"},
                "may_break_glass": True,
                "username": "alice.perrin",
                "demo_keys_url": "http://localhost:8401",
                "colleagues": [{"username": "luc.arnaud", "name": "Luc Arnaud"}],
                "asked": False,
                "colleague": True,
                "naming": {},
                "commissions": {"infection": "Prévention du risque infectieux"},
            },
        ),
        "dossier-ferme-identite": (
            "gate/closed_chart.html",
            {
                "patient_id": ident(1),
                "reasons": {},
                "may_break_glass": False,
                "username": None,
                "demo_keys_url": None,
                "colleagues": [],
                "asked": False,
                "colleague": False,
                "naming": {"homonym": "Homonymes à distinguer", "duplicate": "Doublon supposé"},
                "commissions": {"identity": "Identitovigilance"},
            },
        ),
        "poste": (
            "gate/shift.html",
            {
                "site": "Hôpital Saint-Aubin",
                "mine": [
                    {"id": ident(1), "name": "Cardiologie B", "declared": False, "until": None},
                    {"id": ident(2), "name": "Médecine interne", "declared": True, "until": NOW + timedelta(hours=9)},
                ],
                "others": [{"id": ident(3), "name": "Chirurgie A"}],
                "here": [
                    SimpleNamespace(
                        name="Luc Arnaud", profession="nurse", unit="Cardiologie B", until=NOW + timedelta(hours=4)
                    )
                ],
                "done": "poste_quitte",
            },
        ),
        "notifications": (
            "gate/notices.html",
            {
                "notices": notices(),
                "accounts": samples_people.account_notices(NOW),
                "words": {7: "Appelé en salle 3."},
                "done": None,
            },
        ),
        "avis": (
            "gate/advice.html",
            {
                **chart,
                "colleagues": [SimpleNamespace(id=ident(5), name="Dr Luc Arnaud", profession="physician")],
                "units": [SimpleNamespace(id=ident(3), name="Chirurgie A")],
            },
        ),
        "recherche": (
            "identity/search.html",
            {
                "form": Search({"name": "Durand", "first_name": "", "birth_date": "12/03/1952"}),
                "may_receive": True,
                "rescue": False,
                "found": Found("ok", (LIKE,), full=1, near=2),
                "rows": [(LIKE, "/")],
            },
        ),
        "coordonnees": (
            "identity/contacts.html",
            {
                **chart,
                "contacts": [
                    Masked("phone", "06 •• •• •• 42"),
                    Masked("email", "j•••@•••.fr"),
                    Masked("address", "•••, 29200 Brest"),
                    Masked("ins", "2••••••••••••87"),
                ],
            },
        ),
        "coordonnee": (
            "identity/contact.html",
            {"kind": "phone", "values": ["06 39 98 00 42"], "linked": True, "patient_id": ident(1)},
        ),
        "presents": (
            "identity/present.html",
            {
                "form": PresentName({"name": "Durand"}),
                "rows": [(one, "Médecine B") for one in HERE],
                "found": Present("ok", HERE, 2),
            },
        ),
        "presents-trop": (
            "identity/present.html",
            {"form": PresentName({"name": "Mart"}), "rows": [], "found": Present("one_more", (), 6)},
        ),
        "arrivees": ("identity/arrival.html", {"done": "sortie"}),
        "identite": ("identity/new.html", {"form": NewIdentity(NEW), "found": None, "rows": []}),
        "identite-proche": (
            "identity/new.html",
            {"form": NewIdentity(NEW | {"sex": "F"}), "found": Found("ok", (LIKE,), full=1), "rows": [(LIKE, "/")]},
        ),
        "sejour": ("stays/stay.html", {**chart, **stay_context()}),
        "admission": ("stays/stay.html", {**chart, **stay_context(), "stay": None, "done": "identite"}),
        "sessions": ("accounts/sessions.html", {"sessions": sessions, "done": None}),
        "aide": ("ui/help.html", {}),
        "impression": (
            "record/print.html",
            {**full, "at": NOW, "by": SimpleNamespace(name="Alice Perrin", profession="nurse"), "opening": 812},
        ),
        **samples_oversight.contexts(NOW, ward(), openings),
        **samples_links.contexts(NOW, ward(), chart),
        **samples_rescue.contexts(NOW, ident),
        **samples_people.contexts(NOW),
        **samples_agenda.contexts(NOW, ident, ward(), chart),
        **samples_orders.contexts(NOW, ident, ward(), chart),
    }


def written(at: datetime) -> list[SimpleNamespace]:
    """A transmission, a long note, and a note entered in error."""
    target = [
        ("Cible", "Douleur"),
        ("Données", "EN 7/10 à la mobilisation, épaule droite."),
        ("Actions", "Paracétamol 1 g selon prescription, installation demi-assise."),
        ("Résultats", "EN 3/10 à 45 min."),
    ]
    long = [("Motif", "Dyspnée d'aggravation progressive"), ("Histoire", "Toux depuis trois jours. " * 25)]
    long += [
        ("Conclusion", "Décompensation cardiaque globale sur écart de régime."),
        ("Conduite à tenir", "Furosémide."),
    ]
    wrong = [("Observation", "Pansement refait")]
    kinds = (
        ("transmission", "Transmission ciblée", target, None, "Alice Perrin"),
        ("note", "Note", long, None, "Dr C. Martin"),
        ("note", "Note", wrong, "Saisi par erreur (24/11/2026 07:50, Alice Perrin) : autre patient", "Alice Perrin"),
    )
    return [
        SimpleNamespace(
            at=at.replace(hour=7, minute=55 - n), kind=kind, title=title, values=[], detail=None, author=author,
            sections=sections, struck=struck, fix=None if struck else "/corriger",
        )
        for n, (kind, title, sections, struck, author) in enumerate(kinds)
    ]  # fmt: skip


def writings(chart: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Notes being written, kept, corrected."""
    blank = {"draft": ident(700), "revision": 0}
    note = Writing("note", "medical", initial={**blank, "motive": "Dyspnée", "history": "Trois jours de toux."})
    note.kept_at = NOW - timedelta(minutes=4)
    wrong = {"draft": str(ident(701)), "revision": "0", "target": "", "data": "<b>agitée</b>"}
    refused = Writing("transmission", "transmission", wrong, signing=True)
    helpers = {"ta": "TA 142/81 mmHg (08:10)", "pb": "Insuffisance cardiaque"}
    others = [SimpleNamespace(id=ident(702), saved_at=NOW - timedelta(hours=3))]
    fact = SimpleNamespace(
        name="measurement", title="Constantes", at=NOW, author="Alice Perrin", lines=[("Pouls", "176 /min")],
        error=None,
        correction=CorrectedValues([(ident(710), "8867-4", Decimal(176))]),
    )  # fmt: skip
    mine = SimpleNamespace(category="clinical",
        name="note", title="Transmission ciblée", at=NOW, author="Alice Perrin", error=None,
        lines=[("Cible", "Douleur"), ("Données", "EN 7/10")],
        correction=CorrectedText("transmission", "transmission", initial={"target": "Douleur", "data": "EN 7/10"}),
    )  # fmt: skip
    shared = {"saved_at": None, "helpers": helpers}
    return {
        "note": ("record/note.html", {**chart, **shared, "kind": "note", "form": note, "drafts": others}),
        "transmission": (
            "record/note.html",
            {**chart, **shared, "kind": "transmission", "form": refused, "drafts": []},
        ),
        **inscribed(chart),
        **measured(chart, SimpleNamespace(id=UNIT, name="Cardiologie B", site="Hôpital Saint-Aubin")),
        "brouillon": ("record/draft_said.html", {"revision": 3, "at": NOW, "wrong": None}),
        "corriger": (
            "record/amend.html",
            {
                **chart,
                "fact": fact,
                "form": Amend({"reason": ""}),
                "row": ident(1),
                "act": "error",
                "may_restrict": False,
            },
        ),
        "corriger-note": (
            "record/amend.html",
            {**chart, "fact": mine, "form": Amend(), "row": ident(2), "act": None, "may_restrict": True},
        ),
    }


def measured(chart: dict[str, Any], unit: SimpleNamespace) -> dict[str, tuple[str, dict[str, Any]]]:
    """Other measures, fluid balance, the round, the hand-over sheet."""
    said = SimpleNamespace(taken_at=NOW, author="Alice Perrin")
    lines = [(one, RoundLine({"bp": "81/142", "pulse": "<b>"} if n == 1 else None)) for n, one in enumerate(ward())]
    for _one, form in lines:
        form.is_valid()
    sheets = [
        SimpleNamespace(line=one, allergies=["Pénicilline"] if n % 3 == 0 else [], since=NOW.date(),
                        notes=[("Douleur", "EN 7/10 · Paracétamol 1 g · EN 3/10")] if n % 2 else [])
        for n, one in enumerate(ward())
    ]  # fmt: skip
    by = SimpleNamespace(name="Alice Perrin", profession="nurse")
    return {
        "mesures": ("record/measures.html", {**chart, "form": Measures({"glasgow": "22"})}),
        "bilan": (
            "record/balance.html",
            {**chart, "form": Measures(groups=("intake", "output")), "done": "volumes",
             "totals": {"intake": Decimal(1850), "output": Decimal(1200), "balance": Decimal(650)},
             "lines": [(said, value("Diurèse", "400", "mL"))]},
        ),
        "releve": (
            "record/round.html",
            {"unit": unit, "lines": lines, "truncated": False,
             "fields": ("bp", "pulse", "temperature", "spo2", "respiratory_rate", "pain")},
        ),
        "feuille": (
            "record/handover.html",
            {"unit": unit, "sheets": sheets, "at": NOW, "by": by, "opening": 42, "truncated": False},
        ),
    }  # fmt: skip


def inscribed(chart: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Problems, allergies, whom to call."""
    found = [SimpleNamespace(code="I50.9", label="Insuffisance cardiaque, sans précision")]
    people = [
        SimpleNamespace(id=ident(730), kind="trusted", name="MARTIN Paul", relation="époux", phone="06 39 98 01 02",
                        at=NOW, author="Alice Perrin"),
        SimpleNamespace(id=ident(731), kind="notify", name="DURAND Zoé", relation="", phone="", at=NOW, author=None),
    ]  # fmt: skip
    stated = [
        SimpleNamespace(kind="written", where="Chez son notaire", words="Pas de réanimation.", at=NOW, author=None)
    ]
    wrong = ProblemForm(("problem", "family"), {"q": "", "code": "", "kind": "problem", "onset": "31/02/2024"})
    return {
        "probleme": ("record/problem.html", {**chart, "form": wrong, "found": found, "typed": "insuf card"}),
        "codes": ("reference/diagnoses.html", {"found": [], "typed": "<b>rien"}),
        "allergie": ("record/allergy.html", {**chart, "form": AllergyForm({"substance": "", "severity": "?"})}),
        "terminer": (
            "record/end.html",
            {**chart, "form": EndForm({"since": "12/12/2099"}), "fact": "problem", "row": ident(1), "title": "Problème",
             "label": "Pneumopathie"},
        ),
        "proches": (
            "record/relations.html",
            {**chart, "people": people, "stated": stated, "person": ContactPersonForm(prefix="p"),
             "said": DirectiveForm(prefix="d"), "clinical": True, "done": "proche"},
        ),
    }  # fmt: skip


def notices() -> list[SimpleNamespace]:
    kinds = (("break_glass", None), ("advice", None), ("join_team", None), ("break_glass", "accepted"),
             ("rescue_opened", None), ("rescue_used", None))  # fmt: skip
    return [
        SimpleNamespace(
            id=n, kind=kind, entry=7 + n,
            patient_id=None if kind.startswith("rescue") else ident(n), by_account=ident(9), by_name="Luc Arnaud",
            by_profession="nurse", at=NOW - timedelta(hours=n), read=reviewed is not None, reviewed=reviewed,
        )
        for n, (kind, reviewed) in enumerate(kinds)
    ]  # fmt: skip


def frame_of(signed_in: bool = True) -> Frame:
    if not signed_in:
        return Frame(demo=True)
    return Frame(
        demo=True,
        site="Hôpital Saint-Aubin",
        unit="Cardiologie B",
        units=(Place("Cardiologie B", "/unite", current=True), Place("Médecine interne", "/unite-vide")),
        places=(Place("Mon unité", "/unite", "unit", current=True), Place("Sessions", "/sessions", "sessions")),
        name="Alice Perrin",
        profession="nurse",
        grade="strong",
    )
