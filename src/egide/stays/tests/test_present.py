"""« Présents du site »: three rows of people who lie there, each counted; nothing of a secret presence."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.opening import chart_from
from egide.gate.tests.browser import text
from egide.identity.tests.people import Drawn, people
from egide.identity.tests.test_search import a_name, spent
from egide.keeper import present
from egide.kernel.capabilities import Refused

READS = ["identity", "stay"]


def ask(hospital: Any, cookie: str, name: str, first: str = "") -> dict[str, Any]:
    """The finder's answer."""
    return dict(hospital.finder.call("present", cookie=cookie, typed={"name": name, "first_name": first}))


def at_switchboard(hospital: Any, site: UUID) -> tuple[Any, str]:
    """Somebody at the switchboard of a site, signed in."""
    person = hospital.person("switchboard", site=site)
    return person, hospital.sign_in(person)


def lying(hospital: Any, site: UUID, *drawn: tuple[str, str], **more: Any) -> tuple[UUID, list[UUID]]:
    """People present in a new unit of a site."""
    unit = hospital.unit(site)
    return unit, people(
        hospital, *(Drawn(name, first, "1952-03-12", unit=unit, **more) for name, first in drawn), site=site
    )


def test_four_letters_find_who_lies_here_with_age_unit_and_room_only(hospital: Any) -> None:
    site, name = hospital.new_site(), a_name()
    unit, (patient,) = lying(hospital, site, (name, "JEANNE"), ipp="9001", phone="06 39 98 00 42")
    bed = hospital.bed(unit, "214")
    hospital.sql(
        "INSERT INTO stays_stay (id, patient_id, unit_id, bed_id, nda, admitted_at) VALUES (%s, %s, %s, %s, '', now())",
        uuid4(), patient, unit, bed,
    )  # fmt: skip
    person, cookie = at_switchboard(hospital, site)
    answer = ask(hospital, cookie, name[:4].lower())
    today = datetime.now(UTC).date()
    age = today.year - 1952 - (today < date(today.year, 3, 12))
    assert answer["rows"] == [{"name": name, "first_name": "JEANNE", "age": age, "unit": unit.bytes, "room": "214"}]
    assert spent(hospital, person.account, "present") == 1
    (entry,) = hospital.entries(account=person.account, kind="search")
    assert (entry["ids"], entry["reads"], entry["basis"], entry["verdict"]) == (
        [patient], ["identity", "stay"], "present", "shown",
    )  # fmt: skip
    assert name not in str(entry)


@pytest.mark.parametrize(
    ("typed", "first"), [("abc", ""), ("", "Jeanne"), ("", ""), ("a b-c", ""), ("  ", "Marie-Jeanne")]
)
def test_under_four_letters_or_without_a_name_nothing_is_looked_for(hospital: Any, typed: str, first: str) -> None:
    person, cookie = at_switchboard(hospital, hospital.site)
    with pytest.raises(Refused, match="search_four_letters"):
        ask(hospital, cookie, typed, first)
    assert spent(hospital, person.account, "present") == 0


def test_a_short_name_is_asked_for_whole_with_the_first_name(hospital: Any) -> None:
    site = hospital.new_site()
    lying(hospital, site, ("LY", "SOPHIE"), ("LYAUTEY", "SOPHIE"))
    _, cookie = at_switchboard(hospital, site)
    assert [row["name"] for row in ask(hospital, cookie, "Ly", "Sophie")["rows"]] == ["LY"]


def test_as_it_sounds_and_by_the_name_used(hospital: Any) -> None:
    site, name = hospital.new_site(), a_name()
    unit = hospital.unit(site)
    people(hospital, Drawn("PHILIPPEAU", "MARC", "1950-01-02", unit=unit), site=site)
    people(hospital, Drawn(a_name(), "ODILE", "1950-01-02", used_name=name, unit=unit), site=site)
    _, cookie = at_switchboard(hospital, site)
    assert [row["name"] for row in ask(hospital, cookie, "Filipo")["rows"]] == ["PHILIPPEAU"]
    assert [row["name"] for row in ask(hospital, cookie, name)["rows"]] == [name]


