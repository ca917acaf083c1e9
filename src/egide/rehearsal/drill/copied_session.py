"""Attack 2: a session's cookie, then a whole jar and every header, replayed from another workstation.

The thief has seen all that passed and may send it again whenever he likes; he has not the key, which the browser keeps.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from egide.kernel.proofs import COOKIE, HEADER
from egide.rehearsal.drill.glass import strangers
from egide.rehearsal.drill.loot import Loot
from egide.rehearsal.drill.pages import sessions_in
from egide.rehearsal.drill.routes import routes
from egide.rehearsal.drill.stage import SESSION_COOKIE, Account, Stage, Steady, session_of
from egide.rehearsal.drill.table import Outcome, Stopwatch
from egide.rehearsal.signin import Answer, Visitor
from egide.rehearsal.workstation import Workstation

NUMBER: Final = 2
ROAMS: Final = 1_000
TOO_OLD, TOO_EARLY = -30.0, 30.0  # seconds beside the server's clock
HOP_COOKIE: Final = "egide_hop"
OPENED: Final = frozenset({200, 206, 302, 303, 304, 422})
SILENT: Final = frozenset({405, 428})  # a proof is asked for; or nobody at all may send this here
Seen = dict[tuple[str, str], str]  # the proof of each request that served, by method and address
LIVE_PORT: Final = 2  # after the web's


def play(stage: Stage) -> Outcome:
    """Every address with what was copied; then what a copy could stop; then an owner who roams."""
    outcome = Outcome(NUMBER)
    _, victim = stage.pair()
    with stage.sign_in(victim) as owner:
        session, patient = session_of(owner), _patient(stage, victim)
        watch, loot = Stopwatch(), stage.loot()
        first = _copy(stage, owner).get(f"/dossier/{patient}/")
        outcome.t = watch.read()
        outcome.check("le premier essai est refusé", first.status == 428, str(first.status))
        paths = _paths(owner, victim, patient)
        shown, forms = _walk(owner, paths), _forms(patient)
        outcome.check(
            "témoin : sa propriétaire voit ces pages, dossier compris",
            len(shown) >= 10 and ("GET", f"/dossier/{patient}/") in shown,
            f"{len(shown)}",
        )
        before = _measured(stage, patient)
        served = _sends(owner, forms)
        outcome.check("témoin : ce qu'elle envoie est reçu", len(served) == len(forms), f"{len(served)}")
        written = _measured(stage, patient)
        outcome.check("témoin : ce qu'elle envoie est écrit", written > before, f"{written - before} mesures")
        for name, opened in _replays(stage, owner, paths, shown | served, forms, loot).items():
            outcome.check(f"{name} : rien n'est ouvert", not opened, "; ".join(opened[:4]))
        more = _measured(stage, patient) - written
        outcome.check("aucune copie n'écrit", not more, f"{more} mesures")
        outcome.r = loot.r
        _redirect(stage, owner, outcome)
        _listens(stage, owner, outcome)
        _stops_nobody(stage, owner, victim, outcome)
        _roams(owner, outcome)
    reasons = {row["reason"] for row in stage.trail(session, "refuse")}
    outcome.recorded = outcome.check(
        "chaque sorte de copie est dans la trace de la session",
        {"proof_missing", "proof_wrong", "proof_used", "proof_old"} <= reasons,
        ", ".join(sorted(str(one) for one in reasons)),
    )
    outcome.note("une preuve signée et pas encore arrivée vaut une page, la sienne, à qui arrive avant le navigateur")
    outcome.note("de même, dix secondes, ce qui laisse passer une redirection que le navigateur n'a pas encore suivie")
    return outcome


def _patient(stage: Stage, victim: Account) -> str:
    """One of hers, whom the thief's own account may not open."""
    thief, _ = stage.pair()
    return strangers(stage, thief, victim)[0]


def _copy(stage: Stage, owner: Visitor, **more: str) -> Steady:
    """The owner's jar in other hands."""
    return Steady(stage.origin, {**owner.cookies, **more})


