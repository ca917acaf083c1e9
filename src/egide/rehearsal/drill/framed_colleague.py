"""Attack 25: stop a colleague on purpose, by making her look guilty or by wearing her key and session out.

R counts, here, carers who can no longer work: a session frozen or ended that is not the thief's, a sign-in that fails.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from egide.rehearsal.drill import rescue
from egide.rehearsal.drill.bad_key import bent, key_of
from egide.rehearsal.drill.glass import Glass, account_id, colleague_of, rested, strangers
from egide.rehearsal.drill.stage import SESSION_COOKIE, Account, Stage, Steady, session_of
from egide.rehearsal.drill.table import Outcome, Stopwatch
from egide.rehearsal.signin import CSRF_COOKIE, SignInFailed, Visitor, by_service, default_keys_url, sign_in
from egide.rehearsal.workstation import Workstation

NUMBER: Final = 25
ROUNDS: Final = 6  # of eleven bent assertions
BAITS: Final = 20
FLOOD: Final = 2_000
HUNG_UP: Final = 50  # lines the server may close on one hand of the flood before it gives up, and the flood is short
SLOW: Final = 40
PATIENT_SECONDS: Final = 5.0
CROSS_SITE: Final = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
SAME_SITE: Final = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
TYPED_URL: Final = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
OTHER_SITE: Final = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def play(stage: Stage) -> Outcome:
    """Each bait in turn; after each, the colleague must still work and still be able to sign in."""
    outcome = Outcome(NUMBER)
    thief, victim = stage.pair()
    before = _refused(stage, victim)
    with stage.sign_in(thief) as own:
        foreign = strangers(stage, victim, thief) + [str(uuid4()) for _ in range(BAITS)]
        for name, must, may, bait in (
            ("des assertions fausses de sa clé", {429}, {403}, lambda _: _assertions(stage, victim)),
            ("une page d'images hostiles", {403}, set(), lambda one: _walk(one, foreign, CROSS_SITE)),
            ("des images d'un site voisin", {403}, set(), lambda one: _walk(one, foreign, SAME_SITE)),
            ("des liens collés dans un message", {403}, set(), lambda one: _walk(one, foreign, TYPED_URL)),
            ("une déconnexion envoyée d'un autre site", {403, 405}, set(), _sign_out_by_another_site),
            ("la fermeture de sa session par un autre compte", {403}, set(), lambda one: _revoke(own, one)),
            ("un faux cookie à son nom", {401}, set(), lambda _: _forged(stage, victim)),
            ("cent codes de secours essayés à son nom", {429}, {403}, lambda _: _codes(stage, victim)),
        ):
            _one(stage, outcome, victim, (name, must, may), bait)
    _flood(stage, outcome, victim)
    _slow(stage, outcome, victim)
    _expired_glass(stage, outcome)
    _copied_cookie(stage, outcome, victim, foreign)
    written = _refused(stage, victim) - before
    outcome.recorded = outcome.check(
        "les assertions fausses sont dans la trace", written >= ROUNDS, f"{written} lignes"
    )
    return outcome


def _works(visitor: Visitor, account: Account) -> bool:
    return visitor.get(f"/unite/{account.units[0]}/").status == 200


def _one(
    stage: Stage,
    outcome: Outcome,
    victim: Account,
    named: tuple[str, set[int], set[int]],
    bait: Callable[[Visitor], list[int]],
) -> None:
    """One bait, the statuses that must have refused it, and those that may: another says that it met something else."""
    name, must, may = named
    with stage.sign_in(victim) as visitor:
        met = bait(visitor)
        goes_on = _works(visitor, victim)
        with stage.sign_in(victim) as again:
            returns = _works(again, victim)
    outcome.check(
        f"témoin, {name} : l'appât est arrivé et fut refusé",
        must <= set(met) <= must | may,
        f"{sorted(set(met))}, attendu {sorted(must)}",
    )
    outcome.r += not (goes_on and returns)
    outcome.check(
        f"{name} : elle continue et se reconnecte", goes_on and returns, f"continue {goes_on}, se reconnecte {returns}"
    )


# ── baits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _assertions(stage: Stage, victim: Account) -> list[int]:
    key, met = key_of(stage, victim), []
    for _ in range(ROUNDS):
        for name in bent(key, {"challenge": "A" * 22}, stage.origin):
            with Steady(stage.origin) as door:
                door.get("/connexion/")
                asked = door.post("/connexion/defi/", json_body={}).json()
                response = bent(key, asked["options"], stage.origin)[name]
                body = {"challenge_id": asked["challenge_id"], "response": response, "device_key": Workstation().named}
                met.append(door.post("/connexion/preuve/", json_body=body).status)
    return met


def _walk(visitor: Visitor, foreign: list[str], forge: dict[str, str]) -> list[int]:
    """Her cookie goes with it, though SameSite=Strict keeps it back in a browser."""
    return [visitor.get(f"/dossier/{one}/{part}", forge).status for one in foreign[:BAITS] for part in ("", "courbe/")]


def _sign_out_by_another_site(visitor: Visitor) -> list[int]:
    forged = (OTHER_SITE, {**OTHER_SITE, "X-CSRFToken": None}, {**SAME_SITE, "Origin": "http://localhost:1"})
    sent = [visitor.post("/deconnexion/", forge=forge).status for forge in forged]
    return [*sent, visitor.get("/deconnexion/", CROSS_SITE).status]


def _revoke(thief: Visitor, visitor: Visitor) -> list[int]:
    return [thief.post(f"/sessions/{session_of(visitor)}/revoquer/").status]


def _forged(stage: Stage, victim: Account) -> list[int]:
    """A cookie of her account with a false MAC, walking ids as if it were she."""
    import base64

    raw = uuid4().bytes + account_id(stage, victim).bytes + bytes(32)
    cookie = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    with Steady(stage.origin, {SESSION_COOKIE: cookie}) as visitor:
        return [visitor.get(f"/dossier/{uuid4()}/").status for _ in range(BAITS)]


def _codes(stage: Stage, victim: Account) -> list[int]:
    """The second door hammered under her name: it waits, her key does not."""
    with Steady(stage.origin) as thief:
        return [rescue.enter(thief, victim.username, f"{number:06d}").status for number in range(100)]


def _flood(stage: Stage, outcome: Outcome, victim: Account) -> None:
    """Challenges asked for by nobody, eight hands, all of them between her own challenge and the touch of her key."""
    touch = by_service(stage.keys_url or default_keys_url(stage.origin), victim.username, stage.origin)

    answered: list[int] = []

    def hand() -> None:
        broken = 0
        with Steady(stage.origin) as door:
            while len(answered) < FLOOD and broken < HUNG_UP:
                try:
                    if CSRF_COOKIE not in door.cookies:
                        door.get("/connexion/")
                    answered.append(door.post("/connexion/defi/", json_body={}).status)
                except OSError:
                    broken += 1

    def slow_finger(options: Mapping[str, Any]) -> Mapping[str, Any]:
        hands = [threading.Thread(target=hand) for _ in range(8)]
        for one in hands:
            one.start()
        for one in hands:
            one.join()
        return touch(options)

    try:
        with sign_in(stage.origin, victim.username, make=slow_finger) as visitor:
            inside = _works(visitor, victim)
    except SignInFailed:
        inside = False
    outcome.r += not inside
    outcome.check(
        "témoin : chaque défi de la marée a son défi en réponse",
        len(answered) >= FLOOD and set(answered) == {200},
        f"{len(answered)}, {sorted(set(answered))}",
    )
    outcome.check(f"une marée de {FLOOD} défis entre le sien et sa clé : elle se connecte", inside)


def _slow(stage: Stage, outcome: Outcome, victim: Account) -> None:
    """Requests that never end: forty bodies announced and not sent."""
    parts = urlsplit(stage.origin)
    lines: list[socket.socket] = []
    with stage.sign_in(victim) as visitor:
        for _ in range(SLOW):
            line = socket.create_connection((parts.hostname or "localhost", parts.port or 80), timeout=5)
            line.sendall(
                b"POST /connexion/defi/ HTTP/1.1\r\nHost: "
                + parts.netloc.encode()
                + b"\r\nSec-Fetch-Site: same-origin\r\n"
                b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
            )
            lines.append(line)
        watch = Stopwatch()
        works = False
        with contextlib.suppress(OSError):
            works = _works(visitor, victim)
        waited = watch.read()
        for line in lines:
            line.close()
    outcome.r += not works
    outcome.check(
        f"{SLOW} requêtes qui ne finissent pas : sa page vient en moins de {PATIENT_SECONDS:.0f} s",
        works and waited < PATIENT_SECONDS,
        f"{waited:.1f} s",
    )


def _expired_glass(stage: Stage, outcome: Outcome) -> None:
    """No thief at all: four hours after three emergency accesses, the three tabs are reloaded from our own page."""
    carer, other = rested(stage)
    with stage.sign_in(carer) as visitor:
        glass = Glass(stage, visitor, carer)
        opened = strangers(stage, carer, other)[:3]
        codes = [glass.whole(one, colleague_of(stage, carer)) for one in opened]
        with stage.judge() as judge:  # four hours pass
            judge.execute(
                "UPDATE gate.link SET until = clock_timestamp() WHERE basis = 'break_glass' AND account = %s"
                " AND patient_id = ANY (%s) AND until > clock_timestamp()",
                (account_id(stage, carer), [UUID(one) for one in opened]),
            )
        for one in opened:
            visitor.get(f"/dossier/{one}/")
        works = _works(visitor, carer)
    outcome.r += not works
    outcome.check("témoin : trois accès d'urgence ont été ouverts", codes == ["ok"] * 3, str(codes))
    outcome.check(
        "fausse alerte : recharger trois dossiers dont l'accès d'urgence vient de finir ne gèle pas la soignante",
        works,
        "sa session est gelée",
    )


def _copied_cookie(stage: Stage, outcome: Outcome, victim: Account, foreign: list[str]) -> None:
    """Her cookie, copied, makes denials elsewhere with headers of our page, signs her out, closes her session."""
    with stage.sign_in(victim) as visitor, Steady(stage.origin, dict(visitor.cookies)) as copy:
        met = [copy.get(f"/dossier/{one}/", {"User-Agent": "curl/8"}).status for one in foreign[:4]]
        met += [copy.post(f"/sessions/{session_of(visitor)}/revoquer/").status]
        copy.post("/deconnexion/")  # takes the copy's own cookie away, and nothing else
        goes_on = _works(visitor, victim)
        watch = Stopwatch()
        with stage.sign_in(victim) as again:
            returns = _works(again, victim)
        back = watch.read()
    outcome.r += not goes_on
    outcome.check("témoin : la copie est arrivée, et fut refusée", set(met) == {428}, str(met))
    outcome.check(
        "un cookie copié ne gèle pas sa propriétaire", goes_on, f"arrêtée ; elle reprend en {back:.1f} s avec sa clé"
    )
    outcome.check("sa clé la remet au travail aussitôt", returns)


def _refused(stage: Stage, account: Account) -> int:
    with stage.judge() as judge:
        row = judge.execute(
            "SELECT count(*)::int AS n FROM audit.entry WHERE kind = 'sign_in_refused' AND account = %s",
            (account_id(stage, account),),
        ).fetchone()
    return int(row["n"]) if row else 0
