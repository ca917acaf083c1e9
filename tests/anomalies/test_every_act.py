"""Every address that changes something, with its nth statement failing, for each n: all or nothing, trail included.

The list of addresses is that of routes.txt: a new one is tried here, or excused with a reason.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital, Patient
from tests.anomalies.faults import failing

ROUTES = Path(__file__).resolve().parents[1] / "house" / "routes.txt"
Browse = Callable[..., Browser]
FOREVER = datetime(2099, 1, 1, tzinfo=UTC)
# What moves by itself or counts reads: numbering, leases, purses, when a session was last seen.
VOLATILE = {
    "audit.leaf", "audit.horizon", "gate.lease", "gate.purse", "gate.seen", "accounts.session",
}  # fmt: skip
# Rows of the trail that are made before an act begins: what it opened, and what was refused.
BEFORE = ("open", "open_new", "refuse", "search", "sign_in", "sign_in_refused", "application_sign_in")

KEEPER, DOOR, READS = "one function of the keeper", "one function of the gate: PostgreSQL makes it whole", "reads"
EXCUSED = {
    "/connexion/defi/": KEEPER, "/connexion/preuve/": KEEPER, "/connexion/secours/": KEEPER, "/deconnexion/": KEEPER,
    "/verrou/": KEEPER, "/verrou/defi/": KEEPER, "/verrou/preuve/": KEEPER, "/connexion/poste/": KEEPER,
    "/connexion/poste/preuve/": KEEPER, "/postes/": KEEPER, "/postes/<uuid:station>/retirer/": KEEPER,
    "/sessions/<uuid:session>/revoquer/": KEEPER, "/secours/defi/": KEEPER, "/secours/preuve/": KEEPER,
    "/dossier/<uuid:patient>/acceder/urgence/defi/": KEEPER, "/dossier/<uuid:patient>/acceder/urgence/preuve/": KEEPER,
    "/confirmer/defi/": KEEPER, "/confirmer/preuve/": KEEPER, "/dossier/<uuid:patient>/coordonnees/voir/": KEEPER,
    "/dossier/<uuid:patient>/acceder/accueil/": DOOR, "/dossier/<uuid:patient>/soignants/nommer/": DOOR,
    "/dossier/<uuid:patient>/soignants/<int:link>/terminer/": DOOR, "/notifications/acces/<int:entry>/motif/": KEEPER,
    "/notifications/acces/<int:entry>/relire/": DOOR, "/relectures/<int:drawn>/": DOOR, "/travail/<int:task>/": DOOR,
    "/dossier/<uuid:patient>/acceder/fiche/defi/": KEEPER, "/dossier/<uuid:patient>/acceder/fiche/preuve/": KEEPER,
    "/plan-blanc/declarer/": KEEPER, "/plan-blanc/terminer/": DOOR,
    "/commissions/": KEEPER, "/commissions/<int:mandate>/terminer/": DOOR,
    "/dossier/<uuid:patient>/acceder/commission/": DOOR,
    "/dossier/<uuid:patient>/soignants/vigilance/": DOOR,
    "/poste/quitter/": DOOR, "/secours/<uuid:account>/fermer/": DOOR,
    "/cle/defi/": KEEPER, "/cle/preuve/": KEEPER, "/approbations/<uuid:act>/defi/": KEEPER,
    "/approbations/<uuid:act>/preuve/": KEEPER, "/approbations/<uuid:act>/refuser/": DOOR,
    "/personnel/nouveau/": KEEPER, "/personnel/<uuid:account>/acte/<slug:word>/": KEEPER,
    "/notifications/compte/<int:notice>/lue/": DOOR,
    "/palette/": READS, "/patients/": READS, "/arrivee/": READS, "/presents/": READS, "/reference/cim10/": READS,
}  # fmt: skip


@dataclass
class Scene:
    """A nurse of a unit and a patient of hers."""

    hospital: Hospital
    browse: Browse
    unit: UUID = field(init=False)
    patient: Patient = field(init=False)
    path: str = field(init=False)

    def __post_init__(self) -> None:
        self.unit = self.hospital.unit()
        self.patient = self.hospital.patient(self.unit)
        self.path = f"/dossier/{self.patient.id}/"
        self.person, self.cookie = self.hospital.signed_in("nurse", self.unit)
        self.page = self.browse(self.cookie)

    def other(self, profession: str = "physician", *units: UUID) -> Browser:
        """Somebody else, signed in."""
        return self.browse(self.hospital.signed_in(profession, *units)[1])

    def clerk(self) -> Browser:
        """A clerk who has received the patient."""
        person, cookie = self.hospital.signed_in("admission_clerk")
        self.hospital.past_link(
            self.patient.id, None, datetime.now(UTC), FOREVER, basis="arrival", account=person.account
        )
        return self.browse(cookie)

    def state(self) -> dict[str, int]:
        """A number for the content of each table."""
        tables = [
            name
            for (name,) in self.hospital.sql(
                "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind = 'r' AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema)'"
            )
            if name not in VOLATILE
        ]
        asked = " UNION ALL ".join(
            f"SELECT '{name}', coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {name} t"  # noqa: S608
            for name in tables
        )
        kinds = ",".join(BEFORE)
        asked += (
            " UNION ALL SELECT 'trail', coalesce(sum(hashtextextended(t::text, 0)), 0) FROM audit.entry t"
            " WHERE kind <> ALL (string_to_array(%s, ','))"
        )
        return {name: int(number) for name, number in self.hospital.sql(asked, kinds)}


CALLED = {
    "act": "person", "p-kind": "notify", "p-name": "DURAND Zoé", "p-relation": "fille", "p-phone": "06 39 98 01 02",
}  # fmt: skip
Sent = tuple[Browser, str, dict[str, Any]]


def sent(where: str, **form: Any) -> Callable[[Scene], Sent]:
    """A form the nurse sends below her patient's chart."""
    return lambda s: (s.page, s.path + where, {k: v(s) if callable(v) else v for k, v in form.items()})


