"""Each page: how many statements it makes, what its headers say, whom it shows, and what it says when it cannot."""

from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import Browser, statements, text
from egide.gate.tests.factories import Hospital, Patient

Browse = Callable[..., Browser]

# Statements on the wire once the directory is known to the process (it is read once a minute: one more, then).
# RESET ALL, BEGIN, CLOSE ALL, the ticket, the reads, COMMIT. At most 12 (screens).
EXACTLY = {
    "/": 0,
    "/aide/": 0,
    "/vivant/": 0,
    "/sante/": 0,
    "/connexion/": 0,
    "/sessions/": 6,
    "/unite/{unit}/": 9,
    "/dossier/{patient}/": 12,
    "/dossier/{patient}/constantes/": 8,
    "/dossier/{patient}/courbe/": 9,
    "/dossier/{patient}/acces/": 9,
    "/dossier/{patient}/avis/": 10,
    "/dossier/{patient}/acceder/": 7,
    "/notifications/": 7,
    "/poste/": 6,
    "/patients/": 0,
}
STATUS = {"/": 302, "/vivant/": 204, "/dossier/{patient}/acceder/": 403}  # 200 for the others


@pytest.fixture
def unit(hospital: Hospital) -> UUID:
    return hospital.unit()


@pytest.fixture
def patient(hospital: Hospital, unit: UUID) -> Patient:
    return hospital.patient(unit, bed=hospital.bed(unit, "214", "F"), birth_name="DURAND", first_name="Jeanne")


