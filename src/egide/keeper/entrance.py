"""How a session begins: by a key, by a touch at a workstation, by Pro Santé Connect, by a code, as a program."""

import uuid
from typing import Any
from uuid import UUID

from egide.keeper.enrolled import Keys
from egide.keeper.locking import Shown
from egide.keeper.possession import point_of
from egide.keeper.prosante import Tokens
from egide.keeper.rescue import Rescue
from egide.keeper.sessions import No, Sessions, actor_fields
from egide.keeper.signin import BadAssertion, Ceremony
from egide.keeper.stations import Seat, Stations
from egide.keeper.tries import Tries


class Entrance:
    """The verb `sign_in`. Stateless but for challenges and refused keys; one instance serves every thread."""

    def __init__(
        self, ceremony: Ceremony, keys: Keys, sessions: Sessions, stations: Stations, rescue: Rescue,
        prosante: Tokens | None, *, demo: bool,
    ) -> None:  # fmt: skip
        self._ceremony = ceremony
        self._keys = keys
        self._sessions = sessions
        self._stations = stations
        self._rescue_door = rescue
        self._prosante = prosante
        self._tries = Tries()
        self._demo = demo

    def sign_in(self, conn: Any, socket_kind: str, step: str, **arguments: Any) -> dict[str, Any]:
        """begin, finish, waiting, take_up, psc_begin, psc_finish, rescue; the worker: application, and no other."""
        if (step == "application") != (socket_kind == "worker"):
            raise No("wrong_socket")
        if step == "begin":
            challenge_id, options = self._ceremony.begin()
            return {"challenge_id": challenge_id, "options": options}
        if step == "finish":
            return self._finish(conn, **arguments)
        if step == "waiting":
            return self._stations.waiting(conn, **arguments)
        if step == "take_up":
            return self._take_up(conn, **arguments)
        if step.startswith("psc_"):
            return self._by_prosante(conn, step, **arguments)
        if step == "rescue":
            return self._by_code(conn, **arguments)
        if step == "application":
            return self._application(conn, **arguments)
        raise No("bad_request")

    def _finish(
        self,
        conn: Any,
        challenge_id: str,
        response: dict[str, Any],
        device_key: bytes,
        device: str = "",
        over: str = "",
        station: str = "",
        path: str = "",
        machine: dict[str, Any] | None = None,
        known: str = "",
    ) -> dict[str, Any]:
        """`device_key`: the public key to which the session is bound. `over`: a pass of the session that this browser
        had until now, which ends, or waits. `machine`: key and proof (over `path`) of a workstation of the site.
        `known`: the mark this browser bore already, none of a stranger's."""
        account: UUID | None = None
        point = point_of(device_key)
        former = self._sessions.read(conn, over, programs=False) if over else None
        try:
            credential_id = self._ceremony.credential_id(response)
            key = self._keys.genuine(conn, credential_id)
            account = key["account"]
            count = self._ceremony.finish(
                challenge_id, response, key["account"], credential_id, key["aaguid"], bytes(key["public_key"])
            )
        except BadAssertion as refusal:
            whose = account or refusal.account
            conn.execute("SELECT accounts.refuse_sign_in(%s, %s)", (whose, refusal.code))
            marked = self._sessions.station_mark(str(known)) if known else b""
            raise No("sign_in_tries" if self._tries.refused(whose, marked) else refusal.code) from None
        seat = self._stations.here(conn, path, machine)
        session = self._stations.own_session(conn, seat, key["account"]) if seat else None
        if seat and session:  # she was here before: her charts are still open
            self._stations.bind(conn, seat, session, Shown(key, count, verified=True), point)
            return self._at(conn, seat, (session, key["account"]), former, point)
        session = uuid.uuid4()
        actor = conn.execute(
            "SELECT * FROM accounts.begin_session(%s, %s, %s, %s, %s)",
            (session, key["id"], count, str(device)[:120], self._sessions.fresh_hash(session)),
        ).fetchone()
        if actor["state"] == "live" and station:
            conn.execute("SELECT accounts.mark_station(%s, %s)", (session, self._sessions.station_mark(str(station))))
        return self._begun(conn, actor, seat, former, point)

    def _take_up(
        self, conn: Any, path: str, machine: dict[str, Any], session: str, challenge_id: str, response: dict[str, Any],
        device_key: bytes, over: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """A session that waits at this workstation, by its owner's touch."""
        point = point_of(device_key)
        former = self._sessions.read(conn, over, programs=False) if over else None
        seat = self._stations.here(conn, path, machine)
        taken = self._stations.take_up(conn, seat, session, challenge_id, response, point)
        return self._at(conn, seat, taken, former, point)

    def _begun(
        self, conn: Any, actor: dict[str, Any], seat: Seat | None, former: tuple[UUID, UUID] | None, point: bytes
    ) -> dict[str, Any]:
        """A session that has just begun: it sits at its workstation of the site; elsewhere it ends the former one."""
        if actor["state"] == "live" and seat:
            conn.execute("SELECT accounts.sit(%s, %s)", (actor["session"], seat.id))
            return self._at(conn, seat, (actor["session"], actor["account"]), former, point)
        if actor["state"] == "live" and former is not None:
            conn.execute("SELECT accounts.end_session(%s, %s, NULL)", former)
        return self._signed_in(actor, point)

    def _at(
        self, conn: Any, seat: Seat | None, session: tuple[UUID, UUID], former: tuple[UUID, UUID] | None, point: bytes
    ) -> dict[str, Any]:
        """Signed in at a workstation; whoever was there before waits."""
        if former is not None:
            conn.execute("SELECT accounts.give_way(%s, %s, %s)", (*former, session[0]))
        actor = conn.execute("SELECT * FROM gate.who(%s, %s)", session).fetchone()
        return {**self._signed_in(actor, point), "workstation": seat.name if seat else ""}

    def _by_prosante(
        self, conn: Any, step: str, challenge_id: str = "", token: str = "", device: str = "", device_key: bytes = b"",
        path: str = "", machine: dict[str, Any] | None = None, seat: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """By Pro Santé Connect, where it is configured: a nonce, then a session for the RPPS that its token proves.

        `machine` proves the workstation when one leaves; `seat` is what it was then, and the nonce is of no other.
        """
        if self._prosante is None:
            raise No("psc_down")
        if step == "psc_begin":
            left = self._stations.here(conn, path, machine, "GET")
            return {**self._prosante.begin(left.id.bytes if left else b""), "seat": left.id.hex if left else ""}
        point, sat = point_of(device_key), UUID(seat) if seat else None
        try:
            rpps = self._prosante.rpps(challenge_id, token, sat.bytes if sat else b"")
        except BadAssertion as refusal:
            conn.execute("SELECT accounts.refuse_sign_in(NULL, %s)", (refusal.code,))
            raise No(refusal.code) from None
        session = uuid.uuid4()
        actor = conn.execute(
            "SELECT * FROM accounts.begin_psc(%s, %s, %s, %s)",
            (session, rpps, str(device)[:120], self._sessions.fresh_hash(session)),
        ).fetchone()
        if actor["state"] == "live" and sat:
            conn.execute("SELECT accounts.sit(%s, %s)", (session, sat))
        return self._signed_in(actor, point)

    def _by_code(
        self, conn: Any, username: str, code: str, device_key: bytes, known: str = "", device: str = "", over: str = "",
        path: str = "", machine: dict[str, Any] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """A rescue session; one refusal whatever was wrong. `known`: what this workstation kept; the rest: `_finish`"""
        point = point_of(device_key)
        former = self._sessions.read(conn, over, programs=False) if over else None
        try:
            rescue, step, from_known = self._rescue_door.check(conn, str(username), str(code), str(known)[:90])
        except BadAssertion as refusal:
            if refusal.code != "rescue_tries":  # that one is written where it is counted
                conn.execute("SELECT accounts.refuse_sign_in(%s, %s)", (refusal.account, refusal.code))
            raise No("rescue_refused" if refusal.code == "rescue_forged" else refusal.code) from None
        session = uuid.uuid4()
        actor = conn.execute(
            "SELECT * FROM accounts.begin_rescue(%s, %s, %s, %s, %s, %s)",
            (session, rescue, step, from_known, str(device)[:120], self._sessions.fresh_hash(session)),
        ).fetchone()
        seat = self._stations.here(conn, path, machine) if actor["state"] == "live" else None
        return {
            **self._begun(conn, actor, seat, former, point),
            "known": self._rescue_door.device(str(username)),
        }

    def _application(self, conn: Any, site: bytes, manifest: str, purpose: str) -> dict[str, Any]:
        if purpose not in {"import", "demo"} or len(bytes.fromhex(manifest)) != 32:
            raise No("bad_request")
        if purpose == "demo" and not self._demo:
            raise No("not_a_demo")
        session = uuid.uuid4()
        actor = conn.execute(
            "SELECT * FROM accounts.begin_application(%s, %s, %s, %s, %s)",
            (session, purpose, UUID(bytes=site), manifest, self._sessions.fresh_hash(session)),
        ).fetchone()
        return self._signed_in(actor)

    def _signed_in(self, actor: dict[str, Any], point: bytes = b"") -> dict[str, Any]:
        if actor["state"] != "live":
            raise No(actor["state"])
        return {
            "cookie": self._sessions.cookie(actor["session"], actor["account"], point),
            "actor": actor_fields(actor),
        }