def _amended(fact: str, table: str, before: Callable[[Scene], Any], **form: str) -> Callable[[Scene], Sent]:
    def make(s: Scene) -> Sent:
        before(s)
        row = s.hospital.value(f"SELECT id FROM record_{table} WHERE patient_id = %s", s.patient.id)  # noqa: S608
        return s.page, f"{s.path}{fact}/{row}/", dict(form)

    return make


def _pressure(s: Scene) -> None:
    assert s.page.post(s.path + "constantes/", {"bp": "142/81"}).status_code == 302


def _draft(kind: str, **said: str) -> Callable[[Scene], dict[str, str]]:
    def make(s: Scene) -> dict[str, str]:
        form = {"draft": str(uuid4()), "revision": "0", **said}
        assert s.page.post(f"{s.path}{kind}/brouillon/", form, htmx=True).status_code in {200, 204}
        return form | {"revision": "1"}

    return make


def _with_draft(kind: str, verb: str, **said: str) -> Callable[[Scene], Sent]:
    return lambda s: (s.page, f"{s.path}{kind}/{verb}", _draft(kind, **said)(s))


def _joining(s: Scene) -> Sent:
    physician = s.other("physician", s.unit)
    person, cookie = s.hospital.signed_in("nurse", s.hospital.unit())
    assert s.browse(cookie).post(s.path + "acceder/equipe/").status_code == 302
    return physician, s.path + "equipe/", {"account": str(person.account)}


def _notice(s: Scene) -> Sent:
    physician, _, _ = _joining(s)
    notice = s.hospital.value("SELECT max(id) FROM gate.notice")
    return physician, f"/notifications/{notice}/lue/", {}


def _restricted(s: Scene) -> Sent:
    draft = {"draft": str(uuid4()), "revision": "0", "observation": "Calme."}
    assert s.page.post(s.path + "note/", draft).status_code == 302
    row = s.hospital.value("SELECT id FROM record_note WHERE patient_id = %s", s.patient.id)
    return s.page, f"{s.path}restreindre/note/{row}/", {"why": "opposition"}


def _contact(s: Scene) -> Sent:
    assert s.page.post(s.path + "proches/", CALLED).status_code == 302
    row = s.hospital.value("SELECT id FROM record_contactperson WHERE patient_id = %s", s.patient.id)
    return s.page, f"{s.path}proches/{row}/retirer/", {}


def _leaving(s: Scene) -> Sent:
    return s.clerk(), s.path + "sejour/sortir/", {}


def _moving(s: Scene) -> Sent:
    return s.clerk(), s.path + "sejour/deplacer/", {"unit": str(s.hospital.unit())}


