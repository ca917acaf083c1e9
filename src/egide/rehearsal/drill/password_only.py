"""Attack 1: a password, or anything that is no fresh assertion with its person verified, signs nobody in.

R counts persons shown by whatever came back; sessions made are counted beside.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from egide.rehearsal.drill.bad_key import answer, bent, key_of
from egide.rehearsal.drill.glass import signed
from egide.rehearsal.drill.routes import routes
from egide.rehearsal.drill.stage import SESSION_COOKIE, Account, Stage, Steady
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import Answer, SignInFailed, Visitor
from egide.rehearsal.softkey import SoftKey
from egide.rehearsal.workstation import Workstation

NUMBER: Final = 1
HONEST: Final = 200
MOST_FAILED: Final = 0.005
PASSWORDS: Final = ("demo", "demo-egide", "azerty", "Egide2026!")
# Doors that a framework opens by itself, or that somebody may have left.
DOORS: Final = (
    "/connexion/", "/connexion/preuve/", "/login/", "/accounts/login/", "/admin/login/", "/api/login/", "/api/token/",
    "/token/", "/oauth/token/", "/o/token/", "/auth/login/", "/api-auth/login/", "/connexion/mot-de-passe/",
    "/password_reset/", "/accounts/password/reset/", "/accounts/signup/", "/connexion/secours/", "/oidc/callback/",
)  # fmt: skip


def play(stage: Stage) -> Outcome:
    """Passwords at every door, headers, then assertions that are none; then honest sign-ins."""
    outcome = Outcome(NUMBER)
    account = next(one for one in stage.accounts if one.profession == "physician")
    loot = stage.loot()
    made: list[str] = []
    _passwords(stage, account, loot, made)
    outcome.check("aucune adresse n'accepte un mot de passe", not made, "; ".join(made[:5]))
    asked = _asks_for_one(stage)
    outcome.check("aucune page ne demande de mot de passe", not asked, ", ".join(asked))
    with stage.sign_in(account) as owner:  # a key that was never used has no old counter
        owner.post("/deconnexion/")
    before = _refused(stage)
    let_in, tried, entered = _assertions(stage, account)
    outcome.check("témoin : la même réponse, entière et neuve, fait entrer", entered)
    outcome.check("sans assertion entière et vérifiée, aucune session", not let_in, "; ".join(let_in))
    written = _refused(stage) - before
    outcome.recorded = outcome.check(
        "chaque assertion refusée est dans la trace", written >= tried, f"{written} lignes pour {tried} refus"
    )
    _cookies(stage, account, outcome)
    outcome.r = loot.r
    _honest(stage, account, outcome)
    return outcome


def _passwords(stage: Stage, account: Account, loot: Any, made: list[str]) -> None:
    """Every route of ours and every door one may guess, by form, by JSON, by the header of HTTP."""
    paths = dict.fromkeys((*DOORS, *(route.path({}) for route in routes())))
    for path in paths:
        with Steady(stage.origin) as visitor:
            visitor.get("/connexion/")
            for name, got in _tries(visitor, path, account.username):
                loot.take(got.text)
                if SESSION_COOKIE in visitor.cookies or "authorization" in got.headers:
                    made.append(f"{path} : {name}")
                    visitor.cookies.pop(SESSION_COOKIE, None)


def _tries(visitor: Visitor, path: str, username: str) -> Iterator[tuple[str, Answer]]:
    word = PASSWORDS[0]
    form = {"username": username, "password": word, "login": username, "email": username, "grant_type": "password"}
    yield "formulaire", visitor.post(path, form)
    yield "JSON", visitor.post(path, json_body=form)
    basic = base64.b64encode(f"{username}:{word}".encode()).decode()
    yield "Basic", visitor.get(path, {"Authorization": f"Basic {basic}"})
    yield "Bearer", visitor.get(path, {"Authorization": f"Bearer {word}"})
    yield "Remote-User", visitor.get(path, {"Remote-User": username, "X-Remote-User": username})


def _asks_for_one(stage: Stage) -> list[str]:
    """Public pages with a field for a password."""
    with Steady(stage.origin) as visitor:
        pages = {path: visitor.get(path).text.lower() for path in ("/connexion/", "/", "/aide/")}
    return [path for path, text in pages.items() if 'type="password"' in text or "type=password" in text]


def _assertions(stage: Stage, account: Account) -> tuple[list[str], int, bool]:
    """A stolen key without its PIN, a bent one, none, another challenge's, a good answer twice.

    Who was let in, how many were the refusals of an assertion, and whether the good answer let its owner in.
    """
    key = key_of(stage, account)
    sample = {"challenge": "A" * 22}
    tries: dict[str, Callable[[Any], Mapping[str, Any]]] = {
        "réponse vide": lambda _: {},
        "sans signature": lambda _: {"id": "x", "rawId": "eA", "type": "public-key", "response": {}},
        "mot de passe comme réponse": lambda _: {"username": account.username, "password": PASSWORDS[0]},
        "réponse à un autre défi": lambda _: answer(key, sample, stage.origin),
    }
    for name in bent(key, sample, stage.origin):
        tries[name] = functools.partial(_bent, stage, key, name)
    let_in = [name for name, make in tries.items() if _enters(stage, make)]
    entered, replayed = _twice(stage, account)
    return let_in + ["une réponse rejouée"] * replayed, len(tries) + 1, entered


def _bent(stage: Stage, key: SoftKey, name: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    return bent(key, options, stage.origin)[name]


def _enters(stage: Stage, make: Any) -> bool:
    """Whether one sign-in with this answer gave a session."""
    with Steady(stage.origin) as visitor:
        visitor.get("/connexion/")
        asked = visitor.post("/connexion/defi/", json_body={}).json()
        body = {"challenge_id": asked["challenge_id"], "response": dict(make(asked["options"]))}
        body["device_key"] = Workstation().named
        visitor.post("/connexion/preuve/", json_body=body)
        return SESSION_COOKIE in visitor.cookies


def _twice(stage: Stage, account: Account) -> tuple[bool, bool]:
    """One good answer, handed in a second time by somebody who saw it pass: whether each of the two came in."""
    with Steady(stage.origin) as owner, Steady(stage.origin) as thief:
        thief.get("/connexion/")
        owner.get("/connexion/")
        asked = owner.post("/connexion/defi/", json_body={}).json()
        body = {
            "challenge_id": asked["challenge_id"],
            "response": dict(signed(stage, account, asked["options"])),
            "device_key": (mine := Workstation()).named,
        }
        owner.post("/connexion/preuve/", json_body=body)
        thief.post("/connexion/preuve/", json_body=body)
        owner.workstation = mine
        entered = SESSION_COOKIE in owner.cookies and owner.get(f"/unite/{account.units[0]}/").status == 200
        owner.post("/deconnexion/")
        return entered, SESSION_COOKIE in thief.cookies


def _cookies(stage: Stage, account: Account, outcome: Outcome) -> None:
    """Cookies that were made up; the name alone is no password either."""
    bad = ("", "0", account.username, "A" * 86, base64.urlsafe_b64encode(bytes(64)).decode().rstrip("="), "x" * 5000)
    opened = []
    for value in bad:
        with Steady(stage.origin, {SESSION_COOKIE: value}) as visitor:
            if visitor.get(f"/unite/{account.units[0]}/").status == 200:
                opened.append(value[:12])
    outcome.check("aucun cookie inventé n'ouvre", not opened, ", ".join(opened))


def _refused(stage: Stage) -> int:
    with stage.judge() as judge:
        row = judge.execute("SELECT count(*)::int AS n FROM audit.entry WHERE kind = 'sign_in_refused'").fetchone()
    return int(row["n"]) if row else 0


def _honest(stage: Stage, account: Account, outcome: Outcome) -> None:
    """The probe: honest sign-ins of everybody, one after the other, after all that."""
    failed = 0
    people = [stage.accounts[place % len(stage.accounts)] for place in range(HONEST)]
    for one in (account, *people):
        try:
            with stage.sign_in(one) as visitor:
                visitor.post("/deconnexion/")
        except SignInFailed:
            failed += 1
    outcome.check(
        "fausse alerte : les connexions honnêtes aboutissent",
        failed <= MOST_FAILED * HONEST,
        f"{failed} sur {HONEST + 1}",
    )
