"""Invented contexts for the pages about people: staff, one person, acts of two persons, a key posed."""
# ruff: noqa: E501 — rows of invented values

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from egide.config import staff_forms
from egide.gate.staff import Act, Duty, Held, KeyLine, LinkCount, Member, Past, Person
from egide.gate.stations import Workstation

WHO = UUID(int=0xE61D_0000_0000_4000_8000_0000_0000_0099)
UNIT = UUID(int=0xE61D_0000_0000_4000_8000_0000_0000_0098)
STATES = ("working", "waiting", "suspended", "ended", "none")


def contexts(now: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name of a preview → template and context."""
    form = staff_forms.StaffFilter({"q": "mar"})
    form.is_valid()
    members = [
        (
            Member(WHO, f"camille.martin{n}", f"Camille Martin-Lefort {n}", "nurse", UNIT, [UNIT], STATES[n % 5], n % 3,
                   ["cadre"] if n == 0 else []),
            ["Cardiologie B"],
        )
        for n in range(9)
    ]  # fmt: skip
    person = Person(
        WHO, "camille.martin", "Dr Camille Martin", UNIT, "99700000013", now, None, None, 2, now + timedelta(minutes=20),
        ["administrator"],
        [
            Held(1, "physician", UNIT, now - timedelta(days=90), None),
            Held(2, "physician", None, now - timedelta(days=400), now - timedelta(days=90)),
            Held(3, "physician", UNIT, now + timedelta(days=1), None),
        ],
        [
            KeyLine(WHO, "", now - timedelta(days=90), now - timedelta(days=2), None),
            KeyLine(UNIT, "MEDB 2", now, None, now + timedelta(hours=20)),
        ],
        [Duty(WHO, "chief", UNIT, UNIT, now - timedelta(days=30), None)],
    )  # fmt: skip
    past = Past(9, now, "grant", "granted", None, "grant", "Paul Marchand", "physician", UNIT)
    wrong = staff_forms.NewPerson({"family": "", "given": "Ada", "rpps": "12345678901", "since": "31/02/2026"})
    wrong.is_valid()
    wrong.say("bad_rpps")
    hand = staff_forms.HandKey({"why": "?"})
    hand.is_valid()
    act = Act(
        WHO, "hand_key", {"account": str(WHO), "why": "lost"}, "Paul Marchand", now, now + timedelta(hours=1), False
    )
    words = SimpleNamespace(
        title="Remettre une clé", about="Dr Camille Martin", follows="Chacun de vous deux reçoit une moitié du code.",
        lines=[("Pourquoi", "Clé perdue ou volée"), ("Clé de réserve", "MEDB 2")], waits=True,
    )  # fmt: skip
    shown = {"words": words, "username": "ines.caron", "demo_keys_url": "http://localhost:8401",
             "colleagues": [{"username": "luc.arnaud", "name": "Dr Luc Arnaud"}], "key_page": "http://localhost:8400/cle/"}  # fmt: skip
    page = SimpleNamespace(act=act, state="waiting", why_not=None, yeses=2, beside=False)
    shut = SimpleNamespace(act=act, state="waiting", why_not="same_station", yeses=2, beside=False)
    at_one_screen = SimpleNamespace(act=act, state="waiting", why_not="same_person", yeses=2, beside=True)
    taken = staff_forms.Enrolling(
        {"name": "", "site": str(UNIT)}, where=staff_forms.Where(sites=[(str(UNIT), "Clinique Sainte-Aldegonde")])
    )
    taken.is_valid()
    machines = [
        Workstation(WHO, UNIT, "MB-IDE-01", "Poste de soins, 2e étage", now, "Inès Caron", now, None, 2),
        Workstation(UNIT, UNIT, "MB-CHARIOT-3", "", now, "Inès Caron", None, None, 0),
        Workstation(WHO, UNIT, "ACCUEIL-2", "Hall", now - timedelta(days=90), "Paul Marchand", now, now, 0),
    ]
    return {
        "postes": (
            "accounts/stations.html",
            {"form": taken, "stations": [(one, "Clinique Sainte-Aldegonde") for one in machines], "living": 2,
             "may_enrol": True, "may_end": True},
        ),
        "postes-vide": (
            "accounts/stations.html",
            {"form": staff_forms.Enrolling(), "stations": [], "living": 0, "may_enrol": False, "may_end": False},
        ),
        "personnel": (
            "accounts/staff.html",
            {"form": form, "members": members, "total": 120, "number": 2, "more": True, "kept": {"q": "mar"},
             "professions": [("nurse", "infirmier(ère)")], "sites": [], "units": [(str(UNIT), "Cardiologie B")],
             "states": staff_forms.STATES.items(), "duties": staff_forms.DUTIES, "may_create": True},
        ),
        "personnel-vide": (
            "accounts/staff.html",
            {"form": form, "members": [], "total": 0, "number": 1, "more": False, "kept": {}, "professions": [],
             "sites": [], "units": [], "states": staff_forms.STATES.items(), "duties": staff_forms.DUTIES,
             "may_create": False},
        ),
        "personne-nouvelle": ("accounts/new_person.html", {"form": wrong}),
        "personne": (
            "accounts/person.html",
            {"person": person, "now": now, "state": "working", "states": staff_forms.STATES, "duties": staff_forms.DUTIES,
             "names": {UNIT: "Cardiologie B"}, "sites": {}, "site": "Hôpital Saint-Aubin", "history": [(past, "Cardiologie B")],
             "offered": ["cle", "cle-perdue", "suspendre"], "may_end": True, "may_see_rights": True, "done": None},
        ),
        "personne-droits": (
            "accounts/rights.html",
            {"person": person, "current": [(person.memberships[0], "Cardiologie B")], "duties": [],
             "duty_words": staff_forms.DUTIES,
             "grid": [("physician", "stay", ["identity", "clinical"], ["clinical"], "Le patient séjourne dans votre unité.")],
             "counts": [(LinkCount("stay", UNIT, 27), "Cardiologie B"), (LinkCount("team", None, 1), None)]},
        ),
        "personne-acte": (
            "accounts/person_act.html",
            {"form": hand, "word": "cle", "kind": "hand_key", "person": person, "alone": False},
        ),
        "approbations": ("accounts/approvals.html", {"acts": [(act, words)], "asked": [(act, words)], "done": None}),
        "acte": ("accounts/act.html", {**shown, "found": page}),
        "acte-a-deux": ("accounts/act.html", {**shown, "found": at_one_screen}),
        "acte-ferme": ("accounts/act.html", {**shown, "found": shut}),
        "cle": ("accounts/key.html", {"demo_keys_url": "http://localhost:8401"}),
    }  # fmt: skip


def account_notices(now: Any) -> list[SimpleNamespace]:
    """One of mine, one of somebody else's."""
    return [
        SimpleNamespace(id=1, kind="key_enrolled", about=WHO, about_name="Alice Perrin", by_name="Paul Marchand", act=WHO,
                        at=now, read=False, mine=True),
        SimpleNamespace(id=2, kind="office_granted", about=WHO, about_name="Luc Arnaud", by_name="Paul Marchand", act=WHO,
                        at=now, read=True, mine=False),
    ]  # fmt: skip
