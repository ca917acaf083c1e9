"""The door's verbs: which socket may ask for which, and what answers.

Nothing else in Égide holds a master key or the gate connection.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from egide.keeper.acts import Acts
from egide.keeper.ceilings import Ceilings
from egide.keeper.consent import Consent
from egide.keeper.custody import Custody
from egide.keeper.enrolled import Keys, Marks
from egide.keeper.enrolment import Enrolment
from egide.keeper.entrance import Entrance
from egide.keeper.fresh import Fresh
from egide.keeper.locking import Locking, Reopening
from egide.keeper.masters import Masters
from egide.keeper.openings import Openings, Trail
from egide.keeper.possession import Memory, Possession
from egide.keeper.prosante import Tokens
from egide.keeper.rescue import Rescue
from egide.keeper.sessions import Bound, No, Sessions, actor_fields, answered
from egide.keeper.signatures import Signatures
from egide.keeper.signin import BadAssertion, Ceremony
from egide.keeper.stations import ENROL, Stations

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
BY_SOCKET = frozenset({"sign_in", "who", "enrol"})  # these do otherwise by the socket that asks


class Verbs:
    """The door's; one instance serves every thread."""

    def __init__(
        self, masters: Masters, ceremony: Ceremony, trail: Trail, ceilings: Ceilings | None = None,
        prosante: Tokens | None = None, custody: Custody | None = None, memory: Memory | None = None,
    ) -> None:  # fmt: skip
        self._masters = masters
        self._custody = custody
        self._trail = trail
        self._ceilings = ceilings or Ceilings(None)
        self._sessions = Sessions(masters)
        self._possession = Possession(self._sessions, memory)
        marks = Marks(masters.keys["enrol"])
        keys = Keys(marks, demo=masters.demo)
        reopening, signatures = Reopening(ceremony, keys.genuine), Signatures(ceremony, keys.genuine)
        self._locking = Locking(reopening)
        self._stations = Stations(masters.keys["enrol"], reopening, self._possession, self._sessions.fresh_hash)
        self._acts = Acts(masters, signatures)
        self._fresh_factor = Fresh(signatures, self._acts)
        self._rescue_door = Rescue(masters, signatures, self._acts)
        self._consent = Consent(masters, signatures)
        self._enrolment = Enrolment(ceremony, self._consent, marks, masters.demo)
        entrance = Entrance(
            ceremony, keys, self._sessions, self._stations, self._rescue_door, prosante, demo=masters.demo
        )  # fmt: skip
        openings = Openings(masters, self._sessions, trail, self._ceilings)
        self._answers: dict[str, Callable[..., dict[str, Any]]] = {
            "sign_in": entrance.sign_in, "prove": self._prove, "hop": self._hop, "who": self._who,
            "revoke": self._revoke, "lock": self._lock, "reopen": self._reopen,
            "open": openings.open, "open_contact": openings.open_contact, "resume": openings.resume,
            "open_new": openings.open_new, "create": openings.create, "spread": openings.spread,
            "count": openings.count, "expect": openings.expect,
            "approve": self._approve, "rescue": self._rescue, "act": self._act, "words": self._words,
            "fresh": self._fresh, "enrol": self._enrol, "enrol_many": self._enrolment.many_for_demo,
            "unlock": self._unlock, "keys": self._keys, "rotate": self._rotate, "retire": self._retire,
            "passphrase": self._passphrase, "masters": self._masters_for, "health": self._health,
        }  # fmt: skip

    def answer(self, socket_kind: str, conn: "psycopg.Connection[Any]", request: dict[str, Any]) -> dict[str, Any]:
        """Dispatch one request; a verb this socket may not use, or a malformed request, is refused."""
        verb = request.pop("verb", None)
        if not isinstance(verb, str) or verb not in ALLOWED[socket_kind]:
            return {"refused": "wrong_socket"}
        handler, told = self._answers[verb], {"socket_kind": socket_kind} if verb in BY_SOCKET else {}
        return answered(verb, lambda: handler(conn, **told, **request))

    # ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _prove(self, conn: Any, cookie: str, method: str, path: str, given: list[str], hop: str = "") -> dict[str, Any]:
        """A pass for one request, for its workstation's proof."""
        return {"pass": self._possession.prove(conn, cookie, method, path, given, hop)}

    def _hop(self, conn: Any, cookie: str, path: str) -> dict[str, Any]:
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

    def _revoke(self, conn: Any, cookie: str, session: bytes | None = None) -> dict[str, Any]:
        own, account = self._session(conn, cookie)
        target = UUID(bytes=session) if session else None
        state = conn.execute("SELECT accounts.end_session(%s, %s, %s) AS state", (own, account, target)).fetchone()[
            "state"
        ]
        if state != "ok":
            raise No(state)
        return {}

    def _lock(self, conn: Any, cookie: str, how: str = "asked") -> dict[str, Any]:
        session, account = self._session(conn, cookie)
        return self._locking.lock(conn, session, account, how)

    def _reopen(self, conn: Any, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
        """A locked session: whose it is, and its owner's key."""
        session, account = self._session(conn, cookie)
        if step == "whose":
            return self._locking.whose(conn, session, account)
        if step == "begin":
            return self._locking.begin(conn, session, account)
        if step == "finish":
            return self._locking.finish(conn, session, account, **arguments)
        raise No("bad_request")

    # ── acts and keys of people ──────────────────────────────────────────────────────────────────────────────────────

    def _enrol(self, conn: Any, socket_kind: str, **arguments: Any) -> dict[str, Any]:
        """By the web: a key made in person with a code. By the operator: first keys of a demo's accounts."""
        if socket_kind == "ops":
            return self._enrolment.for_demo(conn, **arguments)
        try:
            step = arguments.pop("step")
            if step == "begin":
                return self._enrolment.begin(conn, **arguments)
            if step == "finish":
                return self._enrolment.finish(conn, **arguments)
        except BadAssertion as refusal:
            raise No(refusal.code) from None
        raise No("bad_request")

    def _approve(self, conn: Any, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
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

    def _rescue(self, conn: Any, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
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

    def _act(self, conn: Any, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
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

    def _words(self, conn: Any, cookie: str, entry: int) -> dict[str, Any]:
        session, account = self._session(conn, cookie)
        try:
            return {"words": self._acts.words(conn, session, account, int(entry))}
        except BadAssertion as refusal:
            raise No(refusal.code) from None

    def _fresh(self, conn: Any, cookie: str, step: str, **arguments: Any) -> dict[str, Any]:
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

    # ── keys, from the operator's console (custody) and for the keeper's other programs ──────────────────────────────

    def _unlock(self, conn: Any, passphrase: str) -> dict[str, Any]:
        return {"already": True}

    def _keys(self, conn: Any) -> dict[str, Any]:
        return self._held().status(conn)

    def _rotate(self, conn: Any, key: str) -> dict[str, Any]:
        return {"version": self._held().rotate(conn, str(key))}

    def _retire(self, conn: Any, key: str, version: int, at_once: bool = False) -> dict[str, Any]:
        self._held().retire(conn, str(key), int(version), at_once=bool(at_once))
        return {}

    def _passphrase(self, conn: Any, new: str, former: str | None = None) -> dict[str, Any]:
        self._held().set_passphrase(conn, new, former)
        return {}

    def _masters_for(self, conn: Any, names: list[str]) -> dict[str, Any]:
        return self._held().hand(names)

    def _held(self) -> Custody:
        if self._custody is None:
            raise No("wrong_socket")
        return self._custody

    def _health(self, conn: Any) -> dict[str, Any]:
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
