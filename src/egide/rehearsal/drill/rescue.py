"""A rescue session as the drill opens and uses one: an administrator, a colleague, a telephone. Over HTTP."""

from __future__ import annotations

import base64
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

from egide.keeper.client import Keeper
from egide.kernel import totp
from egide.kernel.proofs import STATION
from egide.rehearsal.drill.glass import account_id, signed
from egide.rehearsal.drill.stage import SESSION_COOKIE, Account, NoStage, Stage, Steady
from egide.rehearsal.signin import Answer, Visitor, sign_in
from egide.rehearsal.softkey import SoftKey
from egide.rehearsal.workstation import Workstation

DOOR: Final = "/connexion/secours/"
TEAM: Final = 3  # a victim, a witness, somebody honestly rescued
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)


@contextmanager
def administrator(stage: Stage, account: Account) -> Iterator[tuple[Visitor, SoftKey]]:
    """Somebody of the victim's site who may open a rescue: made for the drill, as no listed account need be one."""
    username, who = f"exercice.{uuid4().hex[:10]}", uuid4()
    with stage.judge() as judge:
        site = judge.execute("SELECT site FROM accounts.account WHERE username = %s", (account.username,)).fetchone()
        if site is None:
            raise NoStage(f"Le compte {account.username} manque à cette base.")
        judge.execute(
            "SELECT accounts.add_person(%s, %s, %s, %s)", (who, username, "Administrateur d'exercice", site["site"])
        )
        judge.execute("SELECT accounts.add_membership(%s, 'administrator', NULL, %s)", (who, LONG_AGO))
    key = SoftKey.make(username, who, stage.origin.split("//", 1)[1].split(":", 1)[0])
    ops = Keeper(stage.home.keeper_socket("ops"))
    try:
        ops.call(
            "enrol", account=who.bytes, credential_id=key.credential_id, public_key=key.cose, aaguid=key.aaguid.bytes
        )
        with sign_in(stage.origin, username, make=lambda options: key.assertion(options, stage.origin)) as visitor:
            yield Steady(visitor.base_url, visitor.cookies, visitor.workstation), key
    finally:
        ops.close()
        with stage.judge() as judge:
            judge.execute("UPDATE accounts.account SET ended_at = clock_timestamp() WHERE id = %s", (who,))


def _granted(said: dict[str, Any]) -> dict[str, Any]:
    """An answer that asks for a key; NoStage for a refusal (a base where this was played often today)."""
    if "options" not in said:
        raise NoStage(f"La session de secours de l'exercice est refusée ({said.get('code')}).")
    return said


def opened(stage: Stage, visitor: Visitor, key: SoftKey, account: Account, witness: Account) -> bytes:
    """The secret on the rescued person's telephone."""
    begun = _granted(
        visitor.post("/secours/defi/", json_body={"username": account.username, "reason": "key_lost"}).json()
    )
    response = key.assertion(begun["options"], stage.origin)
    again = _granted(visitor.post("/secours/preuve/", json_body={"act": begun["act"], "response": response}).json())
    second = dict(signed(stage, witness, again["options"]))
    shown = visitor.post("/secours/preuve/", json_body={"act": again["act"], "response": second}).json()
    if shown.get("state") != "ok":
        raise NoStage(f"La session de secours de l'exercice ne s'ouvre pas ({shown.get('code')}).")
    return base64.b32decode(str(shown["secret"]).replace(" ", ""))


def code(secret: bytes, ahead: int = 0) -> str:
    """What the telephone shows now, or `ahead` steps later."""
    return totp.code_at(secret, time.time() + ahead * totp.STEP_SECONDS)


def enter(visitor: Visitor, username: str, shown: str) -> Answer:
    """Name and code at the second door; the session stays in the visitor's cookies."""
    visitor.get(DOOR)
    visitor.workstation = station = Workstation()
    visitor.cookies[STATION] = station.named
    return visitor.post(DOOR, {"username": username, "code": shown})


def inside(visitor: Visitor) -> bool:
    """Whether the visitor holds a session that still answers."""
    return SESSION_COOKIE in visitor.cookies and visitor.get("/secours/lits/").status == 200


def close(stage: Stage, visitor: Visitor, account: Account) -> Answer:
    """Close this person's rescue, as whoever opened it does."""
    return visitor.post(f"/secours/{account_id(stage, account)}/fermer/", {})


def later(stage: Stage, account: Account, minutes: int) -> None:
    """The judge turns the clock: what this account's rescue sessions opened was opened that much earlier."""
    with stage.judge() as judge:
        judge.execute(
            "UPDATE gate.rescue_seen SET at = at - make_interval(mins => %s) WHERE account = %s",
            (minutes, account_id(stage, account)),
        )


def carers(stage: Stage, least: int) -> list[Account]:
    """Three nurses of one site whose units hold this many patients at least, the fewest openings by rescue first.

    Of one site: its administrator opens theirs, and a witness is of the site of the person.
    """
    with stage.judge() as judge:
        held = {
            row["unit"]: int(row["n"])
            for row in judge.execute(
                "SELECT unit, count(DISTINCT patient_id) AS n FROM gate.link WHERE basis = 'stay'"
                " AND (until IS NULL OR until > clock_timestamp()) GROUP BY unit"
            )
        }
        seen = _seen(judge)
    sites, teams = stage.sites(), defaultdict[UUID, list[Account]](list)
    for one in sorted(stage.accounts, key=lambda one: seen.get(one.username, 0)):
        lying = sum(held.get(UUID(unit), 0) for unit in one.units)
        if one.profession == "nurse" and one.username in sites and lying >= least:
            team = teams[sites[one.username]]
            team.append(one)
            if len(team) == TEAM:
                return team
    raise NoStage(f"L'exercice demande trois comptes infirmiers d'un site dont les unités ont {least} patients.")


def _seen(judge: psycopg.Connection[dict[str, object]]) -> dict[str, int]:
    rows = judge.execute(
        "SELECT c.username, count(*) AS n FROM gate.rescue_seen s JOIN accounts.account c ON c.id = s.account"
        " GROUP BY 1"
    )
    return {str(row["username"]): int(str(row["n"])) for row in rows}
