"""The keeper's verbs. Each checks the session's MAC, calls one SQL function, and answers with a ticket and the keys of
exactly what was opened (gate.md §1). Nothing else in Égide holds a master key or the gate connection."""

import hashlib
import secrets
import uuid
from typing import Any, Protocol
from uuid import UUID

import psycopg

from egide.keeper.acts import Acts
from egide.keeper.blinding import Blinding
from egide.keeper.ceilings import Ceilings, Who
from egide.keeper.consent import Consent
from egide.keeper.custody import Custody
from egide.keeper.enrolled import Marks
from egide.keeper.enrolment import Enrolment
from egide.keeper.fresh import Fresh
from egide.keeper.locking import Locking, Reopening, Shown
from egide.keeper.masters import CATEGORIES, ROWS, Masters
from egide.keeper.possession import Memory, Possession, point_of
from egide.keeper.prosante import Tokens
from egide.keeper.rescue import Rescue
from egide.keeper.sessions import Bound, No, Sessions, Tickets, actor_fields, answered
from egide.keeper.signatures import Signatures
from egide.keeper.signin import BadAssertion, Ceremony
from egide.keeper.stations import ENROL, Seat, Stations
from egide.keeper.tries import Tries
from egide.kernel import sealing
from egide.kernel.codes import EMERGENCIES, OUTSIDE_LINK
from egide.kernel.leaf import row_leaf
from egide.kernel.softkey_id import SOFTWARE_AAGUID

# Which socket may ask for which verb: one socket a kind of process, checked besides the peer's user.
ALLOWED: dict[str, frozenset[str]] = {
    "web": frozenset(
        {
            "sign_in",
            "prove",
            "hop",
            "who",
            "open",
            "open_contact",
            "resume",
            "revoke",
            "lock",
            "reopen",
            "approve",
            "words",
            "create",
            "spread",
            "rescue",
            "act",
            "enrol",
            "fresh",
            "health",
        }
    ),
    "worker": frozenset({"sign_in", "who", "open_new", "spread", "resume", "revoke", "health"}),
    "live": frozenset({"who"}),
    "ops": frozenset({"enrol", "enrol_many", "health", "unlock", "keys", "rotate", "retire", "passphrase"}),
    "auditor": frozenset({"health"}),
    "trail": frozenset({"expect", "count", "masters"}),
}
NOWHERE = UUID(int=0)
ROSTER = 200
_ENTRY = [
    "id",
    "xid",
    "at",
    "kind",
    "account",
    "session",
    "profession",
    "site",
    "unit",
    "ids",
    "reads",
    "writes",
    "purpose",
    "basis",
    "verdict",
    "reason",
    "object",
    "nonce",
    "ticket_hash",
    "salt",
]
_ANSWER = (
    "r.code, r.opening, r.nonce, r.ids, r.reads, r.writes, r.basis, r.until, r.resumed, r.truncated, r.known, "
    "(r.actor).*, " + ", ".join(f'(r.entry).{name} AS "e_{name}"' for name in _ENTRY)
)


class Trail(Protocol):
    """What the verbs need of the sequencer."""

    def expect(self, entry_id: int, leaf: bytes) -> None:
        """Remember the leaf of an opening until it is under a checkpoint."""

    def health(self) -> dict[str, Any]:
        """Tree size, last checkpoint, alarms."""


