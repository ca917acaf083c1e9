"""Attack 27: ways in that nobody meant: unlisted routes and fields, debug pages, traversal, Host and method tricks.

What may exist stands in `expected.json`; the resolver and a crawl of the running server are compared with it exactly.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

from egide.rehearsal.drill.crawl import Crawl
from egide.rehearsal.drill.loot import Loot
from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.routes import Route, routes
from egide.rehearsal.drill.stage import Stage, session_of
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import CSRF_COOKIE, Answer, Visitor

NUMBER: Final = 27
METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "GETT")
NOT_ALLOWED: Final = 405
UNREACHED: Final = "routes où aucun lien n'a mené : "
EVIL: Final = "evil.example"
_TRACE = re.compile(
    r"Traceback|File &quot;|File \"|line \d+, in |psycopg|django|site-packages|sqlstate|DoesNotExist|"
    r"/var/lib/|\.py\b|SELECT |INSERT INTO|Exception|stack",
    re.IGNORECASE,
)
_DIGEST = re.compile(r"/statique/([0-9a-f]+)/")


@dataclass(frozen=True, slots=True)
class Expected:
    """The exact lists."""

    routes: dict[str, list[str]]
    not_always_reached: list[str]  # nothing leads there, or only in some states
    forms: dict[str, list[str]]
    # one address, a form for each fact: those that come whatever the base holds, and those that depend on it
    varied_forms: dict[str, dict[str, dict[str, list[str]]]]
    assets: list[str]
    absent: list[str]

    @classmethod
    def read(cls) -> Expected:
        """From the committed file."""
        return cls(**json.loads(files(__package__).joinpath("expected.json").read_text(encoding="utf-8")))


def play(stage: Stage) -> Outcome:
    """Lists, probes, tricks, then the trail."""
    outcome = Outcome(NUMBER)
    expected, known = Expected.read(), routes()
    thief, other = stage.pair()
    loot = stage.loot()
    found = {route.pattern for route in known}
    _same(outcome, "les routes du résolveur sont exactement la liste", found, set(expected.routes))
    with stage.sign_in(thief) as visitor, Visitor(stage.origin) as stranger, stage.sign_in(other) as victim:
        foreign = patients_in(victim.get(f"/unite/{other.units[0]}/").text)[0]
        crawl, shown = _crawl(stage, outcome, expected, (visitor, stranger), foreign)
        digest = next(match[1] for match in map(_DIGEST.search, crawl.seen) if match)
        _absent(outcome, expected, (visitor, stranger), digest, loot)
        own = min(str(one) for one in shown[session_of(visitor)])
        _methods(outcome, expected, known, visitor, own, thief.units[0])
        _hosts(outcome, visitor, loot)
        _overrides(outcome, visitor)
        _mass_assignment(stage, outcome, visitor, own, foreign)
        _errors(outcome, visitor, own, loot)
        outcome.recorded = _recorded(stage, outcome, shown)
    outcome.r = loot.r
    return outcome


def _same(outcome: Outcome, name: str, found: set[str], wanted: set[str]) -> None:
    extra, lacking = sorted(found - wanted), sorted(wanted - found)
    said = [f"en trop : {', '.join(extra)}"] if extra else []
    said += [f"manque : {', '.join(lacking)}"] if lacking else []
    outcome.check(name, not said, " ; ".join(said))


# ── the lists against the running server ────────────────────────────────────────────────────────────────────────────


def _crawl(
    stage: Stage, outcome: Outcome, expected: Expected, visitors: tuple[Visitor, Visitor], foreign: str
) -> tuple[Crawl, dict[UUID, set[UUID]]]:
    """Everybody's pages, then the lists. Whom each session was shown comes with it."""
    visitor, stranger = visitors
    crawl = Crawl(routes())
    for start in ("/connexion/", "/cle/"):  # the second is read on the paper that goes with a new key
        crawl.run(stranger, start)
    anonymous = {one for one, answer in crawl.seen.items() if answer.status == 200}
    governed = [
        one for one in anonymous if (route := crawl.route_of(one.split()[0])) and route.gate in ("chart", "roster")
    ]
    outcome.check("témoin : qui n'est pas connecté voit la porte", "/connexion/ {}" in anonymous)
    outcome.check("sans session, aucune page gardée", not governed, ", ".join(governed[:3]))
    # the doors of a closed chart, and where a refusal past a ceiling leads, stand on no page of the day
    for start in ("/", f"/dossier/{foreign}/acceder/", "/confirmer/?suite=/jour/"):
        crawl.run(visitor, start)
    shown = {session_of(visitor): crawl.shown}
    # somebody of each profession: each has pages that no other is shown
    for account in {one.profession: one for one in reversed(stage.accounts)}.values():
        with stage.sign_in(account) as other:
            own = Crawl(crawl.known)
            own.run(other, "/")
            shown[session_of(other)] = own.shown
            crawl.add(own)
    outcome.check("aucun lien vers une adresse inconnue", not crawl.strangers, ", ".join(sorted(crawl.strangers)[:5]))
    _same(
        outcome,
        "les routes trouvées en suivant les liens sont la liste",
        crawl.linked | set(expected.not_always_reached),
        set(expected.routes),
    )
    unreached = sorted(set(expected.routes) - crawl.linked)
    outcome.note(f"{UNREACHED}{', '.join(unreached) or 'aucune'}")
    always = (set(expected.forms) | set(expected.varied_forms)) - set(expected.not_always_reached)
    for pattern in sorted(set(crawl.forms) | always):
        _fields(outcome, expected, pattern, crawl.forms.get(pattern, set()))
    names = {urlsplit(one.split()[0]).path.rsplit("/", 1)[-1] for one in crawl.seen if one.startswith("/statique/")}
    _same(outcome, "les fichiers servis sont la liste", names, set(expected.assets))
    return crawl, shown


