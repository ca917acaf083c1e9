"""Nights: four units and a patient of another site; an advice asked at home; emergencies to the sixth and the sheet.

Of each the DPO finds all, on her own pages.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import expect

from egide.interop.fhir.tests import resources as make
from tests.journeys.clinic import Clinic
from tests.journeys.counted import promised
from tests.journeys.desk import NARROW, WIDE, Desk, shows

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
CLOSED = "Vous ne faites pas partie de l'équipe de soins de ce patient."
NOT_ON_DUTY = "Vous n'êtes pas en poste dans cette unité."


@dataclass(frozen=True)
class Night:
    """A nurse of a clinic with four wards, a colleague of another of them, and somebody in each: list → her name."""

    username: str
    name: str
    colleague: str
    units: dict[str, str]


def night_of(clinic: Clinic, folder: Path) -> Night:
    """Four wards of a site that is not the day's, somebody admitted to each; two nurses who work there."""
    accounts = json.loads(clinic.home.demo_accounts.read_text(encoding="utf-8"))["accounts"]
    (site, units), *_ = clinic.sql(
        "SELECT s.name, array_agg(u.id ORDER BY u.name) FROM directory_unit u JOIN directory_site s ON s.id = u.site_id"
        " WHERE u.kind = 'ward' AND s.name <> 'Clinique Sainte-Aldegonde' GROUP BY 1 HAVING count(*) >= 4 ORDER BY 1"
    )
    nurses = {
        unit: one
        for one in reversed(accounts)
        if one["profession"] == "nurse" and one["site"] == site and len(one["units"]) == 1
        for unit in one["units"]
    }
    own, *others = sorted(units[:4], key=lambda unit: str(unit) not in nurses)
    there = {}
    for place, unit in enumerate((own, *others)):
        ((code,),) = clinic.sql("SELECT code FROM directory_unit WHERE id = %s", unit)
        who, family = f"night-{unit.hex[:8]}", f"VEILLEUSE{'ABCD'[place]}"
        stay = make.encounter("e", who, status="in-progress", period={"start": "2026-11-20T08:00:00+01:00"})
        person = make.patient(who, birthDate="1931-01-09", name=[{"family": family, "given": ["Odette"]}])
        path = folder / f"{who}.json"
        path.write_text(json.dumps(make.bundle(person, stay)), encoding="utf-8")
        clinic.run("import", "fhir", str(path), "--site", site, "--unit", code)
        there[f"/unite/{unit}/"] = family
    beside = next(nurses[str(unit)]["username"] for unit in others if str(unit) in nurses)
    return Night(nurses[str(own)]["username"], nurses[str(own)]["name"], beside, there)


def charts(desk: Desk, count: int) -> list[str]:
    """Addresses of the charts that a person's own list leads to."""
    found = desk.page.locator("[data-row-link]")
    expect(found.nth(count - 1)).to_be_visible()
    return [str(found.nth(place).get_attribute("href")) for place in range(count)]


def patient_of(address: str) -> UUID:
    """The patient of a chart's address."""
    return UUID(address.rstrip("/").rsplit("/", 1)[-1])


def trail(clinic: Clinic, username: str, patient: UUID, *kinds: str) -> list[tuple[str, str | None, str, str | None]]:
    """Kind, basis, verdict and reason of what the trail holds of somebody over a patient, oldest first."""
    return clinic.sql(  # type: ignore[return-value]
        "SELECT kind, basis, verdict, reason FROM audit.entry WHERE ids @> ARRAY[%s] AND kind = ANY (%s)"
        " AND account = (SELECT id FROM accounts.account WHERE username = %s) ORDER BY id",
        patient, list(kinds), username,
    )  # fmt: skip


def the_dpo_finds(officer: Desk, who: str, basis: str, kind: str, patient: UUID) -> None:
    """By name and by reason of access she finds the line, its words and its patient's pseudonym, and no name."""
    officer.page.goto(f"/surveillance/?who={who.replace(' ', '+').lower()}&basis={basis}&patient={patient}")
    line = officer.page.locator("tbody tr", has_text=who).filter(has_text=kind).first
    expect(line).to_be_visible()
    expect(line.locator(f"a.pseudo[title='{patient}']").first).to_be_visible()
    assert not officer.accessibility_faults()


