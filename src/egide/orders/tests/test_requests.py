"""A request opens the person to the unit that receives it, and to nobody else, until the result or the cancellation."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import Browser, statements, text
from egide.gate.tests.factories import Hospital, Patient
from egide.gate.tests.test_links import opens
from egide.rehearsal.workstation import Bearer

Browse = Callable[..., Browser]


class Scene:
    """A ward, a patient of it, a laboratory with somebody in it; who asks and who works, each with a browser."""

    def __init__(self, hospital: Hospital, browse: Browse, worker: str = "laboratory") -> None:
        self.hospital, self.browse = hospital, browse
        self.ward, self.platform = hospital.unit(), hospital.unit(kind="platform")
        self.kind = {"laboratory": "laboratory", "imaging": "imaging"}[worker]
        self.patient: Patient = hospital.patient(self.ward)
        self.path = f"/dossier/{self.patient.id}/"
        self.worker, self.cookie = hospital.signed_in(worker, self.platform)
        self.work = browse(self.cookie)

    def who(self, profession: str, *units: UUID) -> tuple[Bearer, Browser]:
        """Somebody signed in."""
        _person, cookie = self.hospital.signed_in(profession, *units)
        return cookie, self.browse(cookie)

    def ask(self, page: Browser | None = None, **changed: Any) -> Any:
        """The form, as a physician of the ward sends it."""
        page = page or self.who("physician", self.ward)[1]
        code = "crp" if self.kind == "laboratory" else "ct_head"
        form = {"codes": [code], "question": "Fièvre depuis hier.", "unit": str(self.platform)} | changed
        form = {name: value for name, value in form.items() if value is not None}
        return page.post(f"{self.path}examens/demander/{self.kind}/", form)

    def asked(self, **changed: Any) -> str:
        """The address of a request that was sent."""
        answer = self.ask(**changed)
        assert answer.status_code == 302, text(answer)[:600]
        return f"{self.path}examens/{self.rows()[-1]}/"

    def rows(self) -> list[UUID]:
        """The patient's requests, oldest first."""
        sql = "SELECT id FROM orders_examination WHERE patient_id = %s ORDER BY asked_at, id"
        return [row[0] for row in self.hospital.sql(sql, self.patient.id)]

    def steps(self) -> list[str]:
        """What was told of them."""
        sql = "SELECT step FROM orders_step WHERE patient_id = %s ORDER BY at"
        return [row[0] for row in self.hospital.sql(sql, self.patient.id)]


@pytest.fixture
def scene(hospital: Hospital, browser: Browse) -> Scene:
    return Scene(hospital, browser)


def test_a_request_opens_the_chart_to_the_unit_that_receives_it_and_to_nobody_else(scene: Scene) -> None:
    hospital = scene.hospital
    elsewhere = hospital.unit(kind="platform")
    others = {
        "laboratory elsewhere": scene.who("laboratory", elsewhere)[0],
        "laboratory without a unit": scene.who("laboratory")[0],
        "imaging": scene.who("imaging", hospital.unit(kind="platform"))[0],
        "nurse at the laboratory": scene.who("nurse", scene.platform)[0],
        "physician of another ward": scene.who("physician", hospital.unit())[0],
    }  # fmt: skip
    biologist, _ = scene.who("physician", scene.platform)
    assert opens(hospital, scene.cookie, scene.patient.id) == "no_link"
    scene.asked()
    assert opens(hospital, scene.cookie, scene.patient.id) == "work_list"
    assert opens(hospital, biologist, scene.patient.id) == "work_list"
    assert {name: opens(hospital, cookie, scene.patient.id) for name, cookie in others.items()} == dict.fromkeys(
        others, "no_link"
    )
    assert scene.patient.birth_name in text(scene.work.get("/examens/"))
    assert scene.patient.birth_name not in text(scene.browse(others["laboratory elsewhere"]).get("/examens/"))


def test_a_result_enters_the_chart_and_closes_it_to_who_gave_it(scene: Scene) -> None:
    address = scene.asked(urgent="1")
    listed = text(scene.work.get("/examens/"))
    assert "1 demande, 1 urgente" in listed
    assert "Fièvre depuis hier." in listed
    assert scene.work.post(address, {"step": "done"}).status_code == 302
    assert "prélevé" in text(scene.work.get(address))
    answer = scene.work.post(address, {"step": "reported", "words": "CRP 84 mg/L <b>"})
    assert answer["Location"] == "/examens/?fait=examen_rendu"
    assert opens(scene.hospital, scene.cookie, scene.patient.id) == "no_link"
    assert "Rien ne vous attend." in text(scene.work.get("/examens/"))
    _, nurse = scene.who("nurse", scene.ward)
    chart = nurse.get(scene.path).content.decode()
    assert "CRP 84 mg/L &lt;b&gt;" in chart
    assert scene.steps() == ["done", "reported"]
    acts = [one["reason"] for one in scene.hospital.entries(patient=scene.patient.id, kind="act")]
    assert acts == ["orders:examination:ask", "orders:examination:do", "orders:examination:report"]