@pytest.fixture
def nurse(hospital: Hospital, browser: Browse, unit: UUID, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """A nurse of the unit; the process knows the directory, and that no plan blanc is under way."""
    monkeypatch.setattr("egide.gate.plan.KEPT_SECONDS", 3600.0)
    page = browser(hospital.signed_in("nurse", unit)[1])
    page.get(f"/unite/{unit}/")
    return page


@pytest.mark.parametrize(("address", "exactly"), EXACTLY.items())
def test_a_page_makes_exactly_these_statements(
    nurse: Browser, unit: UUID, patient: Patient, address: str, exactly: int
) -> None:
    path = address.format(unit=unit, patient=patient.id)
    with statements() as found:
        answer = nurse.get(path)
    assert answer.status_code == STATUS.get(address, 200)
    assert len(found) == exactly, found
    assert exactly <= 12


@pytest.mark.parametrize("profession", ["nurse", "physician", "dpo"])
def test_no_page_of_the_resolver_makes_more_than_twelve(
    hospital: Hospital, browser: Browse, unit: UUID, patient: Patient, profession: str
) -> None:
    """Whoever asks, whatever the page: one that nobody counted above is held to the limit all the same."""
    import re

    from django.urls import get_resolver

    def addresses(patterns: list[Any], before: str = "") -> list[str]:
        found: list[str] = []
        for one in patterns:
            address = before + str(one.pattern)
            found += addresses(one.url_patterns, address) if hasattr(one, "url_patterns") else [address]
        return found

    page = browser(hospital.signed_in(profession, unit)[1])
    page.get("/aide/")
    counted = {}
    for address in addresses(get_resolver().url_patterns):
        path = "/" + address.replace("<uuid:patient>", str(patient.id)).replace("<uuid:unit>", str(unit))
        path = re.sub(r"<uuid:\w+>", str(uuid4()), re.sub(r"<int:\w+>", "1", path))
        if "<" not in path and "^" not in path:
            with statements() as found:
                page.get(path, Sec_Fetch_Site="none")
            counted[path] = len(found)
    assert len(counted) > 15
    assert {path: count for path, count in counted.items() if count > 12} == {}


def test_the_number_does_not_grow_with_the_patients(hospital: Hospital, nurse: Browser, unit: UUID) -> None:
    hospital.patients(unit, 30)
    with statements() as found:
        body = nurse.get(f"/unite/{unit}/").content.decode()
    assert body.count("ESSAI") >= 30
    assert len(found) == EXACTLY["/unite/{unit}/"]


def test_writing_a_reading_makes_exactly_these_statements(nurse: Browser, patient: Patient) -> None:
    """RESET ALL, is the connection alive, BEGIN, CLOSE ALL, the ticket, one INSERT for all values, the act, COMMIT."""
    form = {"bp": "142/81", "pulse": "80", "temperature": "37,2", "comment": "x"}
    with statements() as found:
        answer = nurse.post(f"/dossier/{patient.id}/constantes/", form)
    assert answer.status_code == 302
    assert len(found) == 8, found


def test_a_refusal_makes_only_the_statements_of_the_page_of_doors(hospital: Hospital, nurse: Browser) -> None:
    """The closed chart's page says what concerns the actor alone; nothing is asked about whom it refuses."""
    with statements() as found:
        assert nurse.get(f"/dossier/{hospital.stranger()}/").status_code == 403
    assert len(found) == 9, found


FROM_ELSEWHERE: dict[str, dict[str, str | None]] = {
    "opened before the last sign-in": {"X_CSRFToken": "b" * 32},
    "without its token": {"X_CSRFToken": None},
    "of another site": {"Sec_Fetch_Site": "cross-site"},
    "of no page": {"Sec_Fetch_Site": "none"},
    "of a browser that does not say": {"Sec_Fetch_Site": None},
}


@pytest.mark.parametrize("forged", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
def test_an_old_form_is_refused_in_a_sentence_and_writes_nothing(
    hospital: Hospital, nurse: Browser, patient: Patient, forged: dict[str, str | None]
) -> None:
    path = f"/dossier/{patient.id}/constantes/"
    answer = nurse.post(path, {"bp": "142/81"}, False, **forged)
    assert answer.status_code == 403
    said = unescape(text(answer))
    assert "Formulaire périmé" in said
    assert "rien n'a été enregistré" in said
    assert "Revenez en arrière, rechargez la page et recommencez." in said
    assert "142" not in said
    measured = "SELECT count(*) FROM record_measurement WHERE patient_id = %s"
    assert hospital.value(measured, patient.id) == 0
    assert hospital.entries(patient=patient.id, kind="act") == []
    assert nurse.post(path, {"bp": "142/81"}).status_code == 302  # the same form, from our own page
    assert hospital.value(measured, patient.id) == 2


def test_the_counter_counts(hospital: Hospital, nurse: Browser) -> None:
    from django.db import connection, transaction

    with statements() as found, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT %s::int", [1])
    assert len(found) == 4  # BEGIN and COMMIT too


@pytest.mark.parametrize("address", EXACTLY)
def test_nothing_is_kept_and_nothing_foreign_is_run(nurse: Browser, unit: UUID, patient: Patient, address: str) -> None:
    answer = nurse.get(address.format(unit=unit, patient=patient.id))
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = {part.split()[0]: part.split()[1:] for part in answer["Content-Security-Policy"].split(";")}
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    body = answer.content.decode()
    assert "style=" not in body
    assert " onclick=" not in body
    assert "DURAND" not in str(answer.headers)


def test_the_unit_shows_its_patients_by_bed_and_nobody_else(
    hospital: Hospital, nurse: Browser, unit: UUID, patient: Patient
) -> None:
    hospital.patient(unit, birth_name="AUTRELIT", bed=hospital.bed(unit, "101", "P"))
    hospital.patient(hospital.unit(), birth_name="AILLEURS")
    shown = text(nurse.get(f"/unite/{unit}/"))
    assert shown.index("AUTRELIT") < shown.index("DURAND")
    assert "AILLEURS" not in shown
    assert "214 F" in shown


def test_the_chart_shows_the_banner_problems_allergies_and_stay(
    hospital: Hospital, nurse: Browser, patient: Patient
) -> None:
    hospital.problem(patient.id, "Asthme léger")
    hospital.problem(patient.id, "Épisode délirant", category="protected")
    hospital.allergy(patient.id, "Pénicilline")
    shown = text(nurse.get(f"/dossier/{patient.id}/"))
    for words in ("DURAND", "Jeanne", "12/03/1952", "214 F", "Asthme léger", "Épisode délirant", "Pénicilline"):
        assert words in shown, words


def test_who_opened_shows_openings_and_refusals(
    hospital: Hospital, browser: Browse, nurse: Browser, patient: Patient
) -> None:
    other, cookie = hospital.signed_in("physician", hospital.unit())
    browser(cookie).get(f"/dossier/{patient.id}/")
    shown = text(nurse.get(f"/dossier/{patient.id}/acces/"))
    assert other.name in shown
    assert "refus" in shown.lower()


@pytest.mark.parametrize("page", ["", "constantes/", "courbe/", "acces/"])
def test_an_unknown_patient_is_answered_as_another_units(hospital: Hospital, browser: Browse, page: str) -> None:
    unit, stranger, nobody = hospital.unit(), hospital.stranger(), uuid4()
    bodies = []
    for one in (stranger, nobody):
        _, cookie = hospital.signed_in("nurse", unit)
        reader = browser(cookie)
        answer = reader.get(f"/dossier/{one}/{page}")
        assert answer.status_code == 403
        name = hospital.value("SELECT name FROM accounts.account a JOIN accounts.session s ON s.account = a.id"
                              " ORDER BY s.created_at DESC LIMIT 1")  # fmt: skip
        bodies.append(answer.content.decode().replace(str(one), "ID").replace(name, "NAME"))
    assert without_tokens(bodies[0]) == without_tokens(bodies[1])


def without_tokens(body: str) -> str:
    import re

    body = re.sub(r'data-session="[0-9a-f]{8}"', "", body)
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", re.sub(r"\d{2}:\d{2}", "", body))


def test_another_unit_is_refused_with_a_sentence(hospital: Hospital, nurse: Browser) -> None:
    foreign = hospital.unit()
    hospital.patient(foreign, birth_name="AILLEURS")
    answer = nurse.get(f"/unite/{foreign}/")
    assert answer.status_code == 403
    assert "Vous n'êtes pas en poste dans cette unité" in text(answer).replace("&#39;", "'")
    assert "AILLEURS" not in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/dossier/x/", 404), ("/dossier/00000000-0000-0000-0000-000000000000/", 403),
        ("/unite/'; DROP TABLE x;--/", 404), ("/unite/%00/", 404), ("/admin/", 404), ("/metrics", 404),
        ("/.git/config", 404), ("/statique/../settings.py", 404),
        ("/statique/x/../../settings.py", 404), ("/" + "a" * 5000, 404), ("/dossier//", 404), ("/%ff", 404),
        ("/sessions/00000000-0000-0000-0000-000000000000/revoquer/", 405),
    ],
)  # fmt: skip
def test_an_address_that_leads_nowhere_says_so(nurse: Browser, path: str, status: int) -> None:
    answer = nurse.get(path)
    assert answer.status_code == status
    body = answer.content.decode()
    assert "Traceback" not in body
    assert "egide." not in body.lower().replace("egide.js", "").replace("egide.css", "")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1", "x" * 300, "localhost:8499@evil"]
)
def test_another_host_name_is_refused(nurse: Browser, host: str) -> None:
    nurse.client.defaults["HTTP_HOST"] = host
    assert nurse.get("/aide/").status_code == 400