def test_more_than_three_answer_and_none_is_shown(hospital: Any) -> None:
    site, name = hospital.new_site(), a_name()
    lying(hospital, site, *((name, first) for first in ("ANNE", "BRUNO", "CHLOE", "DENIS")))
    person, cookie = at_switchboard(hospital, site)
    answer = ask(hospital, cookie, name)
    assert (answer["code"], answer["full"], answer["rows"]) == ("one_more", 4, [])
    assert [row["first_name"] for row in ask(hospital, cookie, name, "Chloé")["rows"]] == ["CHLOE"]
    assert spent(hospital, person.account, "present") == 2


def test_another_site_and_who_has_left_are_not_here(hospital: Any) -> None:
    here, there, name = hospital.new_site(), hospital.new_site(), a_name()
    lying(hospital, there, (name, "JEANNE"))
    _, (left,) = lying(hospital, here, (name, "LEA"))
    hospital.sql("UPDATE gate.link SET until = now() WHERE patient_id = %s", left)
    _, cookie = at_switchboard(hospital, here)
    assert ask(hospital, cookie, name)["rows"] == []


def test_a_presence_kept_secret_answers_to_the_byte_as_nobody(hospital: Any) -> None:
    from egide.stays import actions

    site, name = hospital.new_site(), a_name()
    unit, (patient,) = lying(hospital, site, (name, "JEANNE"))
    lying(hospital, site, (a_name(), "BLAISE"))
    clerk = hospital.person("admission_clerk", unit, site=site)
    chart = chart_from(
        hospital.web.call("open", cookie=hospital.sign_in(clerk), ids=[patient.bytes], purpose="arrival", read=READS,
                          write=["stay"])
    )  # fmt: skip
    hospital.sql(
        "INSERT INTO stays_stay (id, patient_id, unit_id, nda, admitted_at) VALUES (%s, %s, %s, '', now())",
        uuid4(), patient, unit,
    )  # fmt: skip
    person, cookie = at_switchboard(hospital, site)
    assert len(ask(hospital, cookie, name)["rows"]) == 1
    actions.keep_secret(chart, True)
    secret, nobody = ask(hospital, cookie, name), ask(hospital, cookie, a_name())
    assert secret == nobody
    assert secret["rows"] == []
    told, unknown = hospital.entries(account=person.account, kind="search")[1:]
    assert (told["verdict"], told["object"], told["ids"]) == (unknown["verdict"], unknown["object"], unknown["ids"])
    verbs = [entry["reason"] for entry in hospital.entries(account=clerk.account, kind="act")]
    assert verbs == ["stays:stay:keep_secret"]
    actions.keep_secret(chart, False)
    assert len(ask(hospital, cookie, name)["rows"]) == 1