def test_what_is_asked_and_told_is_sealed(scene: Scene) -> None:
    address = scene.asked(other="Dosage rare", codes=None)
    scene.work.post(address, {"step": "reported", "words": "Introuvable ailleurs"})
    stored = scene.hospital.sql("SELECT body FROM orders_examination WHERE patient_id = %s", scene.patient.id)
    stored += scene.hospital.sql("SELECT body FROM orders_step WHERE patient_id = %s", scene.patient.id)
    assert len(stored) == 2
    for (body,) in stored:
        assert not any(word in bytes(body) for word in (b"rare", b"Introuvable", "Fièvre".encode()))


def test_several_requests_are_several_lines_and_each_ends_alone(scene: Scene) -> None:
    first, second = scene.asked(), scene.asked(codes=["nfs"])
    third = scene.asked(codes=["inr"])
    scene.work.post(second, {"step": "reported", "words": "Hb 11"})
    assert opens(scene.hospital, scene.cookie, scene.patient.id) == "work_list"
    _, physician = scene.who("physician", scene.ward)
    assert physician.post(first, {"step": "cancelled", "words": "déjà fait"}).status_code == 302
    assert opens(scene.hospital, scene.cookie, scene.patient.id) == "work_list"
    assert scene.work.post(third, {"step": "cancelled", "words": "tube insuffisant"}).status_code == 302
    assert opens(scene.hospital, scene.cookie, scene.patient.id) == "no_link"
    outcomes = scene.hospital.sql(
        "SELECT outcome FROM gate.task WHERE patient_id = %s AND list = 'sample' ORDER BY id", scene.patient.id
    )
    assert outcomes == [("cancelled",), ("done",), ("cancelled",)]


def test_the_link_of_a_request_nobody_answers_ends_after_sixty_days(scene: Scene) -> None:
    address = scene.asked()
    move = "UPDATE gate.link SET since = since - %s, until = until - %s WHERE patient_id = %s AND basis = 'work_list'"
    for by, basis in ((timedelta(days=60, seconds=-20), "work_list"), (timedelta(seconds=21), "no_link")):
        scene.hospital.sql(move, by, by, scene.patient.id)
        assert opens(scene.hospital, scene.cookie, scene.patient.id) == basis
    assert scene.patient.birth_name not in text(scene.work.get("/examens/"))
    _, physician = scene.who("physician", scene.ward)
    assert physician.post(address, {"step": "cancelled", "words": "trop tard"}).status_code == 302


@pytest.mark.parametrize(
    ("profession", "asks", "samples", "reports"),
    [("physician", 302, 302, 403), ("midwife", 302, 302, 403), ("intern", 302, 302, 403), ("nurse", 403, 302, 403),
     ("care_assistant", 403, 403, 403), ("physiotherapist", 403, 403, 403), ("medical_secretary", 403, 403, 403)],
)  # fmt: skip
def test_who_asks_who_samples_and_who_reports(
    scene: Scene, profession: str, asks: int, samples: int, reports: int
) -> None:
    address = scene.asked()
    _, page = scene.who(profession, scene.ward)
    assert scene.ask(page, codes=["tsh"]).status_code == asks
    assert page.post(address, {"step": "done"}).status_code == samples
    assert page.post(address, {"step": "reported", "words": "CRP 4"}).status_code == reports
    if profession != "medical_secretary":
        assert page.post(address, {"step": "cancelled", "words": "essai"}).status_code == (302 if asks == 302 else 403)


