"""What every act of one or two persons shares: its text and challenge, the check of a key's answer, the answer kept."""

import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from egide.keeper.signin import BadAssertion, Ceremony
from egide.kernel.acts import act_challenge, canonical_body


class Written(NamedTuple):
    """An act word for word: what its challenge is the hash of."""

    kind: str
    act: UUID
    nonce: bytes
    body: str

    @property
    def challenge(self) -> bytes:
        """What a key signs."""
        return act_challenge(self.kind, self.act, self.nonce, self.body)


def written(kind: str, body: Mapping[str, str], act: UUID | None = None) -> Written:
    """A new act; `act`: its id, where the body already needed it."""
    return Written(kind, act or uuid.uuid4(), secrets.token_bytes(16), canonical_body(body))


def found(row: Mapping[str, Any], act: UUID) -> Written:
    """An act of the base."""
    return Written(row["kind"], act, bytes(row["nonce"]), row["body"])


def kept(response: Mapping[str, Any]) -> bytes:
    """The assertion as the base keeps it, to be verified again."""
    return json.dumps(response, sort_keys=True, separators=(",", ":")).encode()


class Signatures:
    """Asks keys for acts and checks what they answer."""

    def __init__(self, ceremony: Ceremony, key_of: Callable[[Any, bytes], dict[str, Any]]) -> None:
        self._ceremony = ceremony
        self._key_of = key_of

    def asked(self, act: Written) -> dict[str, Any]:
        """The act and what a key has to sign, as a page is told."""
        return {"act": act.act.bytes, "options": self._ceremony.ask(act.challenge)}

    def propose(self, conn: Any, session: UUID, account: UUID, act: Written, seconds: int) -> dict[str, Any]:
        """Write an act down that its asker's session carries to its end, and ask for the first key."""
        state = conn.execute(
            "SELECT accounts.propose(%s, %s, %s, %s, %s, %s, %s) AS state",
            (session, account, act.act, act.kind, act.body, act.nonce, seconds),
        ).fetchone()["state"]
        if state != "live":
            raise BadAssertion(state)
        return self.asked(act)

    def key(self, conn: Any, response: Mapping[str, Any]) -> dict[str, Any]:
        """The genuine key that an answer names; nothing of the answer is verified."""
        return self._key_of(conn, self._ceremony.credential_id(response))

    def count(self, act: Written, response: Mapping[str, Any], key: Mapping[str, Any]) -> int:
        """The key's counter, once its answer is verified: this very act, the person verified."""
        return self._ceremony.check(
            act.challenge, response, key["account"], self._ceremony.credential_id(response), key["aaguid"],
            bytes(key["public_key"]),
        )  # fmt: skip