def _admitting(s: Scene) -> Sent:
    desk = s.clerk()
    assert desk.post(s.path + "sejour/sortir/", {}).status_code == 302
    return desk, s.path + "sejour/admettre/", {"unit": str(s.unit)}


def _booking(s: Scene) -> dict[str, str]:
    at = datetime.now(UTC) + timedelta(days=3)
    return {"unit": str(s.unit), "at": f"{at:%d/%m/%Y %H:%M}", "minutes": "20", "reason": "Suivi"}


def _booked(s: Scene) -> Sent:
    secretary = s.other("medical_secretary", s.unit)
    assert secretary.post(s.path + "rendez-vous/", _booking(s)).status_code == 302
    row = s.hospital.value("SELECT id FROM agenda_appointment WHERE patient_id = %s", s.patient.id)
    return secretary, f"{s.path}rendez-vous/{row}/", {"state": "cancelled"}


def _naming(s: Scene) -> Sent:
    return s.other("dpo"), "/surveillance/nommer/", {"patient": str(s.patient.id), "reason": "incident"}


def _drawing(s: Scene) -> Sent:
    for table in ("drawn", "draw"):
        s.hospital.sql(f"DELETE FROM gate.{table}")  # noqa: S608
    return s.other("dpo"), "/surveillance/tirage/tirer/", {"month": f"{datetime.now(UTC):%Y-%m}-01"}


def _asking(s: Scene) -> tuple[Browser, str, dict[str, Any]]:
    unit = s.hospital.unit(kind="platform")
    s.hospital.person("laboratory", unit)
    form = {"codes": ["nfs", "crp"], "question": "Fièvre.", "unit": str(unit), "urgent": "1"}
    return s.other("physician", s.unit), s.path + "examens/demander/laboratory/", form


def _asked(s: Scene) -> Sent:
    page, path, form = _asking(s)
    assert page.post(path, form).status_code == 302
    row = s.hospital.value("SELECT id FROM orders_examination WHERE patient_id = %s", s.patient.id)
    worker = s.other("laboratory", UUID(form["unit"]))
    return worker, f"{s.path}examens/{row}/", {"step": "reported", "words": "Hb 11,2 g/dL"}


def _advice(s: Scene) -> Sent:
    person = s.hospital.person("physician", s.hospital.unit())
    return s.other("physician", s.unit), s.path + "avis/", {"to": f"p:{person.account}"}


def _physician(where: str, **form: str) -> Callable[[Scene], Sent]:
    return lambda s: (s.other("physician", s.unit), s.path + where, dict(form))


def _draft_of(kind: str) -> Callable[[Scene], Sent]:
    said = {"note": {"observation": "Calme."}, "transmission": {"data": "EN 7"}}[kind]
    return lambda s: (s.page, f"{s.path}{kind}/brouillon/", {"draft": str(uuid4()), "revision": "0", **said})


def _ended(s: Scene) -> Sent:
    row = s.hospital.problem(s.patient.id, "Pneumopathie")
    return s.other("physician", s.unit), f"{s.path}terminer/problem/{row}/", {"since": "02/02/2024"}


def _round(s: Scene) -> Sent:
    patients = [s.patient, *s.hospital.patients(s.unit, 2)]
    form: dict[str, Any] = {"patient": [str(one.id) for one in patients]}
    for name in ("bp", "pulse", "temperature", "spo2", "respiratory_rate", "pain", "weight"):
        form[name] = ["80" if name == "pulse" else ""] * 3
    return s.page, f"/unite/{s.unit}/releve/", form


def _created(s: Scene) -> Sent:
    form = {
        "birth_name": "".join(random.choices("BCDFGKLMNPRSTVZ", k=9)), "first_name": "Jeanne", "sex": "F",
        "birth_date": f"{random.randint(1, 28)}/03/{random.randint(1905, 1918)}",
        "birth_place": "44109 Nantes", "another": "1",
    }  # fmt: skip
    return s.other("admission_clerk"), "/arrivee/creer/", form


