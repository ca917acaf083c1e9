"""A key enrolled in person: two half codes, then WebAuthn's registration with user verification (level 2 §7.1)."""

import uuid
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from egide.keeper.consent import Consent
from egide.keeper.enrolled import Marks
from egide.keeper.sessions import No
from egide.keeper.signin import BadAssertion, Ceremony
from egide.kernel.softkey_id import SOFTWARE_AAGUID

MAX_HALF = 20
MANY = 200


class Enrolment:
    """Gives a registration challenge to whoever holds both halves of a living code, and keeps the key that answers."""

    def __init__(self, ceremony: Ceremony, consent: Consent, marks: Marks, demo: bool) -> None:
        self._ceremony = ceremony
        self._consent = consent
        self._marks = marks
        self._demo = demo

    def begin(self, conn: Any, halves: list[str]) -> dict[str, Any]:
        """Whose key it will be, and PublicKeyCredentialCreationOptions as JSON."""
        found = self._invited(conn, halves)
        challenge_id, options = self._ceremony.begin_registration(
            found["account"], found["username"], found["name"], [bytes(one) for one in found["credentials"]]
        )
        return {
            "challenge_id": challenge_id,
            "options": options,
            "name": found["name"],
            "username": found["username"],
        }

    def finish(self, conn: Any, halves: list[str], challenge_id: str, response: Mapping[str, Any]) -> dict[str, Any]:
        """The key is the account's from now on, and the code is used up. Refuses a software key off a demo base.

        A refusal is a row: its code, and whose key it would have been.
        """
        found = self._invited(conn, halves)
        try:
            self._take(conn, found, challenge_id, response)
        except BadAssertion as refusal:
            conn.execute("SELECT accounts.refuse_key(%s, %s)", (found["invitation"], refusal.code))
            raise
        return {"name": found["name"], "username": found["username"]}

    def for_demo(
        self, conn: Any, account: bytes, credential_id: bytes, public_key: bytes, aaguid: bytes
    ) -> dict[str, Any]:
        """A key that the operator's console made for a demo's account; No(not_a_demo) on any other base."""
        if not self._demo:
            raise No("not_a_demo")
        row, who, model = uuid.uuid4(), UUID(bytes=account), UUID(bytes=aaguid)
        mac = self._marks.new((row, who, credential_id, public_key, model))
        state = conn.execute(
            "SELECT accounts.enrol(%s, %s, %s, %s, %s, %s) AS state", (row, who, credential_id, public_key, model, mac)
        ).fetchone()["state"]
        if state not in {"ok", "known"}:
            raise No(state)
        return {"state": state}

    def many_for_demo(self, conn: Any, keys: list[dict[str, Any]]) -> dict[str, Any]:
        """As `for_demo`, at most 200 keys in one commit: all or none."""
        if not 1 <= len(keys) <= MANY:
            raise No("bad_request")
        with conn.transaction():
            return {"states": [self.for_demo(conn, **one)["state"] for one in keys]}

    def _take(self, conn: Any, found: dict[str, Any], challenge_id: str, response: Mapping[str, Any]) -> None:
        credential_id, public_key, aaguid = self._ceremony.finish_registration(challenge_id, response)
        if aaguid == SOFTWARE_AAGUID and not self._demo:
            raise BadAssertion("software_key", found["account"])
        row, account = uuid.uuid4(), found["account"]
        mac = self._marks.new((row, account, credential_id, public_key, aaguid))
        state = conn.execute(
            "SELECT accounts.enrol_invited(%s, %s, %s, %s, %s, %s) AS code",
            (found["invitation"], row, credential_id, public_key, aaguid, mac),
        ).fetchone()["code"]
        if state != "ok":
            raise BadAssertion(state, account)

    def _invited(self, conn: Any, halves: list[str]) -> dict[str, Any]:
        if len(halves) != 2 or not all(isinstance(one, str) and 0 < len(one) <= MAX_HALF for one in halves):
            raise BadAssertion("bad_code")
        found: dict[str, Any] = conn.execute(
            "SELECT * FROM accounts.invited(%s::bytea[], %s::bytea[])", [self._consent.half_macs(one) for one in halves]
        ).fetchone()
        if found["code"] != "ok":
            raise BadAssertion(found["code"])
        return found
