"""A locked session: said whose it is, opened again by its owner's key; presence is enough at a workstation of the site.

A touch is no fresh factor: its challenge is of a kind of its own, which no sign-in and no act takes.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from egide.keeper.sessions import No
from egide.keeper.signin import REOPENING, BadAssertion, Ceremony

HOW = frozenset({"asked", "idle", "change"})


class Locking:
    """Locks, says who is locked, asks for the key and checks it. SQL alone says whether presence is enough."""

    def __init__(self, ceremony: Ceremony, key_of: Callable[[Any, bytes], dict[str, Any]]) -> None:
        self._ceremony = ceremony
        self._key_of = key_of

    def lock(self, conn: Any, session: UUID, account: UUID, how: str) -> dict[str, Any]:
        """From now on every verb of this session is refused. Locked twice is locked."""
        if how not in HOW:
            raise No("bad_request")
        code = conn.execute("SELECT accounts.lock_session(%s, %s, %s) AS code", (session, account, how)).fetchone()
        if code["code"] != "ok":
            raise No(code["code"])
        return {}

    def whose(self, conn: Any, session: UUID, account: UUID) -> dict[str, Any]:
        """Name and profession of who is locked; No(the state) of a session that is not."""
        found = self._locked(conn, session, account)
        return {name: found[name] for name in ("name", "username", "profession", "touch")}

    def begin(self, conn: Any, session: UUID, account: UUID) -> dict[str, Any]:
        """What the owner's key has to sign, in three minutes; `touch`: presence is enough."""
        found = self._locked(conn, session, account)
        challenge_id, challenge = self._ceremony.draw(REOPENING + session.bytes)
        keys = [bytes(one) for one in found["credentials"]]
        options = self._ceremony.ask_for_presence(challenge, keys) if found["touch"] else self._ceremony.ask(challenge)
        return {"challenge_id": challenge_id, "options": options, "touch": found["touch"]}

    def finish(
        self, conn: Any, session: UUID, account: UUID, challenge_id: str, response: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The session is open again, or why not; a key that opens nothing is a row."""
        try:
            challenge = self._ceremony.use(challenge_id, REOPENING + session.bytes)
            credential_id = self._ceremony.credential_id(response)
            key = self._key_of(conn, credential_id)
            if key["account"] != account:
                raise BadAssertion("not_your_key")
            count, verified = self._ceremony.touched(
                challenge, response, account, credential_id, key["aaguid"], bytes(key["public_key"])
            )
        except BadAssertion as refusal:
            conn.execute("SELECT accounts.refuse_reopen(%s, %s, %s)", (session, account, refusal.code))
            raise No(refusal.code) from None
        code = conn.execute(
            "SELECT accounts.reopen(%s, %s, %s, %s, %s) AS code", (session, account, key["id"], count, verified)
        ).fetchone()["code"]
        if code != "ok":
            raise No(code)
        return {}

    def _locked(self, conn: Any, session: UUID, account: UUID) -> dict[str, Any]:
        found: dict[str, Any] = conn.execute("SELECT * FROM accounts.locked(%s, %s)", (session, account)).fetchone()
        if found["code"] != "session_locked":
            raise No("not_locked" if found["code"] == "live" else found["code"])
        return found
