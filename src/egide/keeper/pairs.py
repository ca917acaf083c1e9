"""Acts of two persons side by side: the plan blanc, a commission's mandate.

The asker's key, then another person's, on one screen, both over the hash of the exact act; the base says who may and
carries it out.
"""

import re
import secrets
import uuid
from collections.abc import Mapping
from typing import Any, Final, LiteralString
from uuid import UUID

from egide.keeper.acts import ACT_SECONDS, Acts
from egide.keeper.signin import BadAssertion, Ceremony
from egide.kernel.acts import act_challenge, canonical_body

# kind → what carries it out, and what its text holds beside the site
KINDS: Final[dict[str, tuple[LiteralString, dict[str, str]]]] = {
    "plan_blanc": ("SELECT gate.begin_plan(%s) AS code", {}),
    "commission": (
        "SELECT gate.begin_commission(%s) AS code",
        {"account": r"[0-9a-f-]{36}", "commission": r"infection|identity|quality", "until": r"\d{4}-\d\d-\d\d"},
    ),
}


class Pairs:
    """Writes the act down, checks each of the two yeses, has it carried out."""

    def __init__(self, ceremony: Ceremony, acts: Acts) -> None:
        self._ceremony = ceremony
        self._acts = acts

    def begin(self, conn: Any, session: UUID, account: UUID, kind: str, body: Mapping[str, str]) -> dict[str, Any]:
        """The exact act, of the asker's own site; its challenge comes back."""
        asked = KINDS.get(kind, ("", {}))[1] if kind in KINDS else None
        if asked is None or set(body) != set(asked) or not all(re.fullmatch(asked[name], body[name]) for name in asked):
            raise BadAssertion("bad_request")
        actor = conn.execute("SELECT * FROM gate.who(%s, %s)", (session, account)).fetchone()
        act, nonce = uuid.uuid4(), secrets.token_bytes(16)
        text = canonical_body({**body, "site": str(actor["site"])})
        row = conn.execute(
            "SELECT accounts.propose(%s, %s, %s, %s, %s, %s, %s) AS state",
            (session, account, act, kind, text, nonce, ACT_SECONDS),
        ).fetchone()
        if row["state"] != "live":
            raise BadAssertion(row["state"])
        return {"act": act.bytes, "options": self._ceremony.ask(act_challenge(kind, act, nonce, text))}

    def finish(
        self, conn: Any, session: UUID, account: UUID, act: UUID, kind: str, response: Mapping[str, Any]
    ) -> dict[str, Any]:
        """One yes. `state`: colleague_needed, or ok once it is done."""
        if kind not in KINDS:
            raise BadAssertion("bad_request")
        _, challenge = self._acts.yes(conn, session, account, act, kind, response)
        code = conn.execute(KINDS[kind][0], (act,)).fetchone()["code"]
        if code == "colleague_needed":
            return {"state": code, "act": act.bytes, "options": self._ceremony.ask(challenge)}
        if code != "ok":
            raise BadAssertion(code)
        return {"state": "ok"}
