"""The rescue grade: a factor that can be relayed, hence opened by a second person, for one named person and a day.

The shared secret is made, sealed and compared here; it is shown once, when the opening is approved. RFC 6238.
"""

import base64
import hmac
import json
import re
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from egide.keeper.acts import ACT_SECONDS, Acts
from egide.keeper.enrolled import RescueSecrets
from egide.keeper.masters import Masters
from egide.keeper.signatures import Signatures, written
from egide.keeper.signin import BadAssertion
from egide.kernel import sealing, totp
from egide.kernel.codes import RescueReason

KIND = "open_rescue"
HOURS = 24
REASONS = frozenset(RescueReason)
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,60}")


class Rescue:
    """Opens, tries and closes. `now` is the clock (seconds since 1970)."""

    def __init__(
        self, masters: Masters, signatures: Signatures, acts: Acts, now: Callable[[], float] = time.time
    ) -> None:
        self._keys = [key for _, key in sorted(masters.keys["enrol"].items(), reverse=True)]
        self._secrets = RescueSecrets(masters.keys["enrol"])
        self._signatures = signatures
        self._acts = acts
        self._now = now
        self._nobody = totp.new_secret()

    # ── opening it for somebody ──────────────────────────────────────────────────────────────────────────────────────

    def begin(self, conn: Any, session: UUID, account: UUID, username: str, reason: str) -> dict[str, Any]:
        """Write the exact act down (whom, why, how long); its challenge comes back. Refusals are BadAssertion codes."""
        if reason not in REASONS or not _USERNAME.fullmatch(username):
            raise BadAssertion("unknown_colleague" if reason in REASONS else "reason_needed")
        named = conn.execute("SELECT * FROM accounts.rescue_named(%s, %s, %s)", (session, account, username)).fetchone()
        if named["code"] != "ok":
            conn.execute("SELECT accounts.refuse_approval(%s, %s, NULL, %s)", (session, account, named["code"]))
            raise BadAssertion(named["code"])
        body = {"account": str(named["account"]), "username": username, "reason": reason, "hours": str(HOURS)}
        asked = self._signatures.propose(conn, session, account, written(KIND, body), ACT_SECONDS)
        return {"name": named["name"], **asked}

    def finish(self, conn: Any, session: UUID, account: UUID, act: UUID, response: Mapping[str, Any]) -> dict[str, Any]:
        """One yes. `state`: colleague_needed, or ok with the secret's `address` and `device`, shown once."""
        said = self._acts.yes(conn, session, account, act, KIND, response)
        body = json.loads(said.body)
        target, username = UUID(body["account"]), body["username"]
        row, secret = uuid.uuid4(), totp.new_secret()
        until = datetime.fromtimestamp(int(self._now()), UTC) + timedelta(hours=HOURS)
        done = conn.execute(
            "SELECT accounts.open_rescue(%s, %s, %s, %s, %s, %s) AS code",
            (act, row, target, body["reason"], self._secrets.seal(row, target, until, secret), until),
        ).fetchone()
        state = self._acts.state(said, done["code"])
        if state["state"] != "ok":
            return state
        return {
            **state,
            "address": totp.address(secret, username),
            "secret": base64.b32encode(secret).decode(),
            "until": until.isoformat(),
            "device": self.device(username),
        }

    # ── signing in by it ─────────────────────────────────────────────────────────────────────────────────────────────

    def check(self, conn: Any, username: str, code: str, device: str) -> tuple[UUID, int, bool]:
        """The rescue, the step of the code, and whether the workstation is known.

        BadAssertion, the same for a name without a rescue, a wrong code, one that served. Counted, then compared.
        """
        name = username if _USERNAME.fullmatch(username) else ""
        known = bool(name) and any(
            hmac.compare_digest(device.encode(), _device(key, name, device[:22]).encode()) for key in self._keys
        )
        tried = conn.execute("SELECT * FROM accounts.rescue_try(%s, %s)", (name, known)).fetchone()
        if tried["code"] == "rescue_tries":
            raise BadAssertion("rescue_tries", tried["account"])
        secret, after = self._nobody, 0
        if tried["code"] == "ok":
            try:
                secret = self._secrets.unseal(tried["id"], tried["account"], tried["until"], bytes(tried["secret"]))
            except sealing.CannotUnseal:
                raise BadAssertion("rescue_forged", tried["account"]) from None
            after = tried["last_step"]
        step = totp.matching_step(secret, code, self._now(), after)
        if step is None or tried["code"] != "ok":
            raise BadAssertion("rescue_refused", tried["account"])
        return tried["id"], step, known

    def device(self, username: str) -> str:
        """What a workstation keeps where this name's rescue was opened or used: strangers' tries are counted apart."""
        return _device(self._keys[0], username, base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode())


def _device(key: bytes, username: str, drawn: str) -> str:
    mac = hmac.digest(key, b"egide/rescue-device/" + drawn.encode() + b"/" + username.encode(), "sha256")
    return f"{drawn}.{mac.hex()}"