def _paths(owner: Visitor, victim: Account, patient: str) -> list[str]:
    known = {"patient": patient, "unit": victim.units[0], "session": sessions_in(owner.get("/sessions/").text)[0]}
    public = ("/connexion/", "/cle/", "/deconnexion/", "/statique/", "/sante/", "/favicon.ico")
    return [path for route in routes() if not (path := route.path(known)).startswith(public)]


def _forms(patient: str) -> dict[str, dict[str, str]]:
    """What a nurse sends in the day, by address: one reads, one writes."""
    return {"/palette/": {"q": ""}, f"/dossier/{patient}/constantes/": {"bp": "124/76", "pulse": "72"}}


def _walk(owner: Visitor, paths: list[str]) -> Seen:
    """The owner's own visit; the proof of each page that opened, as the thief saw it pass."""
    seen: Seen = {}
    assert owner.workstation is not None  # noqa: S101 — stage.sign_in gives one
    for path in paths:
        proof = owner.workstation.proof("GET", path)
        if owner.get(path, {HEADER: proof}).status == 200:
            seen["GET", path] = proof
    return seen


def _sends(owner: Visitor, forms: Mapping[str, Mapping[str, str]]) -> Seen:
    """The owner's own forms, each followed where it leads as a browser does; the proof of each that was received."""
    seen: Seen = {}
    assert owner.workstation is not None  # noqa: S101
    for path, form in forms.items():
        proof = owner.workstation.proof("POST", path)
        answer = owner.post(path, form, forge={HEADER: proof})
        if answer.status in (200, 302):
            seen["POST", path] = proof
        if place := answer.headers.get("location"):
            owner.get(place, {HEADER: None})
    return seen


def _measured(stage: Stage, patient: str) -> int:
    """The judge's count of what is measured of one patient."""
    with stage.judge() as judge:
        row = judge.execute(
            "SELECT count(*)::int AS n FROM record_measurement WHERE patient_id = %s", (patient,)
        ).fetchone()
    return int(row["n"]) if row else 0


def _ways(owner: Visitor, seen: Seen) -> dict[str, Callable[[str, str], dict[str, str | None]]]:
    """Each way of using a copy, as the headers of one request by its method and address."""
    mine, hers = Workstation(), owner.workstation
    assert hers is not None  # noqa: S101
    elsewhere = f"/unite/{'0' * 8}-0000-0000-0000-{'0' * 12}/"
    other = {"GET": "POST", "POST": "GET"}

    def before(method: str, path: str) -> str:
        """The proof that served for this; else one that served for this address; else for another."""
        return seen.get((method, path)) or seen.get(("GET", path)) or next(iter(seen.values()))

    def at(seconds: float, method: str, path: str) -> str:
        return hers.proof(method, path, at=time.time() + seconds)

    return {
        "le cookie seul": lambda *_: {},
        "la preuve d'avant, en en-tête": lambda *to: {HEADER: before(*to)},
        "la preuve d'avant, en cookie": lambda *to: {"Cookie": _jar(owner, before(*to))},
        "la preuve d'une autre adresse": lambda method, _: {HEADER: hers.proof(method, elsewhere)},
        "la preuve d'une autre méthode": lambda method, path: {HEADER: hers.proof(other[method], path)},
        "une preuve de sa propre clé": lambda *to: {HEADER: mine.proof(*to)},
        "une preuve trop vieille": lambda *to: {HEADER: at(TOO_OLD, *to)},
        "une preuve datée de plus tard": lambda *to: {HEADER: at(TOO_EARLY, *to)},
        "une preuve d'avant avec une autre heure": lambda *to: {HEADER: _redated(before(*to))},
    }


def _replays(
    stage: Stage, owner: Visitor, paths: list[str], seen: Seen, forms: Mapping[str, Mapping[str, str]], loot: Loot
) -> dict[str, list[str]]:
    """What each way of using a copy opened, by its name: each request must be asked for its proof."""
    asked = [one for one in seen if one[0] == "GET"] + [("POST", path) for path in dict.fromkeys([*paths, *forms])]
    found: dict[str, list[str]] = {}
    for name, forged in _ways(owner, seen).items():
        found[name] = []
        with _copy(stage, owner) as copy:
            for method, path in asked:
                forge = forged(method, path)
                answer = copy.get(path, forge) if method == "GET" else copy.post(path, forms.get(path), forge=forge)
                loot.take(answer.text)
                if answer.status not in SILENT:
                    found[name].append(f"{method} {path} {answer.status}")
    return found


