"""A locked session: said whose it is, opened again by its owner's key; presence is enough at a workstation of the site.

A touch is no fresh factor: its challenge is of a kind of its own, which no sign-in and no act takes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from egide.keeper.sessions import No
from egide.keeper.signin import REOPENING, BadAssertion, Ceremony

HOW = frozenset({"asked", "idle", "change"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A genuine key that answered: its row, its counter, and whether its holder proved who she is besides."""

    key: dict[str, Any]
    count: int
    verified: bool


class Reopening:
    """What a key signs to open a locked session again, and the check of what came back: at its page, at its door."""

    def __init__(self, ceremony: Ceremony, key_of: Callable[[Any, bytes], dict[str, Any]]) -> None:
        self._ceremony = ceremony
        self._key_of = key_of

    def ask(self, session: UUID, row: Mapping[str, Any]) -> dict[str, Any]:
        """Challenge id and options, for three minutes. `row`: `credentials`, and whether presence is enough, `touch`"""
        challenge_id, challenge = self._ceremony.draw(REOPENING + session.bytes)
        keys = [bytes(one) for one in row["credentials"]]
        options = self._ceremony.ask_for_presence(challenge, keys) if row["touch"] else self._ceremony.ask(challenge)
        return {"challenge_id": challenge_id, "options": options}

    def check(
        self, conn: Any, session: UUID, challenge_id: str, response: Mapping[str, Any], owner: UUID | None = None
    ) -> Shown:
        """The key that answered; BadAssertion, with whose it was where that is known. `owner`: hers alone."""
        account: UUID | None = None
        try:
            challenge = self._ceremony.use(challenge_id, REOPENING + session.bytes)
            credential_id = self._ceremony.credential_id(response)
            key = self._key_of(conn, credential_id)
            account = key["account"]
            if owner not in (None, account):
                raise BadAssertion("not_your_key")
            count, verified = self._ceremony.touched(
                challenge, response, key["account"], credential_id, key["aaguid"], bytes(key["public_key"])
            )
        except BadAssertion as refusal:
            raise BadAssertion(refusal.code, account or refusal.account) from None
        return Shown(key, count, verified)


class Locking:
    """Locks, says who is locked, asks for the key and checks it. SQL alone says whether presence is enough."""

    def __init__(self, reopening: Reopening) -> None:
        self._reopening = reopening

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
        return {**self._reopening.ask(session, found), "touch": found["touch"]}

    def finish(
        self, conn: Any, session: UUID, account: UUID, challenge_id: str, response: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The session is open again, or why not; a key that opens nothing is a row."""
        try:
            shown = self._reopening.check(conn, session, challenge_id, response, account)
        except BadAssertion as refusal:
            conn.execute("SELECT accounts.refuse_reopen(%s, %s, %s)", (session, account, refusal.code))
            raise No(refusal.code) from None
        code = conn.execute(
            "SELECT accounts.reopen(%s, %s, %s, %s, %s) AS code",
            (session, account, shown.key["id"], shown.count, shown.verified),
        ).fetchone()["code"]
        if code != "ok":
            raise No(code)
        return {}

    def _locked(self, conn: Any, session: UUID, account: UUID) -> dict[str, Any]:
        found: dict[str, Any] = conn.execute("SELECT * FROM accounts.locked(%s, %s)", (session, account)).fetchone()
        if found["code"] != "session_locked":
            raise No("not_locked" if found["code"] == "live" else found["code"])
        return found