def break_glass(desk: Desk, address: str, why: str = "vital_emergency") -> None:
    """The reason, then one's own demonstration key."""
    desk.page.goto(address)
    shows(desk.page, CLOSED)
    form = desk.page.locator("form[data-approve]").first
    form.locator("[name=reason]").select_option(why)
    form.get_by_role("button", name="avec ma clé de démonstration").click()


def test_a_night_over_four_units_and_somebody_of_another_site(desk: Sit, clinic: Clinic, tmp_path: Path) -> None:
    of = night_of(clinic, tmp_path)
    _, *others = of.units
    day = desk()
    day.sign_in("sophie.nguyen")
    (address,) = charts(day, 1)  # of another clinic of the group
    night = desk()
    night.sign_in(of.username)
    for unit in others:
        answer = night.page.goto(unit)
        assert answer is not None
        assert answer.status == 403
        shows(night.page, NOT_ON_DUTY)
    for unit in others:
        _takes(night, unit)
    for unit, family in of.units.items():
        _works(night, of.name, unit, family)
    expect(night.page.locator("nav.rail a[href^='/unite/']")).to_have_count(4)
    night.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    night.page.goto(others[0])
    expect(night.page.locator("nav.rail a[aria-current=page]")).to_be_visible()
    assert night.too_wide() <= 0
    assert not night.accessibility_faults()
    night.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    night.page.goto(others[0])
    colleague = desk()
    colleague.sign_in(of.colleague)
    colleague.page.goto("/poste/")
    expect(colleague.page.locator("tr", has_text=of.name).first).to_be_visible()  # the unit sees who came to work
    _joins(night, day, of.name, address)
    patient = patient_of(address)
    assert trail(clinic, of.username, patient, "join_team") == [("join_team", "team", "asked", None)]
    assert ("open", "team", "opened", None) in trail(clinic, of.username, patient, "open")
    shifts = "SELECT unit FROM audit.entry e JOIN accounts.account c ON c.id = e.account WHERE e.kind = 'shift'"
    told = clinic.sql(f"{shifts} AND username = %s ORDER BY e.id", of.username)
    assert [f"/unite/{unit}/" for (unit,) in told] == others
    officer = _officer(desk)
    the_dpo_finds(officer, of.name, "team", "ouverture", patient)
    officer.page.goto(f"/surveillance/?who={of.name.replace(' ', '+').lower()}&kind=shift")
    expect(officer.page.locator("tbody tr", has_text=of.name)).to_have_count(3)
    _goes_home(night, others)


def _takes(night: Desk, unit: str) -> None:
    """« Je prends mon poste en… » from the shift's page."""
    night.page.goto("/poste/")
    night.page.locator("#unit").select_option(unit.split("/")[2])
    assert not night.accessibility_faults()
    night.page.get_by_role("button", name="Prendre mon poste").click()
    night.page.wait_for_url(f"**{unit}*")


def _works(night: Desk, name: str, unit: str, family: str) -> None:
    """The unit's list shows its patient; a pressure is three actions there too; her chart opens and says why."""
    night.page.goto(unit)
    row = night.page.locator("tr[data-row]", has_text=family)
    row.locator("[data-row-link]").focus()
    night.count_from_here()
    night.press("c")
    expect(night.page.get_by_label("Tension")).to_be_focused()
    night.type("118/72")
    night.press("Enter")
    expect(row.locator(".ward-last")).to_contain_text("118/72")
    assert len(night.actions) == promised("Écrire une tension")
    row.locator("[data-row-link]").click()
    expect(night.page.locator(".banner-name")).to_contain_text(family)
    night.page.get_by_role("link", name="Qui a ouvert ce dossier").click()
    line = night.page.locator("table.opened tbody tr", has_text=name).filter(has_text="soins").first
    expect(line).to_contain_text("séjour dans l'unité")