def _fields(outcome: Outcome, expected: Expected, pattern: str, found: set[frozenset[str]]) -> None:
    """The fields of an address's form, or of each of its forms where they differ from one fact to the next."""
    name = f"champs du formulaire /{pattern}"
    facts = expected.varied_forms.get(pattern)
    if facts is None:
        _same(outcome, name, set().union(*found), set(expected.forms.get(pattern, ())))
        return
    wanted = {often: {frozenset(fields) for fields in one.values()} for often, one in facts.items()}
    due = wanted["always"] | (found & wanted["at_times"])
    _same(outcome, name, {" + ".join(sorted(one)) for one in found}, {" + ".join(sorted(one)) for one in due})


def _absent(outcome: Outcome, expected: Expected, visitors: tuple[Visitor, Visitor], digest: str, loot: Loot) -> None:
    present, talking = [], []
    for visitor in visitors:
        for path in expected.absent:
            address = path.replace("{digest}", digest)
            answer = visitor.get(address)
            loot.take(answer.text)
            if answer.status not in (400, 404):
                present.append(f"{answer.status} {address}")
            if _TRACE.search(answer.text):
                talking.append(address)
    outcome.check("rien aux adresses d'administration, de débogage, de fichiers", not present, ", ".join(present[:5]))
    outcome.check("aucune de ces réponses ne montre de trace", not talking, ", ".join(talking[:5]))
    outcome.note(f"{len(expected.absent)} adresses interdites essayées, avec et sans session")


def _methods(outcome: Outcome, expected: Expected, known: list[Route], visitor: Visitor, own: str, unit: str) -> None:
    values = {"patient": own, "unit": unit, "session": str(uuid4()), "digest": "0" * 16, "name": "egide.js"}
    wrong = []
    for route in known:
        allowed = set(expected.routes.get(route.pattern, ()))
        for method in METHODS:
            if route.pattern == "deconnexion/" and method == "POST":
                continue
            path = route.path(values)
            status = _send(visitor, method, path).status
            if (status != NOT_ALLOWED) != (method in allowed):
                wrong.append(f"{method} {path} → {status}")
    outcome.check("chaque route ne répond qu'à ses méthodes", not wrong, ", ".join(wrong[:6]))


