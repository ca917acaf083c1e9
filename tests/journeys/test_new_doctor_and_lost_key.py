"""Two people at the door of a ward: a new doctor who works within minutes, a carer who lost his key last night."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.clinic import Clinic
from tests.journeys.desk import Desk, shows

pytestmark = pytest.mark.journey

Sit = Callable[..., Desk]


def signed(desk: Desk) -> str:
    """Signs the act on screen with this person's own key; the half code that comes back, if one does."""
    half = desk.page.locator("#half:not([hidden]) #half-code")
    desk.click(desk.page.get_by_role("button", name="Signer avec ma clé"))
    expect(half.or_(desk.page.get_by_text("C'est fait.")).first).to_be_visible()
    return half.inner_text() if half.count() else ""


def fill(desk: Desk, label: str, text: str) -> None:
    """One field, by its label."""
    desk.actions.append(f"{label} : {text}")
    desk.page.get_by_label(label, exact=True).fill(text)


def waiting(desk: Desk, person: str) -> None:
    """To the act that waits for this person's yes, from my day."""
    desk.page.goto("/jour/")
    desk.click(desk.page.get_by_role("link", name=re.compile("à approuver")).first)
    desk.click(desk.page.get_by_role("link", name=re.compile(f"Lire et décider.*{person}")).first)


def pose_key(desk: Desk, first: str, second: str) -> None:
    """Types both halves and poses a new key: the browser's own registration, the person verified."""
    desk.insert_blank_key()
    desk.page.goto("/cle/")
    fill(desk, "Première moitié", first)
    fill(desk, "Seconde moitié", second.lower().replace("-", " "))
    desk.press("Enter")
    expect(desk.page.get_by_text("Clé posée")).to_be_visible()
    assert desk.accessibility_faults() == []
    desk.click(desk.page.get_by_role("button", name="Se connecter"))
    desk.page.wait_for_url(re.compile(r"/jour/"))


def test_a_new_doctor_works_in_her_unit_within_ten_minutes(desk: Sit) -> None:
    administrator, cadre, doctor = desk(), desk(), desk()
    administrator.sign_in("paul.marchand")
    page = administrator.page
    page.goto("/personnel/nouveau/")
    administrator.count_from_here()
    fill(administrator, "Nom", "Arrivant")
    fill(administrator, "Prénom", "Zoé")
    administrator.choose(page.get_by_label("Profession", exact=True), "médecin")
    administrator.choose(page.get_by_label("Établissement", exact=True), "Sainte-Aldegonde")
    administrator.choose(page.locator("select[name=units]").first, "Sainte-Aldegonde · Médecine B")
    fill(administrator, "RPPS", "12345678901")
    administrator.click(page.get_by_role("button", name="Relire avant de signer"))
    shows(page, "Ce numéro RPPS est faux")
    assert page.get_by_label("Nom", exact=True).input_value() == "Arrivant", "what was typed is kept"
    fill(administrator, "RPPS", "")
    assert administrator.accessibility_faults() == []
    administrator.click(page.get_by_role("button", name="Relire avant de signer"))
    expect(page.get_by_role("button", name="Signer avec ma clé")).to_be_visible()
    shows(page, "Médecine B")
    assert administrator.accessibility_faults() == []
    first = signed(administrator)
    asked = len(administrator.actions)

    cadre.sign_in("agnes.lemoine")
    cadre.count_from_here()
    waiting(cadre, "Zoé Arrivant")
    shows(cadre.page, "médecin")
    second = signed(cadre)
    assert first
    assert second not in ("", first)
    cadre.page.reload()
    assert second not in cadre.page.content(), "a half is shown once"

    doctor.count_from_here()
    pose_key(doctor, first, second)
    doctor.to_unit()
    expect(doctor.rows.first).to_be_visible()
    doctor.open_row()
    assert asked <= 12
    assert len(cadre.actions) <= 4, cadre.actions
    assert len(doctor.actions) <= 5, doctor.actions


def test_a_lost_key_is_dead_at_once_and_its_owner_back_at_work(desk: Sit, clinic: Clinic) -> None:
    ((began,),) = clinic.sql("SELECT coalesce(max(id), 0) FROM audit.entry")
    found, cadre, guard, nurse = desk(), desk(), desk(), desk()
    found.sign_in("lucas.garnier")  # whoever found it, with its code
    expect(found.rows.first).to_be_visible()
    cadre.sign_in("bruno.faure")
    cadre.page.goto("/jour/")
    cadre.count_from_here()
    cadre.click(cadre.page.get_by_role("link", name="Mes équipes et leurs clés"))
    cadre.click(cadre.page.get_by_role("link", name="Lucas Garnier"))
    expect(cadre.page.get_by_role("heading", name="Lucas Garnier", level=1)).to_be_visible()
    assert cadre.accessibility_faults() == []
    cadre.click(cadre.page.get_by_role("link", name="Remettre une clé"))
    cadre.choose(cadre.page.get_by_label("Pourquoi", exact=True), "Clé perdue")
    fill(cadre, "Clé de réserve de l'unité", "CHIA 2")
    cadre.click(cadre.page.get_by_role("button", name="Relire avant de signer"))
    first = signed(cadre)

    found.page.goto("/jour/")
    shows(found.page, "Votre session est terminée")
    found.page.goto("/connexion/")
    found.page.get_by_role("button", name="Se connecter avec ma clé").click()
    shows(found.page, "Cette clé n'est rattachée à aucun compte")

    guard.sign_in("catherine.vidal")
    guard.count_from_here()
    waiting(guard, "Lucas Garnier")
    second = signed(guard)
    nurse.count_from_here()
    pose_key(nurse, first, second)
    nurse.to_unit()
    expect(nurse.rows.first).to_be_visible()
    nurse.page.goto("/notifications/")
    shows(nurse.page, "Une clé a été posée")
    assert nurse.accessibility_faults() == []
    assert len(cadre.actions) <= 7, cadre.actions
    assert len(guard.actions) <= 4, guard.actions
    _told(clinic, desk(), began)


def _told(clinic: Clinic, officer: Desk, began: int) -> None:
    """Each step is one line of the trail, under who made it; the signatures stand; the DPO reads it by his name."""
    assert clinic.sql(
        "SELECT e.kind, e.purpose, e.verdict, c.username FROM audit.entry e JOIN accounts.account c ON c.id = e.account"
        " WHERE e.id > %s AND e.kind IN ('approval', 'key', 'enrol', 'sign_in_refused') ORDER BY e.id", began,
    ) == [
        ("approval", "hand_key", "approved", "bruno.faure"),
        ("key", "lose_key", "lost", "bruno.faure"),
        ("sign_in_refused", None, "refused", "lucas.garnier"),
        ("approval", "hand_key", "approved", "catherine.vidal"),
        ("key", "hand_key", "handed", "bruno.faure"),
        ("enrol", "hand_key", "ok", "lucas.garnier"),
    ]  # fmt: skip
    assert "dont la signature est revérifiée contre l'acte et la clé" in clinic.run("audit", "verify")
    officer.sign_in_as("Odile Perrin")
    officer.page.goto("/surveillance/?who=lucas+garnier")
    lines = officer.page.locator("tbody tr", has_text="Lucas Garnier")
    for kind in ("clé enregistrée", "connexion refusée"):
        expect(lines.filter(has_text=kind).first).to_be_visible()