def _joins(night: Desk, day: Desk, name: str, address: str) -> None:
    """The chart is shut, asking is one click, her physician takes the nurse in."""
    night.page.goto(address)
    shows(night.page, CLOSED)
    night.count_from_here()
    night.click(night.page.get_by_role("button", name="Demander à rejoindre l'équipe"))
    shows(night.page, "Demande envoyée.")
    assert len(night.actions) == promised("Demander à rejoindre l'équipe d'un patient")
    day.page.goto("/notifications/")
    day.page.locator("li", has_text=name).get_by_role("button", name="Faire entrer dans l'équipe").first.click()
    day.page.wait_for_url(re.compile("fait=equipe"))
    night.page.goto(address)
    expect(night.page.locator(".banner-name")).to_be_visible()
    night.page.get_by_role("link", name="Équipe", exact=True).click()
    expect(night.page.get_by_role("heading", name="Équipe de soins")).to_be_visible()
    assert not night.accessibility_faults()
    assert night.too_wide() <= 0


def _goes_home(night: Desk, units: list[str]) -> None:
    """What the night opened closes with it."""
    for _ in units:
        night.page.goto("/poste/")
        night.page.get_by_role("button", name="Quitter").first.click()
        night.page.wait_for_url(re.compile("fait="))
    for unit in units:
        night.page.goto(unit)
        shows(night.page, NOT_ON_DUTY)


def test_an_advice_asked_of_a_physician_at_home(desk: Sit, clinic: Clinic) -> None:
    ward = desk()
    ward.sign_in("helene.roux")
    (address,) = charts(ward, 1)
    home = desk(NARROW, "dark")
    home.sign_in("marc.delattre")
    home.page.goto(address)
    shows(home.page, CLOSED)  # before he is asked it is no chart of his

    ward.page.goto(address)
    name = ward.page.locator(".banner-name").inner_text().split()[0]
    ward.count_from_here()
    ward.click(ward.page.get_by_role("link", name="Demander un avis"))
    ward.choose(ward.page.get_by_label("À qui"), "Delattre")
    assert not ward.accessibility_faults()
    ward.click(ward.page.get_by_role("button", name="Demander l'avis"))
    ward.page.wait_for_url(re.compile("fait=avis"))
    assert len(ward.actions) == promised("Demander un avis"), ward.actions

    home.page.goto("/notifications/")
    asked = home.page.locator("li", has_text="demande d'avis")
    expect(asked.first).to_contain_text("Hélène Roux")
    home.says_nothing_of(name)  # a notice names no patient: the chart does, once opened
    asked.get_by_role("link", name="Ouvrir le dossier").first.click()
    expect(home.page.locator(".banner-name")).to_contain_text(name)
    assert home.too_wide() <= 0
    assert not home.accessibility_faults()
    home.page.get_by_role("link", name="Qui a ouvert ce dossier").click()
    line = home.page.locator("table.opened tbody tr", has_text="Marc Delattre").filter(has_text="soins").first
    expect(line).to_contain_text("demande d'avis")

    patient = patient_of(address)
    assert ("link", "advice", "done", None) in trail(clinic, "helene.roux", patient, "link")
    assert [verdict for _, _, verdict, _ in trail(clinic, "marc.delattre", patient, "refuse", "open")][:2] == [
        "refused", "opened",
    ]  # fmt: skip
    the_dpo_finds(_officer(desk), "Marc Delattre", "advice", "ouverture", patient)