# The keeper commits the new id, its tokens and their line of the trail before the web writes (gate.md §1); what stays
# without a person is swept.
CREATION = "/arrivee/creer/"
CHART = "/dossier/<uuid:patient>/"
ACTS: dict[str, Callable[[Scene], Sent]] = {
    CREATION: _created,
    "/unite/<uuid:unit>/releve/": _round,
    CHART + "constantes/": sent("constantes/", bp="142/81", pulse="76", comment="debout"),
    CHART + "mesures/": sent("mesures/", glucose="1,2", comment="à jeun"),
    CHART + "bilan/": sent("bilan/", in_oral="200", out_urine="150"),
    CHART + "allergie/": sent("allergie/", substance="Latex", severity="mild", reaction="urticaire"),
    CHART + "probleme/": _physician("probleme/", q="Chute à domicile", code="", kind="problem"),
    CHART + "terminer/<slug:fact>/<uuid:row>/": _ended,
    CHART + "note/": _with_draft("note", "", observation="Calme."),
    CHART + "note/brouillon/": _draft_of("note"),
    CHART + "note/jeter/": _with_draft("note", "jeter/", observation="Calme."),
    CHART + "transmission/": _with_draft("transmission", "", target="Douleur", data="EN 7"),
    CHART + "transmission/brouillon/": _draft_of("transmission"),
    CHART + "transmission/jeter/": _with_draft("transmission", "jeter/", data="EN 7"),
    CHART + "corriger/<slug:fact>/<uuid:row>/": _amended(
        "corriger/measurement", "measurement", _pressure, act="error", reason="mauvais patient"
    ),
    CHART + "restreindre/<slug:fact>/<uuid:row>/": _restricted,
    CHART + "proches/": sent("proches/", **CALLED),
    CHART + "proches/<uuid:row>/retirer/": _contact,
    CHART + "avis/": _advice,
    CHART + "examens/demander/<slug:kind>/": _asking,
    CHART + "examens/<uuid:row>/": _asked,
    CHART + "acceder/equipe/": lambda s: (
        s.other("nurse", s.hospital.unit()), s.path + "acceder/equipe/", {}
    ),
    CHART + "equipe/": _joining,
    CHART + "rendez-vous/": lambda s: (
        s.other("medical_secretary", s.unit), s.path + "rendez-vous/", _booking(s)
    ),
    CHART + "rendez-vous/<uuid:appointment>/": _booked,
    CHART + "sejour/sortir/": _leaving,
    CHART + "sejour/deplacer/": _moving,
    CHART + "sejour/admettre/": _admitting,
    CHART + "sejour/presence/": lambda s: (s.clerk(), s.path + "sejour/presence/", {"secret": "1"}),
    "/notifications/<int:notice>/lue/": _notice,
    "/poste/prendre/": lambda s: (s.page, "/poste/prendre/", {"unit": str(s.hospital.unit())}),
    "/surveillance/nommer/": _naming,
    "/surveillance/tirage/tirer/": _drawing,
}  # fmt: skip


def posted() -> set[str]:
    """Every address of routes.txt that takes a POST."""
    lines = [line.split(" | ") for line in ROUTES.read_text(encoding="utf-8").splitlines() if line.startswith("/")]
    return {line[0] for line in lines if "POST" in line[1].split()}


def test_every_address_that_changes_something_is_tried_or_excused() -> None:
    assert posted() - set(ACTS) - set(EXCUSED) == set()
    assert (set(ACTS) | set(EXCUSED)) - posted() == set()


@pytest.mark.parametrize("address", ACTS)
def test_it_is_done_whole_or_not_at_all(hospital: Hospital, browser: Browse, address: str) -> None:
    scene = Scene(hospital, browser)
    page, path, form = ACTS[address](scene)
    assert re.fullmatch(re.sub(r"<\w+:\w+>", "[^/]+", address), path)
    page.client.raise_request_exception = False
    before = scene.state()
    for nth in range(1, 60):
        with failing(nth) as seen:
            answer = page.post(path, form)
        if seen.count < nth:
            break
        after = scene.state()
        changed = {name for name in before if after[name] != before[name]}
        assert changed <= (
            {"gate.link", "gate.token", "identity.known", "identity.token", "trail"} if address == CREATION else set()
        ), nth
        assert answer.status_code >= 500, nth
    after = scene.state()
    assert answer.status_code in {200, 302}, text(answer)[:900]
    changed = {name for name in before if after[name] != before[name]}
    assert changed, path
    assert "trail" in changed or address.endswith("/lue/"), changed
    assert nth > 1