class Verbs:
    """The door's. Stateless but for the challenges of sign-in; one instance serves every thread."""

    def __init__(
        self, masters: Masters, ceremony: Ceremony, trail: Trail, ceilings: Ceilings | None = None,
        prosante: Tokens | None = None, custody: Custody | None = None, memory: Memory | None = None,
    ) -> None:  # fmt: skip
        self._masters = masters
        self._custody = custody
        self._ceremony = ceremony
        self._prosante = prosante
        self._trail = trail
        self._ceilings = ceilings or Ceilings(None)
        self._sessions = Sessions(masters)
        self._possession = Possession(self._sessions, memory)
        reopening = Reopening(ceremony, self._genuine_key)
        self._locking = Locking(reopening)
        self._stations = Stations(
            masters.keys["enrol"], reopening, self._possession,
            lambda session: _sha(self._sessions.tickets().of_session(session)),
        )  # fmt: skip
        self._tries = Tries()
        signatures = Signatures(ceremony, self._genuine_key)
        self._acts = Acts(masters, signatures)
        self._fresh_factor = Fresh(signatures, self._acts)
        self._rescue_door = Rescue(masters, signatures, self._acts)
        self._consent = Consent(masters, signatures)
        self._marks = Marks(masters.keys["enrol"])
        self._enrolment = Enrolment(ceremony, self._consent, self._marks, masters.demo)
        self._blinding = Blinding(masters)

    def answer(self, socket_kind: str, conn: "psycopg.Connection[Any]", request: dict[str, Any]) -> dict[str, Any]:
        """Dispatch one request; a verb this socket may not use, or a malformed request, is refused."""
        verb = request.pop("verb", None)
        if not isinstance(verb, str) or verb not in ALLOWED[socket_kind]:
            return {"refused": "wrong_socket"}
        handler = self._masters_for if verb == "masters" else getattr(self, f"_{verb}")
        return answered(verb, lambda: handler(conn, socket_kind=socket_kind, **request))

    # ── sign-in ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _sign_in(self, conn: Any, socket_kind: str, step: str, **arguments: Any) -> dict[str, Any]:
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
            key = self._genuine_key(conn, credential_id)
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
            (session, key["id"], count, str(device)[:120], _sha(self._sessions.tickets().of_session(session))),
        ).fetchone()
        if actor["state"] == "live" and station:
            conn.execute("SELECT accounts.mark_station(%s, %s)", (session, self._sessions.station_mark(str(station))))
        if actor["state"] == "live" and seat:
            conn.execute("SELECT accounts.sit(%s, %s)", (session, seat.id))
            return self._at(conn, seat, (session, actor["account"]), former, point)
        if actor["state"] == "live" and former is not None:
            conn.execute("SELECT accounts.end_session(%s, %s, NULL)", former)
        return self._signed_in(actor, point)

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
            (session, rpps, str(device)[:120], _sha(self._sessions.tickets().of_session(session))),
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
            (session, rescue, step, from_known, str(device)[:120], _sha(self._sessions.tickets().of_session(session))),
        ).fetchone()
        known = self._rescue_door.device(str(username))
        seat = self._stations.here(conn, path, machine) if actor["state"] == "live" else None
        if seat:
            conn.execute("SELECT accounts.sit(%s, %s)", (session, seat.id))
            return {**self._at(conn, seat, (session, actor["account"]), former, point), "known": known}
        if actor["state"] == "live" and former is not None:
            conn.execute("SELECT accounts.end_session(%s, %s, NULL)", former)
        return {**self._signed_in(actor, point), "known": known}

    def _genuine_key(self, conn: Any, credential_id: bytes) -> dict[str, Any]:
        """A live sign-in key that this keeper enrolled; a row that somebody else wrote is not one."""
        key: dict[str, Any] | None = conn.execute("SELECT * FROM accounts.key_for(%s)", (credential_id,)).fetchone()
        if key is None:
            raise BadAssertion("unknown_key")
        row = (key["id"], key["account"], credential_id, bytes(key["public_key"]), key["aaguid"])
        if self._marks.version(row, bytes(key["mac"])) is None:
            raise BadAssertion("forged_key", key["account"])
        if not key["live"]:
            raise BadAssertion("unknown_key", key["account"])
        if key["aaguid"] == SOFTWARE_AAGUID and not self._masters.demo:
            raise BadAssertion("software_key", key["account"])
        return key

    def _application(self, conn: Any, site: bytes, manifest: str, purpose: str) -> dict[str, Any]:
        if purpose not in {"import", "demo"} or len(bytes.fromhex(manifest)) != 32:
            raise No("bad_request")
        if purpose == "demo" and not self._masters.demo:
            raise No("not_a_demo")
        session = uuid.uuid4()
        actor = conn.execute(
            "SELECT * FROM accounts.begin_application(%s, %s, %s, %s, %s)",
            (session, purpose, UUID(bytes=site), manifest, _sha(self._sessions.tickets().of_session(session))),
        ).fetchone()
        return self._signed_in(actor)

    def _signed_in(self, actor: dict[str, Any], point: bytes = b"") -> dict[str, Any]:
        if actor["state"] != "live":
            raise No(actor["state"])
        return {
            "cookie": self._sessions.cookie(actor["session"], actor["account"], point),
            "actor": actor_fields(actor),
        }

    def _enrol(self, conn: Any, socket_kind: str, **arguments: Any) -> dict[str, Any]:
        """By the web: a key made in person with a code. By the operator: first keys of a demo's accounts."""
        if socket_kind == "ops":
            return self._enrol_demo(conn, **arguments)
        try:
            step = arguments.pop("step")
            if step == "begin":
                return self._enrolment.begin(conn, **arguments)
            if step == "finish":
                return self._enrolment.finish(conn, **arguments)
        except BadAssertion as refusal:
            raise No(refusal.code) from None
        raise No("bad_request")

    def _enrol_demo(
        self, conn: Any, account: bytes, credential_id: bytes, public_key: bytes, aaguid: bytes
    ) -> dict[str, Any]:
        """A software key is refused on any base but a demo, by its fixed AAGUID."""
        if not self._masters.demo:
            raise No("not_a_demo")
        row, who, model = uuid.uuid4(), UUID(bytes=account), UUID(bytes=aaguid)
        mac = self._marks.new((row, who, credential_id, public_key, model))
        state = conn.execute(
            "SELECT accounts.enrol(%s, %s, %s, %s, %s, %s) AS state", (row, who, credential_id, public_key, model, mac)
        ).fetchone()["state"]
        if state not in {"ok", "known"}:
            raise No(state)
        return {"state": state}

    def _enrol_many(self, conn: Any, socket_kind: str, keys: list[dict[str, Any]]) -> dict[str, Any]:
        """As `enrol`, at most 200 keys in one commit: all or none."""
        if not 1 <= len(keys) <= ROSTER:
            raise No("bad_request")
        with conn.transaction():
            return {"states": [self._enrol(conn, socket_kind, **one)["state"] for one in keys]}

    # ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _prove(
        self, conn: Any, socket_kind: str, cookie: str, method: str, path: str, given: list[str], hop: str = ""
    ) -> dict[str, Any]:
        """A pass for one request, for its workstation's proof."""
        return {"pass": self._possession.prove(conn, cookie, method, path, given, hop)}

    def _hop(self, conn: Any, socket_kind: str, cookie: str, path: str) -> dict[str, Any]:
        """For the address that the request of this pass is sent on to."""
        bound = Bound(*self._session(conn, cookie), b"", self._sessions.version(cookie))
        return {"hop": self._possession.hop(bound, path, asked=self._sessions.asked(cookie))}

    def _who(self, conn: Any, socket_kind: str, cookie: str, proof: str | None = None) -> dict[str, Any]:
        if socket_kind == "live":
            return self._who_listens(conn, cookie, proof)
        session, account = self._session(conn, cookie)
        actor = self._live_actor(conn, session, account)
        secret = self._sessions.tickets(cookie).of_session(session)
        return {"actor": actor_fields(actor), "ticket": f"w{session.hex}.{secret.hex()}"}

    def _who_listens(self, conn: Any, cookie: str, proof: str | None) -> dict[str, Any]:
        """For the live channel: with a proof when a page comes, without to ask again; never a ticket."""
        if proof is not None:
            self._possession.prove(conn, cookie, "GET", "/direct/", [proof])
        bound = self._possession.bound(conn, cookie)
        return {"actor": actor_fields(self._live_actor(conn, bound.session, bound.account))}

    def _live_actor(self, conn: Any, session: UUID, account: UUID) -> dict[str, Any]:
        actor: dict[str, Any] = conn.execute("SELECT * FROM gate.who(%s, %s)", (session, account)).fetchone()
        if actor["state"] != "live":
            raise No(actor["state"])
        return actor

    def _revoke(self, conn: Any, socket_kind: str, cookie: str, session: bytes | None = None) -> dict[str, Any]:
        own, account = self._session(conn, cookie)
        target = UUID(bytes=session) if session else None
        state = conn.execute("SELECT accounts.end_session(%s, %s, %s) AS state", (own, account, target)).fetchone()[
            "state"
        ]
        if state != "ok":
            raise No(state)
        return {}

    def _lock(self, conn: Any, socket_kind: str, cookie: str, how: str = "asked") -> dict[str, Any]:
        session, account = self._session(conn, cookie)
        return self._locking.lock(conn, session, account, how)

    def _reopen(self, conn: Any, socket_kind: str, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
        """A locked session: whose it is, and its owner's key."""
        session, account = self._session(conn, cookie)
        if step == "whose":
            return self._locking.whose(conn, session, account)
        if step == "begin":
            return self._locking.begin(conn, session, account)
        if step == "finish":
            return self._locking.finish(conn, session, account, **arguments)
        raise No("bad_request")

    # ── approvals ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _approve(self, conn: Any, socket_kind: str, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
        session, account = self._session(conn, cookie)
        words = str(arguments.pop("words", ""))
        try:
            if step == "begin":
                patient = UUID(bytes=arguments.pop("patient"))
                return self._acts.begin(conn, session, account, patient=patient, words=words, **arguments)
            if step == "finish":
                act = UUID(bytes=arguments.pop("act"))
                return self._acts.finish(conn, session, account, act, words=words, **arguments)
        except BadAssertion as refusal:
            raise No(refusal.code) from None
        raise No("bad_request")

    def _rescue(self, conn: Any, socket_kind: str, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
        """Opening a rescue for somebody (begin, finish) and closing it (end)."""
        session, account = self._session(conn, cookie)
        try:
            if step == "begin":
                return self._rescue_door.begin(conn, session, account, **arguments)
            if step == "finish":
                act = UUID(bytes=arguments.pop("act"))
                return self._rescue_door.finish(conn, session, account, act, **arguments)
        except BadAssertion as refusal:
            raise No(refusal.code) from None
        if step != "end":
            raise No("bad_request")
        state = conn.execute(
            "SELECT accounts.end_rescue(%s, %s, %s) AS state", (session, account, UUID(bytes=arguments["target"]))
        ).fetchone()["state"]
        if state != "ok":
            raise No(state)
        return {}

    def _act(self, conn: Any, socket_kind: str, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
        """An act of one or two persons: ask for it, see what is signed, sign it."""
        session, account = self._session(conn, cookie)
        try:
            if step == "ask":
                if arguments.get("kind") == ENROL:
                    arguments["body"] = self._stations.marked(arguments["body"])
                return self._consent.ask(conn, session, account, **arguments)
            act = UUID(bytes=arguments.pop("act"))
            if step == "challenge":
                return self._consent.challenge(conn, session, account, act)
            if step == "yes":
                return self._consent.yes(conn, session, account, act, **arguments)
        except BadAssertion as refusal:
            raise No(refusal.code) from None
        raise No("bad_request")

    def _words(self, conn: Any, socket_kind: str, cookie: str, entry: int) -> dict[str, Any]:
        session, account = self._session(conn, cookie)
        try:
            return {"words": self._acts.words(conn, session, account, int(entry))}
        except BadAssertion as refusal:
            raise No(refusal.code) from None

    def _fresh(self, conn: Any, socket_kind: str, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
        """The fresh factor that a ceiling asks for: it lets this session's next read pass."""
        session, account = self._session(conn, cookie)
        try:
            if step == "begin":
                return self._fresh_factor.begin(conn, session, account)
            if step == "finish":
                self._fresh_factor.finish(conn, session, account, UUID(bytes=arguments["act"]), arguments["response"])
                self._ceilings.let_pass(session)
                return {}
        except BadAssertion as refusal:
            raise No(refusal.code) from None
        raise No("bad_request")

    # ── openings ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _open(
        self,
        conn: Any,
        socket_kind: str,
        cookie: str,
        purpose: str,
        read: list[str],
        write: list[str],
        ids: list[bytes] | None = None,
        list: str | None = None,  # noqa: A002 — the protocol's word
        list_id: bytes | None = None,
        counted: bool = False,
    ) -> dict[str, Any]:
        session, account = self._session(conn, cookie)
        tickets = self._sessions.tickets(cookie)
        if (ids is None) == (list is None) or list not in {None, "unit", "mine"} or not _categories(read, write):
            raise No("bad_request")
        patients = [UUID(bytes=i) for i in ids][: ROSTER + 1] if ids is not None else None
        unit = UUID(bytes=list_id) if list_id is not None else None
        nonce = secrets.token_bytes(16)
        counted = bool(counted) and self._sessions.asked(cookie)
        if list == "mine":
            row = conn.execute(
                f"SELECT {_ANSWER} FROM gate.open_mine(%s, %s, %s, %s, %s, %s) r",
                (session, account, purpose[:40], read, nonce, _sha(tickets.of_opening(nonce, session))),
            ).fetchone()
            return self._opened(conn, row, session, tickets)
        row = conn.execute(
            f"SELECT {_ANSWER} FROM gate.open(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) r",
            (session, account, patients, unit, purpose[:40], read, write, counted, nonce,
             _sha(tickets.of_opening(nonce, session))),
        ).fetchone()  # fmt: skip
        return self._opened(conn, row, session, tickets)

    def _open_contact(
        self, conn: Any, socket_kind: str, cookie: str, patient: bytes, kind: str, counted: bool = False
    ) -> dict[str, Any]:
        """One contact of one person (phone, email, address, ins), asked for on purpose."""
        session, account = self._session(conn, cookie)
        tickets = self._sessions.tickets(cookie)
        nonce = secrets.token_bytes(16)
        row = conn.execute(
            f"SELECT {_ANSWER} FROM gate.open_contact(%s, %s, %s, %s, %s, %s, %s) r",
            (session, account, UUID(bytes=patient), str(kind)[:20],
             bool(counted) and self._sessions.asked(cookie), nonce,
             _sha(tickets.of_opening(nonce, session))),
        ).fetchone()  # fmt: skip
        return self._opened(conn, row, session, tickets)

    def _resume(self, conn: Any, socket_kind: str, cookie: str, opening: int) -> dict[str, Any]:
        session, account = self._session(conn, cookie)
        tickets = self._sessions.tickets(cookie)
        row = conn.execute(
            f"SELECT {_ANSWER} FROM gate.resume(%s, %s, %s) r", (session, account, int(opening))
        ).fetchone()
        return self._opened(conn, row, session, tickets)

    def _open_new(
        self, conn: Any, socket_kind: str, cookie: str, subjects: list[dict[str, Any]], purpose: str, read: list[str],
        write: list[str], copy: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        session, account = self._session(conn, cookie)
        tickets = self._sessions.tickets(cookie)
        if not 1 <= len(subjects) <= ROSTER or not _categories(read, write):
            raise No("bad_request")
        if copy and not (self._masters.demo and conn.execute("SELECT gate.untouched() AS yes").fetchone()["yes"]):
            raise No("not_a_demo")
        places: list[int] = []
        blind: list[int] = []
        found: list[tuple[int, int]] = []
        for place, subject in enumerate(subjects, start=1):
            own = self._blinding.of_sources(subject["src"])
            places += [place] * len(own)
            blind += own
            if subject.get("traits"):
                made = self._blinding.of_person(subject["traits"], repr(own).encode())
                found += [(place, token) for token in made]
        kept = [] if copy else sorted(found, key=lambda pair: pair[1])
        nonce = secrets.token_bytes(16)
        self._blinding.bring(conn, [pair for subject in subjects for pair in subject["src"]])
        with self._blinding.versions(conn):
            row = conn.execute(
                f"SELECT {_ANSWER} FROM gate.open_new(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) r",
                (session, account, [uuid.uuid4() for _ in subjects], places, blind, purpose[:40], read, write, nonce,
                 _sha(tickets.of_opening(nonce, session)), [at for at, _ in kept], [token for _, token in kept]),
            ).fetchone()  # fmt: skip
        answer = self._opened(conn, row, session, tickets)
        if ROWS in self._masters.keys:
            for patient, _, versions in answer["keys"]:
                # version 0 seals nothing: ids of imported rows come of it, so that no rotation changes them
                versions[0] = sealing.patient_key(self._masters.newest(ROWS), ROWS, UUID(bytes=patient))
        if copy:
            answer["tokens"] = [[token for at, token in found if at == place] for place in range(1, len(subjects) + 1)]
        return answer

    def _create(
        self, conn: Any, socket_kind: str, cookie: str, traits: dict[str, Any], read: list[str], write: list[str]
    ) -> dict[str, Any]:
        """Keys for one person who is not known here, asked for by a person who searched first; tokens in the commit."""
        session, account = self._session(conn, cookie)
        tickets = self._sessions.tickets(cookie)
        if not _categories(read, write):
            raise No("bad_request")
        new, nonce = uuid.uuid4(), secrets.token_bytes(16)
        found = self._blinding.of_person(traits, new.bytes)
        with self._blinding.versions(conn):
            row = conn.execute(
                f"SELECT {_ANSWER} FROM gate.create_patient(%s, %s, %s, %s, %s, %s, %s, %s, %s) r",
                (session, account, new, *self._blinding.of_sources([("egide", new.hex)]), read, write, nonce,
                 _sha(tickets.of_opening(nonce, session)), found),
            ).fetchone()  # fmt: skip
        return self._opened(conn, row, session, tickets)

    def _spread(
        self, conn: Any, socket_kind: str, cookie: str, opening: int, patient: bytes, traits: dict[str, Any]
    ) -> dict[str, Any]:
        """Tokens of changed traits, before the sealed rows are written; the former ones stay."""
        session, account = self._session(conn, cookie)
        one = UUID(bytes=patient)
        fresh = self._blinding.of_person(traits, one.bytes)
        with self._blinding.versions(conn):
            state = conn.execute(
                "SELECT gate.spread(%s, %s, %s, %s, %s) AS state", (session, account, int(opening), one, fresh)
            ).fetchone()["state"]
        if state != "ok":
            raise No(state)
        return {}

    def _opened(self, conn: Any, row: dict[str, Any], session: UUID, tickets: Tickets) -> dict[str, Any]:
        if row["e_id"] is not None:
            entry = {name: row[f"e_{name}"] for name in _ENTRY}
            self._trail.expect(entry["id"], row_leaf(entry))
        if row["code"] != "ok":
            raise No(row["code"])
        if row["grade"] == "rescue":
            conn.execute("SELECT accounts.touch(%s)", (session,))
        ids: list[UUID] = row["ids"]
        if row["kind"] == "person":
            bases = set(row["basis"].split(","))
            outside = bases <= OUTSIDE_LINK
            self._within(
                conn, Who(session, row["account"], row["site"] or NOWHERE), ids, row["opening"],
                outside=outside, emergency=bases <= EMERGENCIES,
            )  # fmt: skip
        opened = set(row["reads"]) | set(row["writes"])
        keys = [
            [
                i.bytes,
                category,
                {version: sealing.patient_key(master, category, i) for version, master in versions.items()},
            ]
            for category, versions in self._masters.keys.items()
            if category in opened
            for i in dict.fromkeys(ids)
        ]
        return {
            "actor": actor_fields(row),
            "opening": row["opening"],
            "ticket": f"{row['opening']}.{tickets.of_opening(bytes(row['nonce']), session).hex()}",
            "ids": [i.bytes for i in ids],
            "reads": row["reads"],
            "writes": row["writes"],
            "basis": row["basis"],
            "until": row["until"].isoformat(),
            "resumed": row["resumed"],
            "truncated": row["truncated"],
            "known": row["known"],
            "keys": keys,
        }

    def _within(self, conn: Any, who: Who, ids: list[UUID], entry: int, **how: bool) -> None:
        """Under the keeper's own ceilings, or nothing is handed over; whatever the base counted."""
        verdict = self._ceilings.ask(who, ids, **how)
        for one in verdict.alarms:
            conn.execute(
                "SELECT gate.ceiling_alarm(%s, %s, %s, %s, %s, %s)",
                (who.session, who.account, one.scope, one.window, one.outside, one.total),
            )
        if verdict.code != "given":
            conn.execute("SELECT gate.withheld(%s, %s, %s, %s)", (who.session, who.account, entry, verdict.code))
            raise No(verdict.code)

    def _count(
        self, conn: Any, socket_kind: str, session: bytes, account: bytes, site: bytes, entry: int, ids: list[bytes]
    ) -> dict[str, Any]:
        """Persons whom a search discovered, counted before the finder shows them."""
        who = Who(UUID(bytes=session), UUID(bytes=account), UUID(bytes=site))
        self._within(conn, who, [UUID(bytes=one) for one in ids], int(entry), outside=True)
        return {}

    def _expect(self, conn: Any, socket_kind: str, entry: int, leaf: bytes) -> dict[str, Any]:
        """The row of a search, which the finder wrote, before it answers."""
        if len(leaf) != 32:
            raise No("bad_request")
        self._trail.expect(int(entry), bytes(leaf))
        return {}

    # ── keys, from the operator's console (custody) and for the keeper's other programs ──────────────────────────────

    def _unlock(self, conn: Any, socket_kind: str, passphrase: str) -> dict[str, Any]:
        return {"already": True}

    def _keys(self, conn: Any, socket_kind: str) -> dict[str, Any]:
        return self._held().status(conn)

    def _rotate(self, conn: Any, socket_kind: str, key: str) -> dict[str, Any]:
        return {"version": self._held().rotate(conn, str(key))}

    def _retire(self, conn: Any, socket_kind: str, key: str, version: int, at_once: bool = False) -> dict[str, Any]:
        self._held().retire(conn, str(key), int(version), at_once=bool(at_once))
        return {}

    def _passphrase(self, conn: Any, socket_kind: str, new: str, former: str | None = None) -> dict[str, Any]:
        self._held().set_passphrase(conn, new, former)
        return {}

    def _masters_for(self, conn: Any, socket_kind: str, names: list[str]) -> dict[str, Any]:
        return self._held().hand(names)

    def _held(self) -> Custody:
        if self._custody is None:
            raise No("wrong_socket")
        return self._custody

    def _health(self, conn: Any, socket_kind: str) -> dict[str, Any]:
        return {
            "base_id": self._masters.base_id,
            "demo": self._masters.demo,
            "born": self._masters.born,
            "key_ages": self._masters.ages,
            "counters_lost": self._ceilings.lost,
            **self._trail.health(),
        }

    def _session(self, conn: Any, cookie: str) -> tuple[UUID, UUID]:
        return self._sessions.read(conn, cookie)


def _categories(read: list[str], write: list[str]) -> bool:
    return bool(read) and set(read) | set(write) <= set(CATEGORIES)


def _sha(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
