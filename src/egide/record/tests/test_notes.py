"""Notes and transmissions: drafts that only their author reads, even by SQL; what is signed; what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from egide.gate.opening import chart_from
from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital, Patient, Person

Browse = Callable[..., Browser]
FIELDS = {"note": ("observation", "care", "plan"), "transmission": ("target", "data", "actions", "results")}
PAIN = {"target": "Douleur", "data": "EN 7/10, épaule", "actions": "Paracétamol 1 g", "results": "EN 3/10"}


class Desk:
    """A unit, its patient, somebody signed in, her browser."""

    def __init__(self, hospital: Hospital, browser: Browse, profession: str = "nurse") -> None:
        self.hospital, self.browse = hospital, browser
        self.unit: UUID = hospital.unit()
        self.patient: Patient = hospital.patient(self.unit)
        self.person: Person
        self.person, self.cookie = hospital.signed_in(profession, self.unit)
        self.page = browser(self.cookie)
        self.chart = f"/dossier/{self.patient.id}/"

    def another(self, profession: str = "nurse") -> Browser:
        """A colleague of the same unit."""
        return self.browse(self.hospital.signed_in(profession, self.unit)[1])

    def typed(self, kind: str = "transmission", draft: UUID | None = None, **sections: str) -> dict[str, str]:
        said = sections or (PAIN if kind == "transmission" else {"observation": "Nuit calme."})
        return {"draft": str(draft or uuid4()), "revision": "0", **said}

    def notes(self) -> list[dict[str, Any]]:
        keys = self.hospital.physician_of(self.patient.id)
        return [
            keys.unseal("clinical", self.patient.id, "record_note", "body", row, body)
            for row, body in self.hospital.sql(
                "SELECT id, body FROM record_note WHERE patient_id = %s ORDER BY recorded_at", self.patient.id
            )
        ]

    def drafts(self) -> list[tuple[Any, ...]]:
        return self.hospital.sql(
            "SELECT id, author, revision, body, ended_at FROM record_draft WHERE patient_id = %s", self.patient.id
        )

    def acts(self) -> list[str]:
        return [entry["reason"] for entry in self.hospital.entries(patient=self.patient.id, kind="act")]


@pytest.fixture
def desk(hospital: Hospital, browser: Browse) -> Desk:
    """A nurse and one patient."""
    return Desk(hospital, browser)


@pytest.mark.usefixtures("instant")
@pytest.mark.parametrize("kind", FIELDS)
def test_what_is_signed_is_sealed_once_and_read_by_the_team(desk: Desk, kind: str) -> None:
    typed = desk.typed(kind)
    answers = [desk.page.post(desk.chart + kind + "/", typed) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == [f"{desk.chart}?fait={kind}"] * 2
    (body,) = desk.notes()
    assert {slug: said for slug, said in body.items() if said} == {s: v for s, v in typed.items() if s in FIELDS[kind]}
    assert desk.acts() == [f"record:{kind}:create"]
    shown = text(desk.another("physician").get(desk.chart))
    for slug in FIELDS[kind]:
        assert typed.get(slug, "") in shown
    ((_, author, _, kept, ended),) = desk.drafts()
    assert (author, kept) == (desk.person.account, None)
    assert ended is not None
    sealed = desk.hospital.value("SELECT body FROM record_note WHERE patient_id = %s", desk.patient.id)
    assert b"calme" not in bytes(sealed)
    assert b"Douleur" not in bytes(sealed)


def test_a_draft_comes_back_to_its_author_alone(desk: Desk) -> None:
    draft = uuid4()
    path = desk.chart + "transmission/"
    typed = desk.typed(draft=draft, target="Angoisse", data="dit avoir peur de")
    answer = desk.page.post(path + "brouillon/", typed, htmx=True)
    assert answer.status_code == 200
    assert 'value="1"' in answer.content.decode()
    more = {**typed, "revision": "1", "data": "dit avoir peur de la nuit"}
    assert 'value="2"' in desk.page.post(path + "brouillon/", more, htmx=True).content.decode()
    assert "dit avoir peur de la nuit" in text(desk.page.get(path))
    assert "dit avoir peur" in text(
        desk.browse(desk.hospital.sign_in(desk.person)).get(path)
    )  # another session of hers
    other = desk.another()
    for page in (path, desk.chart, desk.chart + "note/"):
        assert "avoir peur" not in text(other.get(page))
    assert desk.acts() == ["record:draft:create"]  # keeping it again is no act
    assert b"peur" not in bytes(desk.drafts()[0][3])


def test_a_draft_is_closed_to_a_linked_colleague_who_runs_sql_as_the_web(desk: Desk) -> None:
    draft = uuid4()
    desk.page.post(desk.chart + "note/brouillon/", desk.typed("note", draft), htmx=True)
    _, cookie = desk.hospital.signed_in("physician", desk.unit)
    mine = desk.hospital.open(desk.cookie, desk.patient.id, write=("clinical",))["ticket"]
    theirs = desk.hospital.open(cookie, desk.patient.id, write=("clinical",))["ticket"]
    for ticket, seen in ((mine, 1), (theirs, 0)):
        with desk.hospital.as_web(ticket) as web:
            assert web.execute("SELECT count(*) FROM record_draft").fetchone() == (seen,)
            changed = web.execute("UPDATE record_draft SET revision = revision + 1 WHERE id = %s", (draft,))
            assert changed.rowcount == seen
    forged = (
        "INSERT INTO record_draft (id, patient_id, kind, author, revision, body, saved_at)"
        " VALUES (%s, %s, 'note', %s, 1, '', now())"
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege), desk.hospital.as_web(theirs) as web:
        web.execute(forged, (uuid4(), desk.patient.id, desk.person.account))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), desk.hospital.as_web(mine) as web:
        web.execute("UPDATE record_draft SET author = %s WHERE id = %s", (uuid4(), draft))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), desk.hospital.as_web(mine) as web:
        web.execute("UPDATE record_note SET author = author")  # what was signed is not rewritten, by anybody
    for ticket in (mine, theirs):
        with desk.hospital.as_web(ticket) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute("SELECT gate.acting_account()")


def test_a_draft_changed_in_another_page_is_not_overwritten_and_a_signed_one_stays_signed(desk: Desk) -> None:
    draft, path = uuid4(), desk.chart + "note/"
    typed = desk.typed("note", draft)
    desk.page.post(path + "brouillon/", typed, htmx=True)
    desk.page.post(path + "brouillon/", {**typed, "revision": "1", "plan": "revoir demain"}, htmx=True)
    late = desk.page.post(path + "brouillon/", {**typed, "revision": "1", "plan": "autre page"}, htmx=True)
    assert late.status_code == 422
    assert "repris ou signé dans une autre page" in text(late)
    assert "revoir demain" in text(desk.page.get(path))
    assert desk.page.post(path, {**typed, "revision": "2"}).status_code == 302
    for revision in ("0", "2"):  # a draft still under way when it was signed
        assert desk.page.post(path + "brouillon/", {**typed, "revision": revision}, htmx=True).status_code == 422
    assert "Nuit calme" not in text(desk.page.get(path))
    assert len(desk.notes()) == 1


def test_somebody_elses_draft_id_is_of_no_use(desk: Desk) -> None:
    draft = uuid4()
    desk.page.post(desk.chart + "note/brouillon/", desk.typed("note", draft), htmx=True)
    before = desk.drafts()
    other = desk.another()
    for revision in ("0", "1"):
        answer = other.post(
            desk.chart + "note/brouillon/", {**desk.typed("note", draft), "revision": revision}, htmx=True
        )
        assert answer.status_code == 422
    other.post(desk.chart + "note/jeter/", desk.typed("note", draft))
    assert desk.drafts() == before


def test_a_draft_thrown_away_leaves_no_word(desk: Desk) -> None:
    draft, path = uuid4(), desk.chart + "note/"
    desk.page.post(path + "brouillon/", desk.typed("note", draft), htmx=True)
    assert desk.page.post(path + "jeter/", desk.typed("note", draft)).status_code == 302
    ((_, _, _, body, ended),) = desk.drafts()
    assert body is None
    assert ended is not None
    assert "Nuit calme" not in text(desk.page.get(path))
    assert desk.acts() == ["record:draft:create", "record:draft:discard"]


def test_an_empty_form_keeps_no_draft_and_signs_nothing(desk: Desk) -> None:
    empty = {"draft": str(uuid4()), "revision": "0"}
    for kind, words in (("note", "au moins une rubrique"), ("transmission", "au moins une rubrique")):
        assert desk.page.post(desk.chart + kind + "/brouillon/", empty, htmx=True).status_code == 204
        answer = desk.page.post(desk.chart + kind + "/", empty)
        assert answer.status_code == 422
        assert words in text(answer)
    only = desk.page.post(desk.chart + "transmission/", {**empty, "target": "Chute"})
    assert "Écrivez au moins une donnée" in text(only)
    without = desk.page.post(desk.chart + "transmission/", {**empty, "data": "tombée"})
    assert "Nommez la cible" in text(without)
    assert "tombée" in without.content.decode()
    assert (desk.notes(), desk.drafts(), desk.acts()) == ([], [], [])


@pytest.mark.parametrize("typed", [{}, {"draft": "x", "revision": "0"}, {"draft": str(uuid4()), "revision": "-1"}])
@pytest.mark.parametrize("end", ["", "brouillon/", "jeter/"])
def test_a_form_that_is_none_of_ours_is_refused(desk: Desk, typed: dict[str, str], end: str) -> None:
    assert desk.page.post(desk.chart + "note/" + end, {**typed, "observation": "a"}).status_code == 400
    assert (desk.notes(), desk.drafts()) == ([], [])


ODD = {
    "200 letters": "é" * 200, "emoji": "🙂👩‍⚕️", "HTML": "<b onload=alert(1)>&amp;\"'", "SQL": "'); DROP TABLE x; --",
    "format": "%s %(a)s {0} {{7*7}}", "bidi": "\u202e abc", "NUL": "a\x00b", "long": "a" * 9000,
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("field", [*FIELDS["note"], *FIELDS["transmission"]])
def test_odd_text_in_any_section_is_refused_or_kept_whole(desk: Desk, field: str, kind: str) -> None:
    form = "note" if field in FIELDS["note"] else "transmission"
    typed = {**desk.typed(form, None, **PAIN), field: ODD[kind]}
    if form == "note":
        typed = {**desk.typed("note", None, observation="a"), field: ODD[kind]}
    kept = desk.page.post(desk.chart + form + "/brouillon/", typed, htmx=True)
    too_odd = kind in {"NUL", "long"} or (field == "target" and kind == "200 letters")
    assert kept.status_code == (422 if too_odd else 200)
    answer = desk.page.post(desk.chart + form + "/", typed | ({} if too_odd else {"revision": "1"}))
    for page in (kept, answer, desk.page.get(desk.chart)):
        assert "<b onload" not in page.content.decode()
    assert answer.status_code == (422 if too_odd else 302)
    assert [body[field] for body in desk.notes()] == ([] if too_odd else [ODD[kind].strip()])


@pytest.mark.parametrize("profession", ["medical_secretary", "admission_clerk", "porter", "billing", "student"])
def test_who_writes_no_clinical_fact_is_refused(hospital: Hospital, browser: Browse, profession: str) -> None:
    desk = Desk(hospital, browser, profession)
    for kind in FIELDS:
        assert desk.page.get(desk.chart + kind + "/").status_code == 403
        for end in ("", "brouillon/", "jeter/"):
            assert desk.page.post(desk.chart + kind + "/" + end, desk.typed(kind)).status_code == 403
    assert (desk.notes(), desk.drafts(), desk.acts()) == ([], [], [])


@pytest.mark.parametrize(
    ("profession", "template"),
    [("physician", "medical"), ("intern", "medical"), ("nurse", "nursing"), ("care_assistant", "nursing"),
     ("physiotherapist", "allied"), ("social_worker", "allied")],
)  # fmt: skip
def test_each_profession_writes_its_own_part(
    hospital: Hospital, browser: Browse, profession: str, template: str
) -> None:
    from egide.record.rules import SECTIONS

    desk = Desk(hospital, browser, profession)
    body = desk.page.get(desk.chart + "note/").content.decode()
    for slug in SECTIONS[template]:
        assert f'name="{slug}"' in body
    assert desk.page.post(desk.chart + "note/", desk.typed("note", None, plan="revoir")).status_code == 302
    assert desk.hospital.value("SELECT template FROM record_note WHERE patient_id = %s", desk.patient.id) == template
    transmits = profession in {"nurse", "care_assistant"}
    assert (desk.page.get(desk.chart + "transmission/").status_code == 200) is transmits
    assert ('data-act="transmission"' in desk.page.get(desk.chart).content.decode()) is transmits


def test_the_timeline_shows_one_kind_at_a_time_or_what_is_mine(desk: Desk) -> None:
    desk.page.post(desk.chart + "transmission/", desk.typed())
    desk.page.post(desk.chart + "note/", desk.typed("note"))
    desk.page.post(desk.chart + "constantes/", {"bp": "142/81"})
    desk.another("physician").post(desk.chart + "note/", desk.typed("note", None, plan="scanner"))

    def seen(only: str) -> set[str]:
        body = desk.page.get(f"{desk.chart}?fil={only}").content.decode()
        timeline = body[body.index('id="timeline"') : body.index('id="act"')]
        return {word for word in ("EN 7/10", "Nuit calme", "142/81", "scanner", "Entrée") if word in timeline}

    everything = {"EN 7/10", "Nuit calme", "142/81", "scanner", "Entrée"}
    assert seen("") == everything
    assert seen("inconnu") == everything
    assert seen("notes") == {"Nuit calme", "scanner"}
    assert seen("transmissions") == {"EN 7/10"}
    assert seen("constantes") == {"142/81"}
    assert seen("sejour") == {"Entrée"}
    assert seen("moi") == {"EN 7/10", "Nuit calme", "142/81"}


def test_what_was_signed_is_corrected_by_a_new_row_and_stays_readable(desk: Desk) -> None:
    desk.page.post(desk.chart + "transmission/", desk.typed())
    row = desk.hospital.value("SELECT id FROM record_note WHERE patient_id = %s", desk.patient.id)
    path = f"{desk.chart}corriger/note/{row}/"
    assert "EN 7/10, épaule" in text(desk.page.get(path))
    typed = {**PAIN, "data": "EN 7/10, hanche", "act": "replace", "reason": "mauvais côté"}
    assert desk.page.post(path, {**typed, "reason": ""}).status_code == 422
    assert desk.page.post(path, {**typed, "target": ""}).status_code == 422
    assert desk.page.post(path, typed)["Location"] == desk.chart + "?fait=corrige"
    assert [body["data"] for body in desk.notes()] == ["EN 7/10, épaule", "EN 7/10, hanche"]
    body = desk.page.get(desk.chart).content.decode()
    assert body.count('<del class="struck">') == 1
    assert "mauvais côté" in body
    assert "Remplacé" in body
    assert desk.acts() == ["record:transmission:create", "record:note:replace"]
    again = desk.page.post(path, typed)
    assert again.status_code == 409
    assert len(desk.notes()) == 2


def test_another_authors_note_is_not_corrected(desk: Desk) -> None:
    desk.page.post(desk.chart + "note/", desk.typed("note"))
    row = desk.hospital.value("SELECT id FROM record_note WHERE patient_id = %s", desk.patient.id)
    other = desk.another("physician")
    for typed in ({"act": "error", "reason": "faux"}, {"act": "replace", "reason": "faux", "observation": "b"}):
        assert other.post(f"{desk.chart}corriger/note/{row}/", typed).status_code == 403
    assert f"corriger/note/{row}" not in other.get(desk.chart).content.decode()
    assert desk.hospital.value("SELECT count(*) FROM record_amendment WHERE patient_id = %s", desk.patient.id) == 0


def test_a_reading_entered_in_error_leaves_the_last_values_and_the_curve(desk: Desk) -> None:
    desk.page.post(desk.chart + "constantes/", {"bp": "242/181", "pulse": "80"})
    row = desk.hospital.value(
        "SELECT id FROM record_measurement WHERE patient_id = %s AND code = '8867-4'", desk.patient.id
    )
    other = desk.another("care_assistant")
    path = f"{desk.chart}corriger/measurement/{row}/"
    assert "242" in text(other.get(path))
    assert other.post(path, {"act": "error", "reason": "<b>autre patient"}).status_code == 302
    assert desk.hospital.value("SELECT count(*) FROM record_amendment WHERE patient_id = %s", desk.patient.id) == 3
    assert "242/181" not in text(desk.page.get(f"/unite/{desk.unit}/"))
    assert "242" not in text(desk.page.get(desk.chart + "courbe/"))
    body = desk.page.get(desk.chart).content.decode()
    assert "Saisi par erreur" in body
    assert "&lt;b&gt;autre patient" in body
    assert other.post(path, {"act": "error", "reason": "encore"}).status_code == 409


def test_a_wrong_value_is_replaced_at_the_same_moment(desk: Desk) -> None:
    desk.page.post(desk.chart + "constantes/", {"bp": "142/81", "pulse": "180"})
    rows = dict(desk.hospital.sql("SELECT code, id FROM record_measurement WHERE patient_id = %s", desk.patient.id))
    path = f"{desk.chart}corriger/measurement/{rows['8867-4']}/"
    same = {"act": "replace", "reason": "faute de frappe"}
    for pulse, status in (("180", 422), ("9999", 422), ("", 422), ("80", 302)):
        assert desk.page.post(path, {**same, "value": ["81", "142", pulse]}).status_code == status, pulse
    assert desk.page.post(path, {**same, "value": ["81", "143"]}).status_code == 422  # there are three
    found = desk.hospital.sql(
        "SELECT code, value, taken_at FROM record_measurement WHERE patient_id = %s ORDER BY recorded_at",
        desk.patient.id,
    )
    assert len(found) == 4
    assert (found[-1][0], int(found[-1][1])) == ("8867-4", 80)
    assert len({at for _, _, at in found}) == 1
    ward = text(desk.page.get(f"/unite/{desk.unit}/"))
    assert "Pouls 80" in ward
    assert "180" not in ward


@pytest.mark.parametrize("fact", ["problem", "allergy"])
def test_an_allergy_or_problem_entered_in_error_leaves_the_banner(desk: Desk, fact: str) -> None:
    row = (
        desk.hospital.allergy(desk.patient.id, "Arachide")
        if fact == "allergy"
        else desk.hospital.problem(desk.patient.id, "Arachide")
    )
    assert (
        desk.page.post(f"{desk.chart}corriger/{fact}/{row}/", {"act": "error", "reason": "erreur"}).status_code == 302
    )
    body = desk.page.get(desk.chart).content.decode()
    assert "Arachide" not in body[: body.index('id="timeline"')]
    assert "Arachide" in body[body.index('id="timeline"') :]
    assert "Arachide" not in text(desk.page.get(f"/unite/{desk.unit}/"))


@pytest.mark.parametrize(
    ("fact", "typed"),
    [("note", {"act": "error", "reason": "abc"}), ("measurement", {"act": "replace", "reason": "abc"}),
     ("draft", {"act": "error", "reason": "abc"}), ("problem", {"act": "error", "reason": "abc"})],
)  # fmt: skip
def test_what_is_not_there_is_not_corrected(desk: Desk, fact: str, typed: dict[str, str]) -> None:
    stranger = desk.hospital.problem(desk.hospital.stranger(), "Secret")
    for row in (uuid4(), stranger):
        assert desk.page.post(f"{desk.chart}corriger/{fact}/{row}/", typed).status_code == 400
    assert desk.hospital.value("SELECT count(*) FROM record_amendment WHERE target = %s", stranger) == 0


def test_two_people_who_correct_at_once_correct_once(desk: Desk) -> None:
    from egide.kernel.capabilities import Refused
    from egide.record.actions import mark_error

    row = desk.hospital.allergy(desk.patient.id, "Latex")
    charts = [
        chart_from(
            desk.hospital.open(desk.hospital.signed_in("nurse", desk.unit)[1], desk.patient.id, write=("clinical",))
        )
        for _ in range(2)
    ]
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    mark_error(charts[0], "allergy", "clinical", [row], "un", at)
    with pytest.raises(Refused) as refused:
        mark_error(charts[1], "allergy", "clinical", [row], "deux", at)
    assert refused.value.code == "already_ended"
    assert desk.acts() == ["record:allergy:mark_error"]
