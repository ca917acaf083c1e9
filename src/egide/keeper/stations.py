"""Workstations of a site: known by a key that their browser does not let out, marked by the keeper at their enrolment.

At one, several people's sessions may wait, locked; each is taken up by its owner's key, by presence or verified, and
bound anew to the key that her browser has just made.
"""

import base64
import hmac
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from egide.keeper.locking import Reopening, Shown
from egide.keeper.possession import Possession, point_of
from egide.keeper.sessions import No
from egide.keeper.signin import BadAssertion

ENROL = "enrol_station"
LONGEST_KEY = 100


@dataclass(frozen=True, slots=True)
class Seat:
    """A living workstation that has just proved itself."""

    id: UUID
    name: str


def mark(key: bytes, row: UUID, site: UUID, point: bytes) -> bytes:
    """The keeper's, over all that makes a row a workstation: whoever writes another into the base has none."""
    return hmac.digest(key, b"egide/workstation/" + row.bytes + site.bytes + point, "sha256")


class Stations:
    """Marks a workstation that is being enrolled, recognises one, lets those who wait there take their sessions up."""

    def __init__(
        self, versions: Mapping[int, bytes], reopening: Reopening, possession: Possession,
        ticket_hash: Callable[[UUID], bytes],
    ) -> None:  # fmt: skip
        self._versions = versions
        self._reopening = reopening
        self._possession = possession
        # a session begun under a former key of sessions goes on where it is; it is not taken up under the new one
        self._ticket_hash = ticket_hash

    def marked(self, body: Mapping[str, str]) -> dict[str, str]:
        """The exact text of an enrolment. Given: site, name, place, and key (base64url, as WebCrypto exports it)."""
        try:
            site = UUID(body["site"])
            point = point_of(base64.urlsafe_b64decode(body["key"][:LONGEST_KEY] + "=="))
        except (KeyError, ValueError, TypeError, AttributeError):
            raise BadAssertion("no_machine_key") from None
        row = uuid.uuid4()
        made = mark(self._versions[max(self._versions)], row, site, point)
        kept = {name: str(body.get(name, "")) for name in ("name", "place")}
        return {**kept, "account": str(row), "site": str(site), "point": point.hex(), "mac": made.hex()}

    def here(self, conn: Any, path: str, machine: object, method: str = "POST") -> Seat | None:
        """The workstation whose key signed this very request; None for a browser that is none, or is none any more."""
        if not isinstance(machine, dict) or not isinstance(machine.get("key"), bytes):
            return None
        try:
            point = point_of(machine["key"])
        except ValueError:
            return None
        # known first: anybody may make keys and sign with them, and what is taken is remembered
        row = conn.execute("SELECT * FROM accounts.workstation_of(%s)", (point,)).fetchone()
        if row is None or not self._possession.machine(point, method, path, machine.get("proof")):
            return None
        genuine = (mark(key, row["id"], row["site"], point) for key in self._versions.values())
        if not any(hmac.compare_digest(one, bytes(row["mac"])) for one in genuine):
            conn.execute("SELECT accounts.refuse_sign_in(NULL, 'forged_station')")
            return None
        return Seat(row["id"], row["name"])

    def waiting(self, conn: Any, path: str, machine: object) -> dict[str, Any]:
        """Who waits here, and what each one's key has to sign; `station` is empty where there is no workstation."""
        seat = self.here(conn, path, machine)
        if seat is None:
            return {"station": "", "waiting": []}
        rows = conn.execute("SELECT * FROM accounts.waiting_at(%s)", (seat.id,)).fetchall()
        return {"station": seat.name, "waiting": [self._asked(row) for row in rows if self._ours(row["session"], row)]}

    def _ours(self, session: UUID, row: dict[str, Any]) -> bool:
        return hmac.compare_digest(self._ticket_hash(session), bytes(row["ticket_hash"]))

    def _asked(self, row: dict[str, Any]) -> dict[str, Any]:
        shown = {name: row[name] for name in ("name", "username", "profession")}
        return {**shown, "session": row["session"].hex, **self._reopening.ask(row["session"], row)}

    def take_up(
        self, conn: Any, seat: Seat | None, session: str, challenge_id: str, response: Mapping[str, Any], point: bytes
    ) -> tuple[UUID, UUID]:
        """Session and account, open again and bound to `point`. A key that opens nothing is a row, and a try less."""
        wanted = UUID(session)
        try:
            if seat is None:
                raise BadAssertion("session_ended")
            shown = self._reopening.check(conn, wanted, challenge_id, response)
        except BadAssertion as refusal:
            conn.execute(
                "SELECT accounts.refuse_take_up(%s, %s, %s, %s)",
                (seat.id if seat else None, wanted, refusal.account, refusal.code),
            )
            raise No(refusal.code) from None
        self.bind(conn, seat, wanted, shown, point)
        return wanted, shown.key["account"]

    def bind(self, conn: Any, seat: Seat, session: UUID, shown: Shown, point: bytes) -> None:
        """This session goes on under another key of her browser's; No(why) of one that is not hers, or not here."""
        code = conn.execute(
            "SELECT accounts.take_up(%s, %s, %s, %s, %s, %s, %s) AS code",
            (seat.id, session, shown.key["account"], shown.key["id"], shown.count, shown.verified, point),
        ).fetchone()["code"]
        if code != "ok":
            raise No(code)
        self._possession.bind(conn, session, point)

    def own_session(self, conn: Any, seat: Seat, account: UUID) -> UUID | None:
        """Her living session here, if she has one."""
        row = conn.execute("SELECT * FROM accounts.session_at(%s, %s)", (seat.id, account)).fetchone()
        return row["id"] if row is not None and self._ours(row["id"], row) else None