def test_too_large_a_form_is_refused_in_a_sentence(nurse: Browser, patient: Patient, hospital: Hospital) -> None:
    path = f"/dossier/{patient.id}/constantes/"
    answers = [
        nurse.post(path, {"comment": "x" * 400_000}),
        nurse.post(path, {f"f{n}": "x" for n in range(1700)}),
        nurse.post_raw(path, b"comment=" + b"x" * 400_000),
    ]
    for answer in answers:
        assert answer.status_code == 413
        assert "Traceback" not in answer.content.decode()
    assert hospital.value("SELECT count(*) FROM record_measurement WHERE patient_id = %s", patient.id) == 0


def test_a_file_is_not_taken(nurse: Browser, patient: Patient, hospital: Hospital) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = nurse.post(f"/dossier/{patient.id}/constantes/", {"comment": SimpleUploadedFile("x.exe", b"MZ")})
    assert answer.status_code == 422
    assert hospital.value("SELECT count(*) FROM record_measurement WHERE patient_id = %s", patient.id) == 0


def test_a_fault_shows_no_trace_and_logs_no_value(
    hospital: Hospital, nurse: Browser, patient: Patient, caplog: pytest.LogCaptureFixture
) -> None:
    """A sealed value moved to another row by the owner of the base: the page stops, and tells nothing of either."""
    other = hospital.patient(hospital.unit(), birth_name="AUTREPERSONNE")
    sealed = hospital.value("SELECT sealed FROM identity_trait WHERE id = %s", other.trait_ids["birth_name"])
    hospital.sql("UPDATE identity_trait SET sealed = %s WHERE id = %s", sealed, patient.trait_ids["birth_name"])
    nurse.client.raise_request_exception = False
    answer = nurse.get(f"/dossier/{patient.id}/")
    assert answer.status_code == 500
    body = answer.content.decode()
    assert "Incident technique" in body
    for leaked in ("AUTREPERSONNE", "DURAND", "Traceback", "CannotUnseal", "identity_trait"):
        assert leaked not in body
    for leaked in ("AUTREPERSONNE", "DURAND", "Traceback", str(patient.id)):
        assert leaked not in caplog.text


def test_a_template_that_asks_the_database_is_stopped(nurse: Browser, unit: UUID) -> None:
    from django.http import HttpRequest
    from django.test import RequestFactory

    from egide.directory.models import Unit
    from egide.gate.reading import RenderingReads, fetch_with
    from egide.ui import QueryWhileRenderingError, page

    class Lazy:
        def __init__(self, ask: Callable[[], object]) -> None:
            self.ask = ask

        def __str__(self) -> str:
            return str(self.ask())

    request: HttpRequest = RequestFactory().get("/", SERVER_NAME="localhost")
    for asked, wall in ((Unit.objects.count, QueryWhileRenderingError), (lambda: fetch_with("1.2"), RenderingReads)):
        with pytest.raises(wall):
            page(request, "ui/notice.html", sentence=Lazy(asked), title="t", next_step="n", icon="lock")
    assert nurse.get(f"/unite/{unit}/").status_code == 200


def test_every_page_of_somebody_listens_to_the_live_channel(hospital: Hospital, browser: Browse) -> None:
    _, cookie = hospital.signed_in("nurse", hospital.unit())
    page = browser(cookie)
    for path in ("/jour/", "/aide/", "/sessions/", "/poste/"):
        body = page.get(path).content.decode()
        assert 'data-live="http://localhost:8501/direct/"' in body, path
        assert 'data-session="' in body, path