def _jar(owner: Visitor, proof: str) -> str:
    return "; ".join(f"{name}={value}" for name, value in {**owner.cookies, COOKIE: proof}.items())


def _redated(proof: str) -> str:
    return f"{int(time.time() * 1000)}.{proof.partition('.')[2]}"


def _redirect(stage: Stage, owner: Visitor, outcome: Outcome) -> None:
    """What lets a redirect through is copied too, and used after its owner."""
    sent = owner.get("/")
    hop, place = owner.cookies.get(HOP_COOKIE, ""), sent.headers.get("location", "")
    went = owner.get(place, {HEADER: None})
    with _copy(stage, owner, **{HOP_COOKIE: hop}) as copy:
        again, other = copy.get(place), copy.get("/sessions/")
    outcome.check("témoin : une redirection passe sans nouvelle preuve", (bool(hop), went.status) == (True, 200))
    outcome.check(
        "sa copie n'ouvre plus rien", {again.status, other.status} == {428}, f"{again.status}, {other.status}"
    )


def _listens(stage: Stage, owner: Visitor, outcome: Outcome) -> None:
    """The live channel, by the copied cookie and by its owner."""
    assert owner.workstation is not None  # noqa: S101
    statuses = [
        _line(stage, owner, proof)
        for proof in ("", Workstation().proof("GET", "/direct/"), owner.workstation.proof("GET", "/direct/"))
    ]
    outcome.check("le canal direct ne dit rien à une copie", statuses[:2] == [428, 428], str(statuses))
    outcome.check("témoin : il parle à sa propriétaire", statuses[2] == 200, str(statuses))


def _line(stage: Stage, owner: Visitor, proof: str) -> int:
    parts = urlsplit(stage.origin)
    line = http.client.HTTPConnection(parts.hostname or "localhost", (parts.port or 80) + LIVE_PORT, timeout=10)
    try:
        headers = {"Origin": stage.origin, "Cookie": f"{SESSION_COOKIE}={owner.cookies[SESSION_COOKIE]}"}
        line.request("GET", "/direct/", headers=headers | ({HEADER: proof} if proof else {}))
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        line.close()


def _stops_nobody(stage: Stage, owner: Visitor, victim: Account, outcome: Outcome) -> None:
    """A copy signs nobody out, revokes nothing, and freezes nobody."""
    with _copy(stage, owner) as copy:
        copy.post("/deconnexion/")
        copy.post(f"/sessions/{session_of(owner)}/revoquer/")
        for number in range(5):
            copy.get(f"/dossier/{number:08d}-0000-4000-8000-000000000000/")
    answer = owner.get(f"/unite/{victim.units[0]}/")
    outcome.check("sa propriétaire travaille toujours", answer.status == 200, str(answer.status))


def _roams(owner: Visitor, outcome: Outcome) -> None:
    """False alarms: the same browser from a thousand addresses (Wi-Fi, 4G, a proxy that changes): nothing is asked."""
    asked = [answer.status for number in range(ROAMS) if (answer := _from(owner, number)).status != 204]
    outcome.check(
        f"fausse alerte : {ROAMS} changements d'adresse, aucune preuve de plus demandée", not asked, str(asked[:4])
    )


def _from(owner: Visitor, number: int) -> Answer:
    """One request of the owner's from another loopback address, with another forwarded one."""
    parts = urlsplit(owner.base_url)
    place = f"127.{number // 62500 % 250}.{number // 250 % 250}.{number % 250 + 1}"
    line = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30, source_address=(place, 0))
    assert owner.workstation is not None  # noqa: S101
    headers = {
        "Host": parts.netloc, "Cookie": "; ".join(f"{name}={value}" for name, value in owner.cookies.items()),
        "Sec-Fetch-Site": "same-origin", "X-Forwarded-For": f"203.0.113.{number % 250}",
        HEADER: owner.workstation.proof("GET", "/vivant/"),
    }  # fmt: skip
    try:
        line.request("GET", "/vivant/", headers=headers)
        response = line.getresponse()
        return Answer(response.status, {}, response.read())
    finally:
        line.close()