def test_the_same_work_is_done_whoever_is_asked_for(hospital: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time tells nothing: every present person is compared, and the secret one is in no list."""
    compared: list[str] = []
    here = [present.Here(uuid4(), uuid4(), None, {"birth_name": ("", name)}) for name in ("MARTIN", "DURAND", "PETIT")]
    real = present.Here.answers_to

    def noted(one: present.Here, name: str, first: str) -> str:
        compared.append(one.text("birth_name"))
        return real(one, name, first)

    monkeypatch.setattr(present.Here, "answers_to", noted)
    present.matching(here, "MARTIN", "")
    present.matching(here, "INCONNU", "")
    assert compared == ["MARTIN", "DURAND", "PETIT"] * 2


def test_sixty_a_day_then_no_more(hospital: Any) -> None:
    site, name = hospital.new_site(), a_name()
    lying(hospital, site, (name, "JEANNE"))
    person, cookie = at_switchboard(hospital, site)
    ask(hospital, cookie, name)
    hospital.sql(
        "UPDATE gate.purse SET ring_day = array_fill(0, ARRAY[23]) || 59, ring_minute = array_fill(0, ARRAY[12]),"
        " ring_hour = array_fill(0, ARRAY[12]) WHERE account = %s AND class = 'present'",
        person.account,
    )
    assert len(ask(hospital, cookie, name)["rows"]) == 1
    over = ask(hospital, cookie, name)
    assert (over["code"], over["rows"]) == ("present_day", [])
    (refusal,) = hospital.entries(account=person.account, kind="refuse")
    assert refusal["reason"] == "present_day"


@pytest.mark.parametrize("profession", ["nurse", "physician", "admission_clerk", "dpo", "administrator", "porter"])
def test_the_switchboard_alone_asks(hospital: Any, browser: Any, profession: str) -> None:
    site, name = hospital.new_site(), a_name()
    lying(hospital, site, (name, "JEANNE"))
    cookie = hospital.sign_in(hospital.person(profession, site=site))
    answer = ask(hospital, cookie, name)
    assert (answer["code"], answer["rows"]) == ("search_closed", [])
    assert browser(cookie).get("/presents/").status_code == 403


def test_the_page_is_the_switchboards_first_and_puts_no_name_in_an_address(hospital: Any, browser: Any) -> None:
    site, name = hospital.new_site(), a_name()
    lying(hospital, site, (name, "JEANNE"))
    _, cookie = at_switchboard(hospital, site)
    page = browser(cookie)
    assert page.get("/").headers["Location"] == "/presents/"
    assert "Présents du site" in text(page.get("/presents/"))
    shown = page.post("/presents/", {"name": name})
    assert shown.status_code == 200
    assert f"{name} Jeanne" in text(shown)
    assert "/dossier/" not in shown.content.decode()
    assert "n'est à joindre ici" in text(page.post("/presents/", {"name": a_name()}))
    assert "quatre lettres" in text(page.post("/presents/", {"name": "ab"}))
    elsewhere = page.post("/patients/", {"name": name, "first_name": "Jeanne", "birth_date": "12/03/1952"})
    assert "ne cherche pas" in text(elsewhere)


def test_kept_secret_from_admission_and_through_a_move(hospital: Any, browser: Any) -> None:
    site, name = hospital.new_site(), a_name()
    one, other = hospital.unit(site), hospital.unit(site)
    clerk = hospital.person("admission_clerk", one, other, site=site)
    (patient,) = people(hospital, Drawn(name, "JEANNE", "1952-03-12"), site=site)
    desk = browser(hospital.sign_in(clerk))
    typed = {"name": name, "first_name": "Jeanne", "birth_date": "12/03/1952"}
    assert desk.post("/patients/", typed).status_code == 200
    assert desk.post(f"/dossier/{patient}/acceder/accueil/").status_code == 302
    stay = f"/dossier/{patient}/sejour/"
    assert desk.post(stay + "admettre/", {"unit": str(one), "kept_secret": "1"}).status_code == 302
    _, cookie = at_switchboard(hospital, site)
    assert ask(hospital, cookie, name)["rows"] == []
    assert "présence non communiquée" in text(desk.get(stay))
    assert desk.post(stay + "deplacer/", {"unit": str(other)}).status_code == 302
    assert ask(hospital, cookie, name)["rows"] == []
    assert desk.post(stay + "presence/", {"secret": "0"}).status_code == 302
    assert [row["unit"] for row in ask(hospital, cookie, name)["rows"]] == [other.bytes]


def test_a_line_of_those_present_is_the_key_to_no_contact(hospital: Any) -> None:
    """It is of kind `search` too, and gives no phone: refused as of somebody whom nothing showed."""
    site, name = hospital.new_site(), a_name()
    _, (patient,) = lying(hospital, site, (name, "JEANNE"), phone="06 39 98 00 42")
    person, cookie = at_switchboard(hospital, site)
    assert len(ask(hospital, cookie, name)["rows"]) == 1
    with pytest.raises(Refused, match="no_link"):
        hospital.web.call("open_contact", cookie=cookie, patient=patient.bytes, kind="phone", counted=False)
    (session,) = hospital.sql("SELECT id FROM accounts.session WHERE account = %s", person.account)[0]
    for whom in (patient, None):
        assert hospital.value("SELECT gate.search_showed(%s, %s, 'contact_minutes')", session, whom) is False