def test_an_image_is_made_by_imaging_alone_and_says_why_it_is_asked(hospital: Hospital, browser: Browse) -> None:
    scene = Scene(hospital, browser, "imaging")
    answer = scene.ask(question="")
    assert answer.status_code == 422
    assert "un examen d&#39;imagerie se justifie" in answer.content.decode() or "se justifie" in text(answer)
    assert scene.rows() == []
    address = scene.asked()
    _, nurse = scene.who("nurse", scene.ward)
    assert nurse.post(address, {"step": "done"}).status_code == 403
    assert scene.work.post(address, {"step": "done"}).status_code == 302
    assert "réalisé" in text(scene.work.get("/examens/"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"codes": None, "question": "?"}, "Choisissez au moins un examen, ou nommez-le."),
        ({"codes": ["nowhere"]}, "Choisissez les examens dans la liste."),
        ({"codes": ["ct_head"]}, "Choisissez les examens dans la liste."),
        ({"codes": ["nfs", "crp", "tsh", "inr", "bnp", "pct", "lipase", "glucose", "calcium", "liver", "lipids",
                    "albumin", "proteins"]}, "au plus 12 examens"),
        ({"other": "x" * 201}, "Un autre examen tient en 200 signes."),
        ({"question": "x" * 1001}, "La question tient en 1 000 signes."),
        ({"wished": "demain"}, "Écrivez la date et l'heure"),
        ({"wished": "24/11/2020 08:00"}, "Cette heure est passée."),
        ({"wished": f"{datetime.now(UTC) + timedelta(days=32):%d/%m/%Y} 08:00"}, "trente jours à l'avance au plus"),
        ({"unit": ""}, "Choisissez qui reçoit la demande."),
        ({"unit": "là-bas"}, "Choisissez qui reçoit la demande."),
        ({"unit": str(uuid4())}, "ne reçoit pas de demandes de cette sorte"),
    ],
)  # fmt: skip
def test_bad_input_gets_its_sentence_and_nothing_is_asked(scene: Scene, typed: dict[str, Any], said: str) -> None:
    answer = scene.ask(**typed)
    assert answer.status_code == 422
    assert said in text(answer).replace("&#x27;", "'").replace("&#39;", "'").replace("\u202f", " ").replace("\xa0", " ")
    assert scene.rows() == []
    assert opens(scene.hospital, scene.cookie, scene.patient.id) == "no_link"


def test_a_ward_receives_no_request(scene: Scene) -> None:
    assert scene.ask(unit=str(scene.ward)).status_code == 422
    imaging = scene.hospital.unit(kind="platform")
    scene.hospital.person("imaging", imaging)
    assert scene.ask(unit=str(imaging)).status_code == 422
    refused = scene.hospital.entries(patient=scene.patient.id, kind="refuse", reason="unknown_receiver")
    assert len(refused) == 2


def test_nothing_is_asked_of_another_legal_entity(scene: Scene) -> None:
    """The group's other houses are other controllers: their laboratory would read the record whole."""
    hospital = scene.hospital
    ours, theirs = (hospital.new_site() for _ in range(2))
    entity = uuid4()
    hospital.sql("INSERT INTO directory_legalentity (id, name, finess) VALUES (%s, 'Sœur', %s)", entity, entity.hex[:9])
    hospital.sql("UPDATE directory_site SET entity_id = %s WHERE id = ANY (%s)", entity, [ours, theirs])
    ward, laboratory = hospital.unit(ours), hospital.unit(theirs, kind="platform")
    hospital.person("laboratory", laboratory, site=theirs)
    scene.asked()  # here
    patient = hospital.patient(ward, site=ours)
    page = scene.browse(hospital.sign_in(hospital.person("physician", ward, site=ours)))
    path = f"/dossier/{patient.id}/examens/demander/laboratory/"
    offered = page.get(path).content.decode()
    assert str(laboratory) in offered  # another site of the same entity
    assert str(scene.platform) not in offered
    assert page.post(path, {"codes": ["crp"], "unit": str(scene.platform)}).status_code == 422
    (row,) = hospital.entries(patient=patient.id, kind="refuse")
    assert (row["reason"], row["object"]) == ("unknown_receiver", f"sample:{scene.platform}")
    assert page.post(path, {"codes": ["crp"], "unit": str(laboratory)}).status_code == 302


def test_a_lapsed_request_is_cancelled_by_who_cares_once(scene: Scene) -> None:
    address = scene.asked()
    scene.hospital.sql(
        "UPDATE gate.link SET since = since - interval '61 days', until = until - interval '61 days'"
        " WHERE patient_id = %s AND basis = 'work_list'",
        scene.patient.id,
    )
    scene.asked(codes=["tsh"])  # what is asked next ends it
    lines = "SELECT outcome FROM gate.task WHERE patient_id = %s AND object IS NOT NULL ORDER BY id"
    assert scene.hospital.sql(lines, scene.patient.id) == [("lapsed",), (None,)]
    _, physician = scene.who("physician", scene.ward)
    assert physician.post(address, {"step": "cancelled", "words": "Plus utile."}).status_code == 302
    assert physician.post(address, {"step": "cancelled", "words": "Plus utile."}).status_code == 409
    assert scene.hospital.sql(lines, scene.patient.id) == [("cancelled",), (None,)]


