"""Arrivals through the pages: search, create, receive, admit, move, discharge; refusals, and what is linked."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests import browser as pages
from egide.identity.tests.people import Drawn, people
from egide.identity.tests.test_search import a_day, a_name
from egide.kernel.capabilities import Refused

EVERYTHING = ["identity", "contact", "ins", "stay"]


def text(answer: Any) -> str:
    """What is read, with typewriter apostrophes and plain spaces."""
    return unescape(pages.text(answer)).replace("’", "'").replace("\u00a0", " ").replace("\u202f", " ")


def french(day: str) -> str:
    year, month, at = day.split("-")
    return f"{at}/{month}/{year}"


def strict(name: str, day: str, **more: str) -> dict[str, str]:
    """The five traits as typed."""
    return {
        "birth_name": name, "first_name": "Jeanne", "birth_date": french(day), "sex": "F",
        "birth_place": "44109 Nantes", **more,
    }  # fmt: skip


def created(answer: Any) -> UUID:
    assert answer.status_code == 302, text(answer)
    assert answer["Location"].endswith("/sejour/?fait=identite")
    return UUID(answer["Location"].split("/")[2])


@pytest.fixture
def desk(hospital: Any, browser: Any) -> Any:
    """An admission clerk of the site, without a unit, signed in."""
    return browser(hospital.signed_in("admission_clerk")[1])


def arrived(desk: Any, name: str | None = None) -> UUID:
    return created(desk.post("/arrivee/creer/", strict(name or a_name(), a_day(), another="1", unmask="1")))


def admitted(desk: Any, unit: UUID, bed: UUID | None = None) -> UUID:
    patient = arrived(desk)
    answer = desk.post(f"/dossier/{patient}/sejour/admettre/", {"unit": str(unit), "bed": str(bed) if bed else ""})
    assert answer.status_code == 302, text(answer)
    return patient


def rows(hospital: Any, patient: UUID) -> list[tuple[Any, ...]]:
    return hospital.sql(  # type: ignore[no-any-return]
        "SELECT unit_id, bed_id, discharged_at IS NULL FROM stays_stay WHERE patient_id = %s ORDER BY admitted_at, 3",
        patient,
    )


def links(hospital: Any, patient: UUID) -> list[tuple[Any, ...]]:
    return hospital.sql(  # type: ignore[no-any-return]
        "SELECT basis, unit, until IS NULL FROM gate.link WHERE patient_id = %s AND basis <> 'work_list' ORDER BY id",
        patient,
    )


def acts(hospital: Any, patient: UUID) -> list[str]:
    found = hospital.sql("SELECT reason FROM audit.entry WHERE kind = 'act' AND ids @> ARRAY[%s] ORDER BY id", patient)
    return [row[0] for row in found]


def test_a_search_that_finds_nobody_offers_to_create_and_carries_what_was_typed(desk: Any) -> None:
    name, day = a_name(), a_day()
    answer = desk.post("/patients/", {"name": name, "first_name": "Jeanne", "birth_date": french(day)})
    assert "Créer une identité" in text(answer)
    answer = desk.post("/arrivee/", {"name": name, "first_name": "Jeanne", "birth_date": french(day), "place": ""})
    body = answer.content.decode()
    assert answer.status_code == 200
    assert f'value="{name}"' in body
    assert f'value="{french(day)}"' in body
    assert "checked" not in body  # no default sex


def test_from_creation_to_the_nurses_list_and_out(hospital: Any, browser: Any, desk: Any) -> None:
    unit, other = hospital.unit(), hospital.unit()
    bed = hospital.bed(unit, "214", "F")
    nurse = browser(hospital.signed_in("nurse", unit)[1])
    name = a_name()
    patient = arrived(desk, name)
    page = desk.get(f"/dossier/{patient}/sejour/?unite={unit}")
    assert "214 F" in text(page)
    assert "provisoire" in text(page)
    answer = desk.post(f"/dossier/{patient}/sejour/admettre/", {"unit": str(unit), "bed": str(bed)})
    assert answer["Location"] == f"/dossier/{patient}/sejour/?fait=admission"
    after = desk.get(f"/dossier/{patient}/sejour/?unite={unit}")
    assert f'value="{bed}"' not in after.content.decode()
    assert f"214 F {name}" in text(nurse.get(f"/unite/{unit}/"))
    assert nurse.get(f"/dossier/{patient}/").status_code == 200
    assert desk.post(f"/dossier/{patient}/sejour/deplacer/", {"unit": str(other), "bed": ""}).status_code == 302
    assert name not in text(nurse.get(f"/unite/{unit}/"))
    assert nurse.get(f"/dossier/{patient}/").status_code == 403
    assert desk.post(f"/dossier/{patient}/sejour/sortir/", {"at": ""}).status_code == 302
    assert rows(hospital, patient) == [(unit, bed, False), (other, None, False)]
    assert links(hospital, patient) == [
        ("arrival", None, False), ("stay", unit, False), ("attending", unit, False), ("stay", other, False),
        ("attending", other, False),
    ]  # fmt: skip
    assert acts(hospital, patient) == [
        "identity:patient:create", "stays:stay:admit", "stays:stay:move", "stays:stay:discharge",
    ]  # fmt: skip


def test_the_file_number_goes_with_the_person_and_is_no_one_elses(hospital: Any, desk: Any) -> None:
    unit = hospital.unit()
    one, two = admitted(desk, unit), admitted(desk, unit)
    desk.post(f"/dossier/{one}/sejour/deplacer/", {"unit": str(unit), "bed": str(hospital.bed(unit))})
    numbers = {}
    for patient in (one, two):
        keys = hospital.physician_of(patient)
        found = hospital.sql("SELECT id, nda FROM stays_stay WHERE patient_id = %s", patient)
        numbers[patient] = [keys.unseal("stay", patient, "stays_stay", "nda", row, nda) for row, nda in found]
    assert len(numbers[one]) == 2
    assert len(set(numbers[one])) == 1
    assert numbers[one][0] != numbers[two][0]


def test_a_taken_bed_is_said_beside_the_list_and_nothing_is_written(hospital: Any, desk: Any) -> None:
    unit = hospital.unit()
    bed = hospital.bed(unit)
    admitted(desk, unit, bed)
    patient = arrived(desk)
    answer = desk.post(f"/dossier/{patient}/sejour/admettre/", {"unit": str(unit), "bed": str(bed)})
    assert answer.status_code == 422
    assert "vient d'être pris" in text(answer)
    assert rows(hospital, patient) == []
    assert links(hospital, patient) == [("arrival", None, False)]


def test_nobody_is_admitted_twice_nor_to_where_she_lies(hospital: Any, desk: Any) -> None:
    unit = hospital.unit()
    patient = admitted(desk, unit)
    assert desk.post(f"/dossier/{patient}/sejour/admettre/", {"unit": str(hospital.unit())}).status_code == 409
    assert desk.post(f"/dossier/{patient}/sejour/deplacer/", {"unit": str(unit)}).status_code == 422
    assert len(rows(hospital, patient)) == 1


def test_a_bed_of_another_unit_and_a_unit_of_another_site_are_refused(hospital: Any, desk: Any) -> None:
    patient, unit = arrived(desk), hospital.unit()
    far = hospital.unit(hospital.new_site())
    bed = hospital.bed(hospital.unit())
    assert desk.post(f"/dossier/{patient}/sejour/admettre/", {"unit": str(unit), "bed": str(bed)}).status_code == 422
    for away in (far, uuid4()):
        assert desk.post(f"/dossier/{patient}/sejour/admettre/", {"unit": str(away)}).status_code == 422
    assert rows(hospital, patient) == []


def test_a_unit_is_not_filled_beyond_its_beds(hospital: Any, desk: Any) -> None:
    unit = hospital.unit()
    hospital.patients(unit, 5)
    patient = arrived(desk)
    answer = desk.post(f"/dossier/{patient}/sejour/admettre/", {"unit": str(unit)})
    assert answer.status_code == 422
    assert "plus de présents" in text(answer)


@pytest.mark.parametrize("shift", [timedelta(days=1), timedelta(days=-31)])
def test_an_admission_is_neither_to_come_nor_long_past(hospital: Any, desk: Any, shift: timedelta) -> None:
    patient, at = arrived(desk), datetime.now(UTC) + shift
    answer = desk.post(
        f"/dossier/{patient}/sejour/admettre/", {"unit": str(hospital.unit()), "at": f"{at:%d/%m/%Y %H:%M}"}
    )
    assert answer.status_code == 422
    assert rows(hospital, patient) == []


def test_a_discharge_before_the_admission_or_to_come_is_refused(hospital: Any, desk: Any) -> None:
    patient = admitted(desk, hospital.unit())
    for shift in (timedelta(days=-2), timedelta(days=2)):
        at = datetime.now(UTC) + shift
        answer = desk.post(f"/dossier/{patient}/sejour/sortir/", {"at": f"{at:%d/%m/%Y %H:%M}"})
        assert answer.status_code == 422, text(answer)
    assert rows(hospital, patient)[0][2]
    assert desk.post(f"/dossier/{patient}/sejour/sortir/", {"at": "hier"}).status_code == 422
    assert desk.post(f"/dossier/{patient}/sejour/sortir/", {}).status_code == 302
    assert desk.post(f"/dossier/{patient}/sejour/sortir/", {}).status_code == 409


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"birth_name": ""}, "nom de naissance"), ({"first_name": " "}, "premier prénom"), ({"birth_date": ""}, "date"),
        ({"sex": ""}, "Choisissez"), ({"sex": "X"}, "Choisissez"), ({"birth_place": ""}, "commune"),
        ({"birth_date": "12/03/2099"}, "avenir"), ({"birth_date": "31/02/1980"}, "n'existe pas"),
        ({"birth_date": "12/03/1750"}, "si tôt"), ({"birth_name": "A" * 200}, "100"),
        ({"birth_name": "🙂"}, "lettres"), ({"birth_name": "DU\x00RAND"}, ""), ({"birth_name": "東京"}, "latines"),
        ({"first_name": "<script>alert(1)</script>"}, "lettres"), ({"birth_place": "12"}, "INSEE"),
        ({"used_name": "M4RTIN"}, "lettres"),
    ],
)  # fmt: skip
def test_what_is_no_identity_comes_back_beside_its_field(
    hospital: Any, desk: Any, change: dict[str, str], said: str
) -> None:
    before = hospital.value("SELECT count(*) FROM identity_patient")
    answer = desk.post("/arrivee/creer/", strict(a_name(), a_day()) | change)
    assert answer.status_code == 422
    assert said in text(answer)
    assert "<script>alert" not in answer.content.decode()
    assert hospital.value("SELECT count(*) FROM identity_patient") == before


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("?/03/1952", "1952-03-01"), ("1952", "1952-12-31"), ("??/??/1952", "1952-12-31"), ("12/03/1952", "1952-03-12")],
)
def test_an_unknown_day_is_stored_as_rniv_says(django: None, typed: str, stored: str) -> None:
    from egide.identity.forms import NewIdentity

    form = NewIdentity(
        strict("DURAND", "1952-03-12") | {"birth_date": typed, "used_name": "Durand", "used_first_name": "Jo"}
    )
    assert form.is_valid(), form.errors
    traits = form.traits()
    assert traits["birth_date"] == stored
    assert traits["birth_place"] == "44109|NANTES"
    assert "used_name" not in traits  # the same as the birth name
    assert traits["used_first_name"] == "JO"


def test_somebody_like_her_is_shown_before_anybody_is_created(hospital: Any, desk: Any) -> None:
    name, day = a_name(), a_day()
    people(hospital, Drawn(name, "JEANNE", day))
    typed = strict(name, day)
    answer = desk.post("/arrivee/creer/", typed)
    assert answer.status_code == 409
    assert "Comparez avant de créer" in text(answer)
    assert name in text(answer)
    created(desk.post("/arrivee/creer/", typed | {"another": "1"}))


def test_somebody_known_is_received_after_the_search_that_showed_her(hospital: Any, browser: Any, desk: Any) -> None:
    name, day = a_name(), a_day()
    (patient,) = people(hospital, Drawn(name, "JEANNE", day))
    assert desk.post(f"/dossier/{patient}/acceder/accueil/").status_code == 409
    answer = desk.post("/patients/", {"name": name, "first_name": "Jeanne", "birth_date": french(day)})
    assert "Accueillir" in text(answer)
    assert desk.post(f"/dossier/{patient}/acceder/accueil/").status_code == 302
    assert desk.get(f"/dossier/{patient}/sejour/").status_code == 200
    assert links(hospital, patient) == [("arrival", None, False)]
    desk.post(f"/dossier/{patient}/acceder/accueil/")
    assert len(links(hospital, patient)) == 1


@pytest.mark.parametrize("profession", ["nurse", "physician", "dpo", "billing"])
def test_other_professions_create_receive_and_admit_nobody(hospital: Any, browser: Any, profession: str) -> None:
    unit = hospital.unit()
    patient = hospital.patient(unit)
    _, cookie = hospital.signed_in(profession, unit)
    page = browser(cookie)
    assert page.get("/arrivee/").status_code == 403
    assert page.post("/arrivee/creer/", strict(a_name(), a_day())).status_code == 403
    assert page.post(f"/dossier/{patient.id}/acceder/accueil/").status_code == 403
    for verb in ("admettre", "deplacer", "sortir"):
        assert page.post(f"/dossier/{patient.id}/sejour/{verb}/", {"unit": str(unit)}).status_code == 403
    with pytest.raises(Refused, match="category_closed"):
        hospital.web.call("create", cookie=cookie, traits={}, read=EVERYTHING, write=EVERYTHING)


def test_the_keeper_creates_nobody_without_a_search_of_this_session(hospital: Any) -> None:
    person, cookie = hospital.signed_in("admission_clerk")
    traits = {"birth_name": [a_name()], "first_names": ["JEANNE"], "birth_date": [a_day()]}
    asked = {"traits": traits, "read": EVERYTHING, "write": [*EVERYTHING, "clinical"]}
    with pytest.raises(Refused, match="search_first"):
        hospital.web.call("create", cookie=cookie, **asked)
    other = hospital.sign_in(person)
    hospital.finder.call("search", cookie=other, typed={"name": a_name(), "birth_date": a_day()}, unmask=False)
    with pytest.raises(Refused, match="search_first"):
        hospital.web.call("create", cookie=cookie, **asked)
    answer = hospital.web.call("create", cookie=other, **asked)
    assert sorted(answer["writes"]) == sorted(EVERYTHING)
    assert len(answer["ids"]) == 1


def test_a_desk_has_a_pace(hospital: Any) -> None:
    _, cookie = hospital.signed_in("medical_secretary")
    hospital.finder.call("search", cookie=cookie, typed={"name": a_name(), "birth_date": a_day()}, unmask=False)
    asked = {
        "traits": {"birth_name": ["DURAND"], "birth_date": ["1952-03-12"]},
        "read": EVERYTHING,
        "write": EVERYTHING,
    }
    for _ in range(4):
        hospital.web.call("create", cookie=cookie, **asked)
    with pytest.raises(Refused, match="arrival_pace"):
        hospital.web.call("create", cookie=cookie, **asked)


def test_the_desks_link_ends_after_a_day(hospital: Any, desk: Any) -> None:
    patient = arrived(desk)
    hospital.sql(
        "UPDATE gate.link SET since = since - interval '25 hours', until = until - interval '25 hours'"
        " WHERE patient_id = %s", patient,
    )  # fmt: skip
    assert desk.get(f"/dossier/{patient}/sejour/").status_code == 403


def test_the_desk_sees_no_clinical_datum_of_whom_it_received(hospital: Any, desk: Any) -> None:
    patient = admitted(desk, hospital.unit())
    hospital.problem(patient, "Secret de soin")
    answer = desk.get(f"/dossier/{patient}/")
    assert answer.status_code == 200
    assert "Secret de soin" not in text(answer)
    assert "Séjour" in text(answer)


def test_the_units_word_changes_with_each_arrival_and_departure_and_is_the_units_own(
    hospital: Any, browser: Any, desk: Any
) -> None:
    unit = hospital.unit()
    nurse, other = (
        browser(hospital.signed_in("nurse", unit)[1]),
        browser(hospital.signed_in("nurse", hospital.unit())[1]),
    )
    said = [nurse.get(f"/unite/{unit}/changements/").content]
    patient = admitted(desk, unit)
    said.append(nurse.get(f"/unite/{unit}/changements/").content)
    desk.post(f"/dossier/{patient}/sejour/sortir/", {})
    said.append(nurse.get(f"/unite/{unit}/changements/").content)
    assert said[0] != said[1] != said[2]
    assert other.get(f"/unite/{unit}/changements/").content == b""
