"""Acts over people and rights: asked, signed by the asker, then by another person on another workstation, carried out.

A yes is a WebAuthn assertion, user verified, over the hash of the exact act (gate.md §7). SQL decides who may say it.
Where an act hands out a key, asker and approver each get one half of its code, once: neither enrols a key alone.
"""

import json
import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from egide.keeper.enrolled import half_mac
from egide.keeper.masters import Masters
from egide.keeper.signin import BadAssertion, Ceremony
from egide.kernel.acts import act_challenge, canonical_body

# Crockford's base 32: no letter that is read as a digit. Eight of them are 40 bits; five tries at most.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HALF = 8
HANDS_A_KEY = frozenset({"create_person", "hand_key"})
_CODE = re.compile(r"[a-z_]{3,40}")
_AS_READ = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


class Consent:
    """Asks for acts, says how each yes is signed, checks it and carries the act out with the last one."""

    def __init__(self, masters: Masters, ceremony: Ceremony, key_of: Callable[[Any, bytes], dict[str, Any]]) -> None:
        self._half_keys = [key for _, key in sorted(masters.keys["enrol"].items(), reverse=True)]
        self._ceremony = ceremony
        self._key_of = key_of

    def ask(self, conn: Any, session: UUID, account: UUID, kind: str, body: Mapping[str, str]) -> dict[str, Any]:
        """Write an act down, as this text; nothing is signed yet."""
        words = all(isinstance(one, str) for pair in body.items() for one in pair)
        if not _CODE.fullmatch(kind) or not words:
            raise BadAssertion("bad_request")
        act = uuid.uuid4()
        row = conn.execute(
            "SELECT accounts.ask_act(%s, %s, %s, %s, %s, %s) AS code",
            (session, account, act, kind, canonical_body(body), secrets.token_bytes(16)),
        ).fetchone()
        if row["code"] != "ok":
            raise BadAssertion(row["code"])
        return {"act": act.bytes}

    def challenge(self, conn: Any, session: UUID, account: UUID, act: UUID) -> dict[str, Any]:
        """What this person's key has to sign; the text that is signed comes with it."""
        found = self._act(conn, session, account, act)
        options = self._ceremony.ask(act_challenge(found["kind"], act, bytes(found["nonce"]), found["body"]))
        return {"options": options, "kind": found["kind"], "body": found["body"]}

    def yes(self, conn: Any, session: UUID, account: UUID, act: UUID, response: Mapping[str, Any]) -> dict[str, Any]:
        """One yes, by a key of this session's account. `state`: waiting (another person's) or ok; `half`: see above."""
        found = self._act(conn, session, account, act)
        try:
            credential_id = self._ceremony.credential_id(response)
            key = self._key_of(conn, credential_id)
            if key["account"] != account:
                raise BadAssertion("not_your_key")
            count = self._ceremony.check(
                act_challenge(found["kind"], act, bytes(found["nonce"]), found["body"]),
                response, account, credential_id, key["aaguid"], bytes(key["public_key"]),
            )  # fmt: skip
        except BadAssertion as refusal:
            # trying a key on an act is never silent
            conn.execute("SELECT accounts.refuse_approval(%s, %s, %s, %s)", (session, account, act, refusal.code))
            raise
        half = "".join(secrets.choice(ALPHABET) for _ in range(HALF)) if _hands_a_key(found) else ""
        state = conn.execute(
            "SELECT accounts.say_yes(%s, %s, %s, %s, %s, %s, %s) AS code",
            (session, account, act, key["id"], count,
             json.dumps(response, sort_keys=True, separators=(",", ":")).encode(), self.half_macs(half)[0]),
        ).fetchone()["code"]  # fmt: skip
        if state not in {"waiting", "ok"}:
            raise BadAssertion(state)
        return {"state": state, "half": half}

    def half_macs(self, half: str) -> list[bytes]:
        """What the base keeps of a half code, however it was typed: under each living key, the newest first."""
        plain = half.upper().translate(_AS_READ)
        return [half_mac(key, plain) for key in self._half_keys]

    def _act(self, conn: Any, session: UUID, account: UUID, act: UUID) -> dict[str, Any]:
        found: dict[str, Any] = conn.execute(
            "SELECT * FROM accounts.act_for(%s, %s, %s)", (session, account, act)
        ).fetchone()
        if found["code"] != "ok":
            raise BadAssertion(found["code"])
        return found


def _hands_a_key(found: Mapping[str, Any]) -> bool:
    return found["kind"] in HANDS_A_KEY and json.loads(found["body"]).get("key", "now") == "now"
