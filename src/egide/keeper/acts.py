"""Approvals: a yes is a WebAuthn assertion, user verified, whose challenge is the hash of the exact act (gate.md §7).

The act is written down before; its assertion is kept. Neither the web process nor the database's owner can forge one.
"""

import hmac
import json
import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, LiteralString
from uuid import UUID

from egide.keeper.masters import Masters
from egide.keeper.signin import BadAssertion, Ceremony
from egide.kernel import sealing
from egide.kernel.acts import act_challenge, canonical_body

ACT_SECONDS = 300
MAX_WORDS = 1000
# What carries an approved emergency out: the whole chart for four hours, or the sheet, where no colleague is there.
EMERGENCIES: Final[dict[str, LiteralString]] = {
    "break_glass": "SELECT gate.break_glass(%s, %s, %s, %s, %s) AS code",
    "emergency_sheet": "SELECT gate.emergency_sheet(%s, %s, %s, %s, %s) AS code",
}
_CODE = re.compile(r"[a-z_]{3,40}")


class Acts:
    """Proposes acts, checks each yes, and carries an emergency out once it has all it needs."""

    def __init__(self, masters: Masters, ceremony: Ceremony, key_of: Callable[[Any, bytes], dict[str, Any]]) -> None:
        self._trail_keys = masters.keys["trail"]
        self._ceremony = ceremony
        self._key_of = key_of

    def begin(
        self, conn: Any, session: UUID, account: UUID, kind: str, patient: UUID, reason: str, words: str
    ) -> dict[str, Any]:
        """Write the act down; its challenge comes back. The words stand in it as a MAC, never in clear."""
        if kind not in EMERGENCIES or not _CODE.fullmatch(reason) or len(words) > MAX_WORDS:
            raise BadAssertion("bad_request")
        act, nonce = uuid.uuid4(), secrets.token_bytes(16)
        body = canonical_body({"patient": str(patient), "reason": reason, "words": self._words_macs(act, words)[0]})
        row = conn.execute(
            "SELECT accounts.propose(%s, %s, %s, %s, %s, %s, %s) AS state",
            (session, account, act, kind, body, nonce, ACT_SECONDS),
        ).fetchone()
        if row["state"] != "live":
            raise BadAssertion(row["state"])
        return {"act": act.bytes, "options": self._ceremony.ask(act_challenge(kind, act, nonce, body))}

    def finish(
        self, conn: Any, session: UUID, account: UUID, act: UUID, response: Mapping[str, Any], words: str,
        kind: str = "break_glass",
    ) -> dict[str, Any]:  # fmt: skip
        """One yes: the first is the asker's own, the next somebody else's. `state`: ok, or colleague_needed."""
        if kind not in EMERGENCIES:
            raise BadAssertion("bad_request")
        found, challenge = self.yes(conn, session, account, act, kind, response, words)
        body = json.loads(found["body"])
        words_id = uuid.uuid4()
        sealed = sealing.seal(self._words_keys(words_id), words.encode(), _bound(words_id))
        done = conn.execute(
            EMERGENCIES[kind],
            (act, UUID(body["patient"]), body["reason"], words_id, sealed),
        ).fetchone()
        if done["code"] == "colleague_needed":
            return {"state": "colleague_needed", "act": act.bytes, "options": self._ceremony.ask(challenge)}
        if done["code"] != "ok":
            raise BadAssertion(done["code"])
        return {"state": "ok"}

    def yes(
        self, conn: Any, session: UUID, account: UUID, act: UUID, kind: str, response: Mapping[str, Any],
        words: str | None = None,
    ) -> tuple[dict[str, Any], bytes]:  # fmt: skip
        """One yes, verified and written: the act and its challenge. Trying a key on an act is never silent."""
        try:
            found = self._asked(conn, session, account, act, kind, words)
            challenge = act_challenge(found["kind"], act, bytes(found["nonce"]), found["body"])
            key, count = self._verified(conn, found, challenge, response)
        except BadAssertion as refusal:
            conn.execute("SELECT accounts.refuse_approval(%s, %s, %s, %s)", (session, account, act, refusal.code))
            raise
        assertion = json.dumps(response, sort_keys=True, separators=(",", ":")).encode()
        yes = conn.execute(
            "SELECT accounts.approve(%s, %s, %s, %s) AS yes", (act, key["id"], count, assertion)
        ).fetchone()
        if yes["yes"] < 1:
            raise BadAssertion("bad_approval")
        return found, challenge

    def _asked(
        self, conn: Any, session: UUID, account: UUID, act: UUID, kind: str, words: str | None
    ) -> dict[str, Any]:
        """The living act of this kind that this very session asked for, with the words it was asked with."""
        found: dict[str, Any] | None = conn.execute("SELECT * FROM accounts.act_of(%s)", (act,)).fetchone()
        whose = (found["account"], found["session"], found["kind"]) if found else None
        if found is None or whose != (account, session, kind) or not found["live"]:
            raise BadAssertion("act_ended")
        if words is not None and json.loads(found["body"])["words"] not in self._words_macs(act, words):
            raise BadAssertion("bad_request")
        return found

    def _verified(
        self, conn: Any, found: dict[str, Any], challenge: bytes, response: Mapping[str, Any]
    ) -> tuple[dict[str, Any], int]:
        """The key that said yes, and its counter; the first yes is the asker's own, the next is not."""
        credential_id = self._ceremony.credential_id(response)
        key = self._key_of(conn, credential_id)
        own = key["account"] == found["account"]
        if own == (found["account"] in found["approvals"]):
            raise BadAssertion("same_person" if own else "not_approved")
        count = self._ceremony.check(
            challenge, response, key["account"], credential_id, key["aaguid"], bytes(key["public_key"])
        )
        return key, count

    def words(self, conn: Any, session: UUID, account: UUID, entry: int) -> str:
        """The sealed words of one break-glass, for somebody who was told of it; opening them is a row."""
        found = conn.execute("SELECT * FROM gate.words_of(%s, %s, %s)", (session, account, entry)).fetchone()
        if found is None or found["code"] != "ok":
            raise BadAssertion(found["code"] if found else "no_link")
        return sealing.unseal(self._words_keys(found["id"]), bytes(found["sealed"]), _bound(found["id"])).decode()

    def _words_keys(self, words_id: UUID) -> dict[int, bytes]:
        return {version: sealing.patient_key(key, "words", words_id) for version, key in self._trail_keys.items()}

    def _words_macs(self, act: UUID, words: str) -> list[str]:
        """Under each living key, the newest first: an act asked for under the former one is still signed."""
        text = b"egide/act-words/" + act.bytes + words.encode()
        return [hmac.digest(key, text, "sha256").hex() for _, key in sorted(self._trail_keys.items(), reverse=True)]


def _bound(words_id: UUID) -> bytes:
    return sealing.associated("gate.words", "sealed", words_id, "words")