def test_a_result_without_words_is_refused_beside_its_field(scene: Scene) -> None:
    address = scene.asked()
    for step, words, said in (
        ("reported", "", "Écrivez le résultat."), ("reported", "x" * 8001, "8 000 signes"),
        ("cancelled", " ", "Dites en quelques mots pourquoi."),
    ):  # fmt: skip
        answer = scene.work.post(address, {"step": step, "words": words})
        assert answer.status_code == 422
        assert said in text(answer).replace("\u202f", " ").replace("\xa0", " ")
    assert scene.work.post(address, {"step": "lost"}).status_code == 400
    assert scene.steps() == []


def test_what_is_told_twice_is_told_once(scene: Scene) -> None:
    address = scene.asked()
    _, nurse = scene.who("nurse", scene.ward)
    assert nurse.post(address, {"step": "done"}).status_code == 302
    again = scene.work.post(address, {"step": "done"})
    assert again.status_code == 409
    assert "Quelqu'un a déjà dit ce qu'il en est" in text(again).replace("&#x27;", "'").replace("&#39;", "'")
    assert scene.steps() == ["done"]


@pytest.mark.usefixtures("instant")
def test_the_same_form_sent_twice_is_one_request(scene: Scene) -> None:
    _, page = scene.who("physician", scene.ward)
    form = {"codes": ["nfs"], "unit": str(scene.platform)}
    answers = [page.post(f"{scene.path}examens/demander/laboratory/", form).status_code for _ in range(2)]
    assert answers == [302, 302]
    assert len(scene.rows()) == 1
    work = "SELECT 1 FROM gate.task WHERE patient_id = %s AND object IS NOT NULL"
    assert len(scene.hospital.sql(work, scene.patient.id)) == 1


def test_another_persons_request_is_not_hers(scene: Scene) -> None:
    address = scene.asked()
    other = scene.hospital.patient(scene.ward)
    _, physician = scene.who("physician", scene.ward)
    swapped = address.replace(str(scene.patient.id), str(other.id))
    assert physician.get(swapped).status_code == 400
    stranger, page = scene.who("physician", scene.hospital.unit())
    assert page.post(address, {"step": "cancelled", "words": "essai"}).status_code == 403
    assert opens(scene.hospital, stranger, scene.patient.id) == "no_link"
    assert scene.steps() == []


def test_who_works_by_list_writes_nothing_else(scene: Scene) -> None:
    scene.asked()
    answer = scene.hospital.open(
        scene.cookie, scene.patient.id, read=("identity", "stay", "clinical"), write=("clinical",)
    )
    assert answer["writes"] == []
    assert scene.work.post(scene.path + "constantes/", {"bp": "142/81"}).status_code == 403
    assert scene.work.post(scene.path + "allergie/", {"substance": "Latex"}).status_code == 403


def test_a_line_of_a_request_is_not_ticked_off(scene: Scene) -> None:
    scene.asked()
    (task,) = scene.hospital.sql(
        "SELECT id FROM gate.task WHERE patient_id = %s AND object IS NOT NULL", scene.patient.id
    )
    assert scene.work.post(f"/travail/{task[0]}/", {"outcome": "done"}).status_code == 403
    assert opens(scene.hospital, scene.cookie, scene.patient.id) == "work_list"


def test_the_list_is_printed_under_that_purpose_urgent_first(scene: Scene) -> None:
    scene.asked()
    scene.asked(codes=["troponin"], urgent="1")
    answer = scene.work.get("/examens/impression/")
    assert "print-view" in answer.content.decode()
    said = text(answer)
    assert said.index("Troponine") < said.index("CRP")
    (entry,) = scene.hospital.entries(account=scene.worker.account, kind="open", purpose="print")
    assert entry["ids"] == [scene.patient.id]


def test_the_list_makes_twelve_statements_however_long(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egide.gate.plan.KEPT_SECONDS", 3600.0)  # that no plan blanc is under way is known
    for code in ("nfs", "tsh", "inr"):
        scene.asked(codes=[code])
    for page, path in ((scene.work, "/examens/"), (scene.who("physician", scene.platform)[1], "/jour/")):
        page.get(path)
        with statements() as found:
            page.get(path)
        assert len(found) <= 12, found


def test_the_day_of_who_makes_examinations_begins_with_them(scene: Scene) -> None:
    assert scene.work.get("/")["Location"] == "/examens/"
    assert "Rien ne vous attend." in text(scene.work.get("/examens/"))
    scene.asked(urgent="1")
    assert "1 examen à faire, dont 1 urgent" in text(scene.work.get("/jour/"))
    _, ward = scene.who("physician", scene.ward)
    assert "/examens/" not in ward.get("/jour/").content.decode()
    assert "n'est de vos unités" in text(ward.get("/examens/")).replace("&#x27;", "'").replace("&#39;", "'")
