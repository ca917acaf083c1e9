"""A fresh factor: one's own key, user verified, over an act of its own; asked where a count passed its ceiling."""

import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from egide.keeper.signin import BadAssertion, Ceremony
from egide.kernel.acts import act_challenge, canonical_body

KIND = "fresh_factor"
ACT_SECONDS = 300


class Fresh:
    """Asks for a proof that it is still the same person, and checks it; the proof stands in the trail."""

    def __init__(self, ceremony: Ceremony, key_of: Callable[[Any, bytes], dict[str, Any]]) -> None:
        self._ceremony = ceremony
        self._key_of = key_of

    def begin(self, conn: Any, session: UUID, account: UUID) -> dict[str, Any]:
        """The act, and what the key has to sign."""
        act, nonce = uuid.uuid4(), secrets.token_bytes(16)
        body = canonical_body({"session": str(session)})
        state = conn.execute(
            "SELECT accounts.propose(%s, %s, %s, %s, %s, %s, %s) AS state",
            (session, account, act, KIND, body, nonce, ACT_SECONDS),
        ).fetchone()["state"]
        if state != "live":
            raise BadAssertion(state)
        return {"act": act.bytes, "options": self._ceremony.ask(act_challenge(KIND, act, nonce, body))}

    def finish(self, conn: Any, session: UUID, account: UUID, act: UUID, response: Mapping[str, Any]) -> None:
        """Raises BadAssertion, once written: somebody else's key, another session's act, a false answer."""
        try:
            found = conn.execute("SELECT * FROM accounts.act_of(%s)", (act,)).fetchone()
            if found is None or (found["account"], found["session"], found["kind"]) != (account, session, KIND):
                raise BadAssertion("act_ended")
            if not found["live"]:
                raise BadAssertion("act_ended")
            credential_id = self._ceremony.credential_id(response)
            key = self._key_of(conn, credential_id)
            if key["account"] != account:
                raise BadAssertion("same_person")
            count = self._ceremony.check(
                act_challenge(KIND, act, bytes(found["nonce"]), found["body"]), response, account, credential_id,
                key["aaguid"], bytes(key["public_key"]),
            )  # fmt: skip
        except BadAssertion as refusal:
            conn.execute("SELECT accounts.refuse_approval(%s, %s, %s, %s)", (session, account, act, refusal.code))
            raise
        assertion = json.dumps(response, sort_keys=True, separators=(",", ":")).encode()
        conn.execute("SELECT accounts.approve(%s, %s, %s, %s)", (act, key["id"], count, assertion))
        code = conn.execute("SELECT gate.fresh_done(%s, %s) AS code", (act, session)).fetchone()["code"]
        if code != "ok":
            raise BadAssertion(code)
