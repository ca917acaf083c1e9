"""Emergency access asked for over HTTP, as the page's own script does; the thief may lie about every part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.stage import Account, NoStage, Stage
from egide.rehearsal.signin import Answer, Visitor, by_service, default_keys_url

WORDS: Final = "Patient inconscient amené par le SAMU"
REASON: Final = "vital_emergency"
ALONE: Final = 5  # a day, then a colleague's key


class Glass:
    """One session's emergency accesses."""

    def __init__(self, stage: Stage, visitor: Visitor, account: Account) -> None:
        self.stage = stage
        self.visitor = visitor
        self.account = account

    def begin(self, patient: str, words: str = WORDS, forge: Mapping[str, str | None] | None = None) -> Answer:
        """Have the act written down; its challenge comes back."""
        path = f"/dossier/{patient}/acceder/urgence/defi/"
        return self.visitor.post(path, json_body={"reason": REASON, "words": words}, forge=forge)

    def finish(
        self,
        patient: str,
        act: str,
        response: Mapping[str, Any],
        words: str = WORDS,
        forge: Mapping[str, str | None] | None = None,
        by: Visitor | None = None,
    ) -> Answer:
        """Hand a key's answer in; `by` sends it under another session."""
        path = f"/dossier/{patient}/acceder/urgence/preuve/"
        body = {"act": act, "response": dict(response), "words": words}
        return (by or self.visitor).post(path, json_body=body, forge=forge)

    def signed(self, options: Mapping[str, Any], by: Account | None = None) -> Mapping[str, Any]:
        """The answer of the demo key of this person, or of somebody else."""
        return signed(self.stage, by or self.account, options)

    def whole(self, patient: str, colleague: Account | None = None) -> str:
        """Begin, sign, finish; with a colleague's key when it is asked for. `ok`, `colleague_needed`, or a code."""
        begun = self.begin(patient)
        if begun.status != 200:
            return code_of(begun)
        asked = begun.json()
        answer = self.finish(patient, asked["act"], self.signed(asked["options"]))
        if colleague is not None and code_of(answer) == "colleague_needed":
            asked = answer.json()
            answer = self.finish(patient, asked["act"], self.signed(asked["options"], colleague))
        return code_of(answer)

    def opens(self, patient: str) -> bool:
        """Whether the chart opens; asked as a typed address, so that a refusal freezes nobody."""
        return self.visitor.get(f"/dossier/{patient}/", {"Sec-Fetch-Site": "none"}).status == 200


def signed(stage: Stage, account: Account, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """An assertion over these options by one account's demo key."""
    plain: Mapping[str, Any] = options.get("publicKey", options)
    return by_service(stage.keys_url or default_keys_url(stage.origin), account.username, stage.origin)(plain)


def code_of(answer: Answer | None) -> str:
    """`state` or `code` of an answer of these addresses; its status when it has neither."""
    if answer is None:
        return "none"
    try:
        found = answer.json()
    except ValueError:
        return str(answer.status)
    return str(found.get("state") or found.get("code") or answer.status) if isinstance(found, dict) else "?"


def count_today(stage: Stage, account: UUID) -> int:
    """How many emergency accesses an account had in the last day (the judge's look)."""
    with stage.judge() as judge:
        row = judge.execute("SELECT gate.break_glass_count(%s) AS n", (account,)).fetchone()
    return int(row["n"]) if row else 0


def account_id(stage: Stage, account: Account) -> UUID:
    """The account's id (the judge's look)."""
    with stage.judge() as judge:
        row = judge.execute("SELECT id FROM accounts.account WHERE username = %s", (account.username,)).fetchone()
    if row is None:
        raise NoStage(f"Le compte {account.username} manque à cette base.")
    found: UUID = row["id"]
    return found


def rested(stage: Stage) -> tuple[Account, Account]:
    """The carer with the fewest emergency accesses today, and one of a unit that is not hers; in both lies somebody.

    Never the thief of the other attacks: what is opened here must stay foreign to him.
    """
    kept = stage.pair()[0]
    full = _inhabited(stage)
    able = [
        one
        for one in stage.accounts
        if one.profession in ("physician", "nurse") and one.units and one.units[0] in full and one != kept
    ]
    thief = min(able, key=lambda one: count_today(stage, account_id(stage, one)))
    victim = next((one for one in able if not set(one.units) & set(thief.units)), None)
    if victim is None:
        raise NoStage("L'exercice demande deux soignants d'unités différentes.")
    return thief, victim


def _inhabited(stage: Stage) -> set[str]:
    """The units where somebody lies (the judge's look)."""
    with stage.judge() as judge:
        rows = judge.execute("SELECT DISTINCT unit_id FROM stays_stay WHERE discharged_at IS NULL").fetchall()
    return {str(row["unit_id"]) for row in rows}


def strangers(stage: Stage, account: Account, victim: Account) -> list[str]:
    """Patients that the victim's own unit page shows and that neither the thief nor his units have a link to."""
    with stage.sign_in(victim) as own:
        shown = patients_in(own.get(f"/unite/{victim.units[0]}/").text)
    who = account_id(stage, account)
    with stage.judge() as judge:
        rows = judge.execute(
            "SELECT patient_id FROM gate.link WHERE (account = %s OR unit = ANY (%s::uuid[]))"
            # who left a unit stays its patient for some days more
            " AND (until IS NULL OR until > clock_timestamp() - interval '8 days')",
            (who, list(account.units)),
        ).fetchall()
    mine = {str(row["patient_id"]) for row in rows}
    return [one for one in shown if one not in mine]


def colleague_of(stage: Stage, account: Account) -> Account:
    """Somebody else who gives care: the one who happens to be in the room."""
    found = next(
        (
            one
            for one in stage.accounts
            if one.profession in ("nurse", "physician") and one.username != account.username
        ),
        None,
    )
    if found is None:
        raise NoStage("L'exercice demande un second soignant.")
    return found
