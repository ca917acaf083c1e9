"""Acts over people, rights and sites: asked, signed by the asker, then by another person, elsewhere; carried out.

A yes is a WebAuthn assertion, user verified, over the hash of the exact act (gate.md §7). SQL decides who may say it.
Where an act hands out a key, asker and approver each get one half of its code, once: neither enrols a key alone.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from egide.keeper.enrolled import half_mac
from egide.keeper.masters import Masters
from egide.keeper.signatures import Signatures, found, kept, written
from egide.keeper.signin import BadAssertion
from egide.kernel import read_aloud

HALF = 8  # signs read aloud, 40 bits; five tries at most
HANDS_A_KEY = frozenset({"create_person", "hand_key"})
_CODE = re.compile(r"[a-z_]{3,40}")


class Consent:
    """Asks for acts, says how each yes is signed, checks it and carries the act out with the last one."""

    def __init__(self, masters: Masters, signatures: Signatures) -> None:
        self._half_keys = [key for _, key in sorted(masters.keys["enrol"].items(), reverse=True)]
        self._signatures = signatures

    def ask(self, conn: Any, session: UUID, account: UUID, kind: str, body: Mapping[str, str]) -> dict[str, Any]:
        """Write an act down, as this text; nothing is signed yet."""
        words = all(isinstance(one, str) for pair in body.items() for one in pair)
        if not _CODE.fullmatch(kind) or not words:
            raise BadAssertion("bad_request")
        act = written(kind, body)
        row = conn.execute(
            "SELECT accounts.ask_act(%s, %s, %s, %s, %s, %s) AS code",
            (session, account, act.act, kind, act.body, act.nonce),
        ).fetchone()
        if row["code"] != "ok":
            raise BadAssertion(row["code"])
        return {"act": act.act.bytes}

    def challenge(self, conn: Any, session: UUID, account: UUID, act: UUID) -> dict[str, Any]:
        """What the next key has to sign; the text that is signed comes with it."""
        row = self._act(conn, session, account, act)
        return self._signatures.asked(found(row, act)) | {"kind": row["kind"], "body": row["body"]}

    def yes(self, conn: Any, session: UUID, account: UUID, act: UUID, response: Mapping[str, Any]) -> dict[str, Any]:
        """One yes. `state`: waiting (another person's) or ok; `half`: see above.

        By a key of this session's account, or of another person beside it where the act takes that; SQL decides.
        """
        row = self._act(conn, session, account, act)
        try:
            key = self._signatures.key(conn, response)
            count = self._signatures.count(found(row, act), response, key)
        except BadAssertion as refusal:
            # trying a key on an act is never silent
            conn.execute("SELECT accounts.refuse_approval(%s, %s, %s, %s)", (session, account, act, refusal.code))
            raise
        half = read_aloud.drawn(HALF) if _hands_a_key(row) else ""
        state = conn.execute(
            "SELECT accounts.say_yes(%s, %s, %s, %s, %s, %s, %s) AS code",
            (session, account, act, key["id"], count, kept(response), self.half_macs(half)[0]),
        ).fetchone()["code"]
        if state not in {"waiting", "ok"}:
            raise BadAssertion(state)
        return {"state": state, "half": half}

    def half_macs(self, half: str) -> list[bytes]:
        """What the base keeps of a half code, however it was typed: under each living key, the newest first."""
        plain = read_aloud.meant(half)
        return [half_mac(key, plain) for key in self._half_keys]

    def _act(self, conn: Any, session: UUID, account: UUID, act: UUID) -> dict[str, Any]:
        row: dict[str, Any] = conn.execute(
            "SELECT * FROM accounts.act_for(%s, %s, %s)", (session, account, act)
        ).fetchone()
        if row["code"] != "ok":
            raise BadAssertion(row["code"])
        return row


def _hands_a_key(row: Mapping[str, Any]) -> bool:
    return row["kind"] in HANDS_A_KEY and json.loads(row["body"]).get("key", "now") == "now"
