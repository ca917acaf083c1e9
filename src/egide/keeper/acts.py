"""Acts that the session which asked for them carries to their end: emergencies, a rescue, a fresh factor (gate.md §7).

A yes is a WebAuthn assertion, user verified, over the hash of the exact act; the asker's, then that of a colleague
who is there.
"""

import hmac
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final, LiteralString
from uuid import UUID

from egide.keeper.masters import Masters
from egide.keeper.signatures import Signatures, Written, found, kept, written
from egide.keeper.signin import BadAssertion
from egide.kernel import sealing

ACT_SECONDS = 300
MAX_WORDS = 1000
# What carries an approved emergency out: the whole chart for four hours, or the sheet, where no colleague is there.
EMERGENCIES: Final[dict[str, LiteralString]] = {
    "break_glass": "SELECT gate.break_glass(%s, %s, %s, %s, %s) AS code",
    "emergency_sheet": "SELECT gate.emergency_sheet(%s, %s, %s, %s, %s) AS code",
}
_CODE = re.compile(r"[a-z_]{3,40}")


class Acts:
    """Checks each yes to such an act, and carries an emergency out once it has all it needs."""

    def __init__(self, masters: Masters, signatures: Signatures) -> None:
        self._trail_keys = masters.keys["trail"]
        self._signatures = signatures

    def begin(
        self, conn: Any, session: UUID, account: UUID, kind: str, patient: UUID, reason: str, words: str
    ) -> dict[str, Any]:
        """Write the act down; its challenge comes back. The words stand in it as a MAC, never in clear."""
        if kind not in EMERGENCIES or not _CODE.fullmatch(reason) or len(words) > MAX_WORDS:
            raise BadAssertion("bad_request")
        act = uuid.uuid4()
        body = {"patient": str(patient), "reason": reason, "words": self._words_macs(act, words)[0]}
        return self._signatures.propose(conn, session, account, written(kind, body, act), ACT_SECONDS)

    def finish(
        self, conn: Any, session: UUID, account: UUID, act: UUID, response: Mapping[str, Any], words: str,
        kind: str = "break_glass",
    ) -> dict[str, Any]:  # fmt: skip
        """One yes: the first is the asker's own, the next somebody else's. `state`: ok, or colleague_needed."""
        if kind not in EMERGENCIES:
            raise BadAssertion("bad_request")
        said = self.yes(conn, session, account, act, kind, response, words)
        body = json.loads(said.body)
        words_id = uuid.uuid4()
        sealed = sealing.seal(self._words_keys(words_id), words.encode(), _bound(words_id))
        done = conn.execute(
            EMERGENCIES[kind],
            (act, UUID(body["patient"]), body["reason"], words_id, sealed),
        ).fetchone()
        return self.state(said, done["code"])

    def state(self, act: Written, code: str) -> dict[str, Any]:
        """What a page is told after a yes: it is done, or a colleague's key is asked next; any other code is raised."""
        if code == "colleague_needed":
            return {"state": code, **self._signatures.asked(act)}
        if code != "ok":
            raise BadAssertion(code)
        return {"state": "ok"}

    def yes(
        self, conn: Any, session: UUID, account: UUID, act: UUID, kind: str, response: Mapping[str, Any],
        words: str | None = None,
    ) -> Written:  # fmt: skip
        """One yes, verified and written: the act it was said to. Trying a key on an act is never silent."""
        try:
            row = self._asked(conn, session, account, act, kind, words)
            key = self._signatures.key(conn, response)
            own = key["account"] == row["account"]
            # the first yes is the asker's own, the next is not
            if own == (row["account"] in row["approvals"]):
                raise BadAssertion("same_person" if own else "not_approved")
            count = self._signatures.count(found(row, act), response, key)
        except BadAssertion as refusal:
            conn.execute("SELECT accounts.refuse_approval(%s, %s, %s, %s)", (session, account, act, refusal.code))
            raise
        yes = conn.execute(
            "SELECT accounts.approve(%s, %s, %s, %s) AS yes", (act, key["id"], count, kept(response))
        ).fetchone()
        if yes["yes"] < 1:
            raise BadAssertion("bad_approval")
        return found(row, act)

    def _asked(
        self, conn: Any, session: UUID, account: UUID, act: UUID, kind: str, words: str | None
    ) -> dict[str, Any]:
        """The living act of this kind that this very session asked for, with the words it was asked with."""
        row: dict[str, Any] | None = conn.execute("SELECT * FROM accounts.act_of(%s)", (act,)).fetchone()
        whose = (row["account"], row["session"], row["kind"]) if row else None
        if row is None or whose != (account, session, kind) or not row["live"]:
            raise BadAssertion("act_ended")
        if words is not None and json.loads(row["body"])["words"] not in self._words_macs(act, words):
            raise BadAssertion("bad_request")
        return row

    def words(self, conn: Any, session: UUID, account: UUID, entry: int) -> str:
        """The sealed words of one break-glass, for somebody who was told of it; opening them is a row."""
        row = conn.execute("SELECT * FROM gate.words_of(%s, %s, %s)", (session, account, entry)).fetchone()
        if row is None or row["code"] != "ok":
            raise BadAssertion(row["code"] if row else "no_link")
        return sealing.unseal(self._words_keys(row["id"]), bytes(row["sealed"]), _bound(row["id"])).decode()

    def _words_keys(self, words_id: UUID) -> dict[int, bytes]:
        return {version: sealing.patient_key(key, "words", words_id) for version, key in self._trail_keys.items()}

    def _words_macs(self, act: UUID, words: str) -> list[str]:
        """Under each living key, the newest first: an act asked for under the former one is still signed."""
        text = b"egide/act-words/" + act.bytes + words.encode()
        return [hmac.digest(key, text, "sha256").hex() for _, key in sorted(self._trail_keys.items(), reverse=True)]


def _bound(words_id: UUID) -> bytes:
    return sealing.associated("gate.words", "sealed", words_id, "words")
