"""Acts over people asked for over HTTP, as the pages do: typed, signed twice; keys posed with two half codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from egide.rehearsal.drill.glass import account_id, code_of, signed
from egide.rehearsal.drill.pages import UUID_TEXT
from egide.rehearsal.drill.stage import Account, NoStage, Stage, Steady
from egide.rehearsal.signin import Answer, Visitor, by_registration, default_keys_url, sign_in

OFFICES: Final = ("administrator", "dpo", "rssi", "identity_cell")
STATION: Final = "egide_poste"
_ACT = re.compile(rf"/approbations/({UUID_TEXT})/")
# What a page of refusal or a form says, and the code it stands for: pages show sentences, not codes.
_SAID: Final = {
    "Acte qui vous concerne": "concerns_you",
    "Fonctions incompatibles": "office_and_care",
    "Données fermées à votre profession": "category_closed",
    "Votre fonction couvre": "not_your_site",  # beside its field
}


class Offices:
    """The accounts that answer for people, and the acts they ask for."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.all = [one for one in stage.accounts if one.profession in OFFICES]
        self.administrators = [one for one in self.all if one.profession == "administrator"]
        if len(self.administrators) < 3:
            raise NoStage("L'exercice demande trois comptes d'administrateur.")
        self.unit = next(one.units[0] for one in stage.accounts if one.profession == "physician" and one.units)
        self._site = ""

    def of(self, profession: str) -> Account:
        """The first account of an office."""
        return next(one for one in self.all if one.profession == profession)

    def id_of(self, account: Account) -> UUID:
        """The account's id (the judge's look)."""
        return account_id(self.stage, account)

    def name_of(self, account: Account) -> tuple[str, str]:
        """First and family name, as the directory has them."""
        with self.stage.judge() as judge:
            row = judge.execute(
                "SELECT given, family FROM directory_professional WHERE id = %s", (self.id_of(account),)
            ).fetchone()
        return (row["given"], row["family"]) if row else ("", "")

    @property
    def site(self) -> str:
        """The site of the unit that is attacked."""
        if not self._site:
            with self.stage.judge() as judge:
                row = judge.execute("SELECT site_id FROM directory_unit WHERE id = %s", (self.unit,)).fetchone()
            self._site = str(row["site_id"]) if row else ""
        return self._site

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def ask(self, visitor: Visitor, account: str, word: str, **form: str) -> str:
        """The form of one act over one person; `asked`, or the code of what the page says."""
        return _said(visitor.post(f"/personnel/{account}/acte/{word}/", form))

    def asked(self, visitor: Visitor, account: str, word: str, **form: str) -> str:
        """The same, honestly: the act's id, empty when it was refused."""
        return _act_of(visitor.post(f"/personnel/{account}/acte/{word}/", form))

    def create(self, visitor: Visitor, **form: str) -> str:
        """The form of a new person; `asked`, or a code."""
        return _said(visitor.post("/personnel/nouveau/", self._person(form)))

    def created(self, visitor: Visitor, **form: str) -> str:
        """The same, honestly: the act's id. NoStage when it was refused."""
        answer = visitor.post("/personnel/nouveau/", self._person(form))
        act = _act_of(answer)
        if not act:
            raise NoStage(f"La création d'une personne est refusée : {_said(answer)}.")
        return act

    def _person(self, form: Mapping[str, str]) -> dict[str, str]:
        care = form.get("profession") not in OFFICES
        units = form.get("unit") or (self.unit if care else "")
        return {"site": self.site, "units": units, "key": "now"} | {k: v for k, v in form.items() if k != "unit"}

    # ── signing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def yes(self, visitor: Visitor, act: str, by: Account) -> tuple[str, str]:
        """A yes by this account's key in this session: state or code, and the half code that came back."""
        begun = visitor.post(f"/approbations/{act}/defi/", json_body={})
        if begun.status != 200:
            return code_of(begun), ""
        response = signed(self.stage, by, begun.json()["options"])
        answer = visitor.post(f"/approbations/{act}/preuve/", json_body={"response": dict(response)})
        return code_of(answer), str(answer.json().get("half", "")) if answer.status == 200 else ""

    def both(self, act: str, first: Account, second: Account, one: Visitor) -> tuple[str, str]:
        """Both yeses, the second from a session of its own; the two half codes."""
        mine = half_of(self.yes(one, act, first))
        with self.stage.sign_in(second) as two:
            return mine, half_of(self.yes(two, act, second))

    def refuse(self, visitor: Visitor, act: str) -> Answer:
        """Refuse an act, or take it back."""
        return visitor.post(f"/approbations/{act}/refuser/")

    def on_the_same_station(self, account: Account, visitor: Visitor) -> Visitor:
        """A session of another account in the browser of `visitor`."""
        mark = visitor.cookies.get(STATION, "")
        with sign_in(self.stage.origin, account.username, self.stage.keys_url, cookies={STATION: mark}) as other:
            return Steady(other.base_url, other.cookies, other.workstation)

    # ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def key_challenge(self, first: str, second: str) -> str:
        """What the page of a new key answers to two halves: `ok`, or a code."""
        with Steady(self.stage.origin) as nobody:
            nobody.get("/cle/")
            answer = nobody.post("/cle/defi/", json_body={"first": first, "second": second})
        return "ok" if answer.status == 200 else code_of(answer)

    def pose_key(self, first: str, second: str) -> str:
        """A demo key made with two halves; the account's name. NoStage when it is refused."""
        with Steady(self.stage.origin) as nobody:
            nobody.get("/cle/")
            begun = nobody.post("/cle/defi/", json_body={"first": first, "second": second})
            if begun.status != 200:
                raise NoStage(f"La clé n'a pas pu être posée : {code_of(begun)}.")
            asked: dict[str, Any] = begun.json()
            service = self.stage.keys_url or default_keys_url(self.stage.origin)
            made = by_registration(service, asked["username"], self.stage.origin)(asked["options"])
            body = {"first": first, "second": second, "challenge_id": asked["challenge_id"], "response": dict(made)}
            answer = nobody.post("/cle/preuve/", json_body=body)
        if answer.status != 200:
            raise NoStage(f"La clé n'a pas pu être posée : {code_of(answer)}.")
        return str(answer.json()["username"])


def half_of(yes: tuple[str, str]) -> str:
    """The half code of a yes that was accepted; NoStage otherwise."""
    state, half = yes
    if state not in ("waiting", "ok") or not half:
        raise NoStage(f"L'accord honnête est refusé : {state}.")
    return half


def _act_of(answer: Answer) -> str:
    found = _ACT.search(answer.headers.get("location", ""))
    return found[1] if found else ""


def _said(answer: Answer) -> str:
    if _act_of(answer):
        return "asked"
    return next((code for words, code in _SAID.items() if words in answer.text), str(answer.status))
