"""Several charts in tabs: those this session holds open; a session's own; ended ones gone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from egide.gate.tests.browser import Browser, statements, text
from egide.gate.tests.factories import Hospital

Browse = Callable[..., Browser]


def test_the_charts_of_this_session_stand_in_tabs_and_nobody_elses(hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    one, two, three = (hospital.patient(unit, birth_name=name) for name in ("PREMIERE", "SECONDE", "TROISIEME"))
    person = hospital.person("nurse", unit)
    here, elsewhere = browser(hospital.sign_in(person)), browser(hospital.sign_in(person))
    here.get(f"/dossier/{one.id}/")
    here.get(f"/dossier/{two.id}/")
    elsewhere.get(f"/dossier/{three.id}/")
    answer = here.get(f"/onglets/?ici={two.id}", htmx=True)
    body = answer.content.decode()
    assert "<html" not in body
    assert answer["Cache-Control"] == "no-store"
    assert "PREMIERE" in body
    assert "TROISIEME" not in body
    assert f'href="/dossier/{two.id}/" aria-current="page"' in body
    with statements() as found:
        here.get("/onglets/", htmx=True)
    assert len(found) <= 12, found
    opened = hospital.entries(account=person.account, kind="open", purpose="palette")
    assert len(opened) == 1


def test_an_opening_that_ended_has_no_tab(hospital: Hospital, browser: Browse) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit, birth_name="FINIE")
    person, cookie = hospital.signed_in("nurse", unit)
    page = browser(cookie)
    page.get(f"/dossier/{patient.id}/")
    assert "FINIE" in text(page.get("/onglets/", htmx=True))
    hospital.sql(
        "UPDATE gate.lease SET until = now() - interval '1 s' WHERE session IN"
        " (SELECT id FROM accounts.session WHERE account = %s)",
        person.account,
    )  # fmt: skip
    assert "FINIE" not in text(page.get("/onglets/", htmx=True))


def test_a_patient_of_no_unit_of_mine_has_a_tab_without_a_name(hospital: Hospital, browser: Browse) -> None:
    unit, other = hospital.unit(), hospital.unit()
    hospital.patient(unit)
    guest = hospital.patient(other, birth_name="INVITEE")
    person, cookie = hospital.signed_in("physician", unit)
    hospital.past_link(guest.id, None, since=person_since(), until=None, basis="team", account=person.account)
    page = browser(cookie)
    assert page.get(f"/dossier/{guest.id}/").status_code == 200
    body = text(page.get("/onglets/?ici=<script>", htmx=True))
    assert "patient hors de mes unités" in body
    assert "INVITEE" not in body


def person_since() -> datetime:
    """An hour ago."""
    return datetime.now(UTC) - timedelta(hours=1)