def test_emergencies_to_the_sixth_then_the_sheet_and_the_dpo_finds_them(desk: Sit, clinic: Clinic) -> None:
    of_the_unit = desk()
    of_the_unit.sign_in("claire.morvan")
    addresses = charts(of_the_unit, 7)
    alone = desk()
    alone.sign_in_as("Yann Le Gall")
    for address in addresses[:5]:
        break_glass(alone, address)
        expect(alone.page.locator(".banner-name")).to_be_visible()
    break_glass(alone, addresses[5])
    shows(alone.page, "un collègue présent doit confirmer avec sa clé")
    alone.page.goto(addresses[5])
    shows(alone.page, "Personne avec moi : fiche d'urgence")
    assert not alone.accessibility_faults()
    sheet = alone.page.locator("form[data-sheet]")
    sheet.locator("[name=reason]").select_option("vital_emergency")
    sheet.locator("[name=words]").fill("Seul au service, patient en détresse")
    sheet.get_by_role("button", name="avec ma clé de démonstration").click()
    alone.page.wait_for_url(re.compile(r"/fiche/$"))
    for part in ("Allergies", "Problèmes", "Directives anticipées", "Personnes à prévenir"):
        shows(alone.page, part)
    assert not alone.accessibility_faults()
    assert alone.too_wide() <= 0
    answer = alone.page.goto(addresses[5])
    assert answer is not None
    assert answer.status == 403  # the sheet is not the chart

    for address in addresses[:5]:
        rows = trail(clinic, "yann.legall", patient_of(address), "break_glass", "open")
        assert rows[0] == ("break_glass", "break_glass", "done", "vital_emergency")
        assert rows[1][:3] == ("open", "break_glass", "opened")
    sixth = trail(clinic, "yann.legall", patient_of(addresses[5]), "break_glass", "refuse", "open")
    assert ("open", "sheet", "opened") in [row[:3] for row in sixth]
    assert not [row for row in sixth if row[:3] == ("open", "break_glass", "opened")]
    of_the_unit.page.goto(f"{addresses[5]}acces/")
    lines = of_the_unit.page.locator("table.opened tr", has_text="Yann Le Gall")
    expect(lines.first).to_contain_text("refusé, rien n'a été lu")
    expect(lines.filter(has_text="fiche d'urgence").first).to_be_visible()
    _told(desk, clinic)

    officer = _officer(desk)
    officer.page.goto("/surveillance/urgences/")
    lines = officer.page.locator("tbody tr", has_text="Yann Le Gall")
    expect(lines).to_have_count(6)
    assert not officer.accessibility_faults()
    the_dpo_finds(officer, "Yann Le Gall", "break_glass", "ouverture", patient_of(addresses[0]))
    the_dpo_finds(officer, "Yann Le Gall", "sheet", "ouverture", patient_of(addresses[5]))
    _names(officer, of_the_unit, addresses[5])
    clinic.sql(
        "UPDATE gate.link SET since = since - interval '2 days', until = until - interval '2 days' WHERE account ="
        " (SELECT id FROM accounts.account WHERE username = 'yann.legall')"
    )


def _told(desk: Sit, clinic: Clinic) -> None:
    """Each emergency access waits for somebody who answers for the patient: one of them reads it on his own page."""
    ((username, count),) = clinic.sql(
        "SELECT c.username, count(*)::int FROM gate.notice n JOIN accounts.account c ON c.id = n.account"
        " JOIN accounts.account b ON b.id = n.by_account"
        " WHERE n.kind = 'break_glass' AND b.username = 'yann.legall' GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    )
    assert count >= 1
    told = desk()
    told.sign_in(username)
    told.page.goto("/notifications/")
    expect(told.page.locator("li", has_text="Yann Le Gall").first).to_be_visible()
    assert not told.accessibility_faults()


def _names(officer: Desk, of_the_unit: Desk, address: str) -> None:
    """She has a reason to know who the sixth was, says it, and her own look is a line too."""
    officer.page.locator(f"a.pseudo[title='{patient_of(address)}']").first.click()
    officer.page.get_by_label("Voir qui est ce patient").select_option("incident")
    officer.page.get_by_role("button", name="Voir qui").click()
    officer.page.wait_for_url(re.compile(r"/surveillance/dossier/"))
    of_the_unit.page.goto(address)
    name = of_the_unit.page.locator(".banner-name").inner_text().split()[0]
    shows(officer.page, name)
    of_the_unit.page.goto(f"{address}acces/")
    expect(of_the_unit.page.locator("table.opened tr", has_text="Odile Perrin").first).to_contain_text("surveillance")


def _officer(desk: Sit) -> Desk:
    officer = desk()
    officer.sign_in_as("Odile Perrin")
    return officer