def _send(visitor: Visitor, method: str, path: str, body: bytes | None = None, **forge: str | None) -> Answer:
    """A request as our own page would send it; a connection that is cut is an answer 0."""
    headers = {
        "Sec-Fetch-Site": "same-origin",
        "Origin": visitor.base_url,
        "X-CSRFToken": visitor.cookies.get(CSRF_COOKIE, ""),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    forged = {name.replace("_", "-"): value for name, value in forge.items()}
    try:
        return visitor.request(method, path, body, headers, forged)
    except (http.client.HTTPException, OSError):
        visitor.close()
        return Answer(0, {}, b"")


# ── tricks ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _hosts(outcome: Outcome, visitor: Visitor, loot: Loot) -> None:
    accepted = []
    for host in (
        EVIL,
        f"{EVIL}:80",
        "127.0.0.1",
        "localhost.evil.example",
        f"localhost@{EVIL}",
        f"localhost:80@{EVIL}",
        " ",
    ):
        answer = _send(visitor, "GET", "/connexion/", Host=host)
        loot.take(answer.text)
        if answer.status not in (0, 400) or EVIL in answer.text:
            accepted.append(f"{host} → {answer.status}")
    outcome.check("un autre nom d'hôte est refusé", not accepted, ", ".join(accepted))
    repeated = []
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-For"):
        value = f"host={EVIL}" if name == "Forwarded" else "/admin/" if name.endswith("URL") else EVIL
        for path in ("/", "/connexion/", "/favicon.ico"):
            answer = visitor.get(path, {name: value})
            if answer.status >= 400 or EVIL in answer.text or EVIL in str(answer.headers):
                repeated.append(f"{name} sur {path}")
    outcome.check("les en-têtes d'un mandataire ne sont pas crus", not repeated, ", ".join(repeated))
    answer = _send(visitor, "GET", f"http://{EVIL}/connexion/")
    outcome.check("une cible absolue vers un autre hôte n'ouvre rien", EVIL not in answer.text + str(answer.headers))


def _overrides(outcome: Outcome, visitor: Visitor) -> None:
    tricks = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
    obeyed = []
    for name in tricks:
        forged = {name: "POST"}
        answer = visitor.get("/deconnexion/?_method=POST&method=POST", forged)
        if answer.status != NOT_ALLOWED:
            obeyed.append(f"{name}: POST → {answer.status}")
        answer = visitor.post("/aide/", {"_method": "GET"}, forge={name: "GET"})
        if answer.status != NOT_ALLOWED:
            obeyed.append(f"{name}: GET → {answer.status}")
    outcome.check("aucune méthode n'est remplacée par un en-tête ou un champ", not obeyed, ", ".join(obeyed))
    outcome.check("la session vit toujours", visitor.get("/aide/").status == 200)
    foreign = {"none": None, "cross-site": "cross-site", "same-site": "same-site", "absent": None}
    for name, value in foreign.items():
        forged_site: dict[str, str | None] = {"Sec-Fetch-Site": "none" if name == "none" else value}
        answer = visitor.post("/deconnexion/", {}, forge=forged_site)
        outcome.check(f"un envoi {name} est refusé", answer.status == 403, str(answer.status))
    answer = visitor.post("/deconnexion/", {}, forge={"X-CSRFToken": "x" * 32})
    outcome.check("un jeton CSRF faux est refusé", answer.status == 403, str(answer.status))


def _mass_assignment(stage: Stage, outcome: Outcome, visitor: Visitor, own: str, foreign: str) -> None:
    """Every column of the table and every word a page might read, sent as fields: only the form's have an effect."""
    began, someone = datetime.now(UTC), str(uuid4())
    unknown = {
        "patient": foreign, "patient_id": foreign, "author": someone, "author_id": someone, "category": "protected",
        "taken_at": "1999-01-01T00:00:00Z", "recorded_at": "1999-01-01T00:00:00Z", "at": "1999-01-01", "id": someone,
        "pk": someone, "set_id": someone, "code": "29463-7", "unit": "kg", "value": "1", "account": someone,
        "session": someone, "opening": "1", "ticket": "1.0", "purpose": "research", "write": "identity", "read": "ins",
        "profession": "physician", "is_superuser": "1", "next": f"//{EVIL}/", "suite": f"//{EVIL}/", "form-0-id": "1",
        "patient__id": foreign, "patient[]": foreign, "__proto__": "1",
    }  # fmt: skip
    query = urlencode({"patient": foreign, "patient_id": foreign, "author": someone, "category": "protected"})
    sent = {"pulse": "61", "comment": "essai", **unknown}
    with stage.judge() as judge:
        before = _count(judge, foreign)
        answer = visitor.post(f"/dossier/{own}/constantes/?{query}", sent)
        time.sleep(0.05)
        rows = judge.execute(
            "SELECT m.*, s.account FROM record_measurement m, accounts.session s"
            " WHERE s.id = %s AND m.recorded_at >= %s AND m.patient_id IN (%s, %s)",
            (session_of(visitor), began - timedelta(seconds=1), UUID(own), UUID(foreign)),
        ).fetchall()
        after = _count(judge, foreign)
    faults = [fault for row in rows for fault in _faults(row, own, someone, began)]
    outcome.check("des champs inconnus n'ont aucun effet", not faults and before == after, ", ".join(faults[:5]))
    outcome.check("témoin : le formulaire lui-même a écrit", bool(rows) or answer.status == 422, str(answer.status))
    outcome.check("la redirection reste chez nous", EVIL not in str(answer.headers), answer.headers.get("location", ""))
    body = {"challenge_id": "x", "response": {"rawId": "AA"}, "device_key": "BA", "account": someone, "grade": "strong"}
    answer = visitor.post("/connexion/preuve/", json_body=body)
    outcome.check("un champ inconnu de la preuve est refusé", answer.status == 400, str(answer.status))


def _count(judge: Any, patient: str) -> int:
    row = judge.execute("SELECT count(*) AS n FROM record_measurement WHERE patient_id = %s", (patient,)).fetchone()
    return int(row["n"])


def _faults(row: Mapping[str, Any], own: str, someone: str, began: datetime) -> Iterator[str]:
    """What differs from what the form alone would have written."""
    wanted = {
        "patient_id": UUID(own),
        "category": "clinical",
        "code": "8867-4",
        "unit": "/min",
        "author": row["account"],
    }
    yield from (f"{name} = {row[name]}" for name, value in wanted.items() if row[name] != value)
    yield from (name for name in ("id", "set_id", "author") if str(row[name]) == someone)
    yield from (name for name in ("taken_at", "recorded_at") if abs(row[name] - began) > timedelta(seconds=30))
    if int(row["value"]) != 61:
        yield f"value = {row['value']}"


def _errors(outcome: Outcome, visitor: Visitor, own: str, loot: Loot) -> None:
    """Requests made to break: a sentence comes back, never a trace, never a 500."""
    broken, talking = [], []
    form = f"/dossier/{own}/constantes/"
    for name, method, path, body, forge in _hostile(form):
        answer = _send(visitor, method, path, body, **forge)
        loot_text = answer.text if path != form else ""
        loot.take(loot_text)
        if answer.status >= 500:
            broken.append(f"{name} → {answer.status}")
        if _TRACE.search(answer.text) and answer.status != 200:
            talking.append(name)
    outcome.check("rien de ce qui est envoyé ne casse une page", not broken, ", ".join(broken[:5]))
    outcome.check("les pages d'erreur ne montrent pas de trace", not talking, ", ".join(talking[:5]))


def _hostile(form: str) -> Iterator[tuple[str, str, str, bytes | None, dict[str, str | None]]]:
    part = b'--b\r\nContent-Disposition: form-data; name="bp"; filename="../x"\r\n\r\n1\r\n--b--\r\n'
    long = "A" * 5000
    yield "corps vide", "POST", form, b"", {}
    yield "octets hors UTF-8", "POST", form, b"\xff\xfe=1&comment=%ff%00&bp=%00", {}
    yield "corps de 300 ko", "POST", form, b"comment=" + b"x" * 300_000, {}
    yield "mille champs", "POST", form, b"&".join(b"a%d=1" % number for number in range(1000)), {}
    yield "fichier joint", "POST", form, part, {"Content_Type": "multipart/form-data; boundary=b"}
    yield "multipart sans limite", "POST", form, b"--b", {"Content_Type": "multipart/form-data"}
    yield "JSON au lieu d'un formulaire", "POST", form, b'{"bp": {}}', {"Content_Type": "application/json"}
    yield (
        "XML",
        "POST",
        form,
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        {"Content_Type": "text/xml"},
    )
    yield (
        "jeu de caractères inconnu",
        "POST",
        form,
        b"bp=1",
        {"Content_Type": "application/x-www-form-urlencoded; charset=nope"},
    )
    yield "charset utf-7", "POST", form, b"bp=1", {"Content_Type": "application/x-www-form-urlencoded; charset=utf-7"}
    yield (
        "SQL, HTML, NUL, émojis",
        "POST",
        form,
        urlencode({"bp": "1'; DROP--", "comment": "<script>\x00😀" * 20}).encode(),
        {},
    )
    yield (
        "nombre immense",
        "POST",
        form,
        urlencode({"pulse": "9" * 4000, "weight": "1e999", "bp": "-1/-1"}).encode(),
        {},
    )
    yield "adresse de 5 000 lettres", "GET", "/" + long, None, {}
    yield "requête de 5 000 lettres", "GET", "/connexion/?suite=" + long, None, {}
    yield "suite hostile", "GET", f"/connexion/?suite=//{EVIL}/", None, {}
    yield "cookie de 5 000 lettres", "GET", "/aide/", None, {"Cookie": f"egide_session={long}"}
    yield "cookie illisible", "GET", "/aide/", None, {"Cookie": "egide_session=\xe9\xff; csrftoken=;;=;"}
    yield "langue hostile", "GET", "/connexion/", None, {"Accept_Language": "../../etc,xx" * 200}
    yield (
        "htmx hostile",
        "GET",
        form,
        None,
        {"HX_Request": "true", "HX_Target": "<x>", "HX_Current_URL": "javascript:1"},
    )
    yield "plage d'octets", "GET", "/connexion/", None, {"Range": "bytes=-1,0-,5-1"}
    for body in (b"", b"[]", b"{", b"null", b"[" * 50_000, b'{"challenge_id": 1, "response": []}', b'"\xff"'):
        yield f"preuve {body[:12]!r}", "POST", "/connexion/preuve/", body, {"Content_Type": "application/json"}
    yield "preuve creuse", "POST", "/connexion/preuve/", b'{"challenge_id":"a","response":{"rawId":"a"}}', {}
    yield "identifiant à moitié", "GET", form[:30] + "/", None, {}


def _recorded(stage: Stage, outcome: Outcome, shown: Mapping[UUID, set[UUID]]) -> bool:
    """Every chart that the crawl was shown stands in the trail of the session that it was shown to."""
    lacking = 0
    for session, charts in shown.items():
        lacking += len(charts - {one for row in stage.trail(session, "open") for one in row["ids"]})
    number = sum(len(charts) for charts in shown.values())
    return outcome.check(
        "chaque dossier montré est dans la trace", number > 0 and not lacking, f"{lacking} sur {number}"
    )
