"""A session's cookie is worth nothing without the workstation's key: each request proves it once, and becomes a pass.

What a thief copies (cookie, headers, a whole jar) names a key that he has not, or holds proofs that are used or old.
"""

import base64
import functools
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from egide.keeper.sessions import Bound, No, Sessions
from egide.kernel import proofs

LOOKED_AT = 4  # proofs of one request: a header, and cookies of addresses above this one
HOP_MS = 10_000
MANY = 10_000  # sessions remembered before all are let go
TOLD_EVERY = 60.0  # seconds: one line of the trail a session and reason
USED_EVERY = 20_000  # milliseconds: how often the use of a session is written
NOBODY = UUID(int=0)
_CURVE = ec.SECP256R1()
_SHA256 = ec.ECDSA(hashes.SHA256())


def point_of(public_key: bytes) -> bytes:
    """The 33 bytes of a P-256 point given raw (65 bytes, as WebCrypto exports it); ValueError for anything else."""
    if len(public_key) != 65:
        raise ValueError("not an uncompressed point")
    numbers = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, public_key).public_numbers()
    return bytes((2 + (numbers.y & 1),)) + numbers.x.to_bytes(32, "big")


@functools.lru_cache(maxsize=4096)
def _key(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)


def signed(point: bytes, signature: str, text: bytes) -> bool:
    """Whether this key signed this text; the signature is r ‖ s, as WebCrypto gives it."""
    try:
        raw = base64.urlsafe_b64decode(signature + "==")
        pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        _key(point).verify(pair, text, _SHA256)
    except (ValueError, InvalidSignature):
        return False
    return True


def _mark(bound: Bound, proof: proofs.Proof) -> bytes:
    return bound.session.bytes + proof.nonce.encode()


class Once:
    """Remembers for `keep` milliseconds what was used: two sets that take turns, nothing to sweep."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._turn = 0
        self._now: set[bytes] = set()
        self._before: set[bytes] = set()
        self._lock = threading.Lock()

    def use(self, what: bytes, now: int) -> bool:
        """True the first time."""
        with self._lock:
            turn = now // self._keep
            if turn != self._turn:
                self._before = self._now if turn == self._turn + 1 else set()
                self._now, self._turn = set(), turn
            if what in self._now or what in self._before:
                return False
            self._now.add(what)
            return True

    def forget(self, what: bytes) -> None:
        """As if it had not been used: nothing came of it."""
        with self._lock:
            self._now.discard(what)
            self._before.discard(what)


class Memory:
    """What was used, and since when: outlives a change of keys. What came before a restart is too old after it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.began = int(clock() * 1000)
        self.used = Once(proofs.PAST_MS + proofs.AHEAD_MS)
        self.told: dict[tuple[UUID, str], float] = {}


class Possession:
    """Checks proofs and makes passes."""

    def __init__(self, sessions: Sessions, memory: Memory | None = None) -> None:
        self._sessions = sessions
        memory = memory or Memory()
        self._clock, self._began, self._used, self._told = memory.clock, memory.began, memory.used, memory.told
        self._written: dict[UUID, int] = {}
        # sessions taken up again, with the key they are bound to since: read once, then told by `bind`
        self._rebound: dict[UUID, bytes] | None = None
        self._reading = threading.Lock()

    def _ms(self) -> int:
        return int(self._clock() * 1000)

    def prove(
        self, conn: Any, cookie: str, method: str, path: str, given: Sequence[object] = (), hop: object = None
    ) -> str:
        """The pass of one request. No(proof_missing, proof_old, proof_used, proof_wrong), and a line of the trail."""
        bound = self.bound(conn, cookie)
        reason = "proof_missing"
        for one in list(given)[:LOOKED_AT]:
            proof = proofs.parse(one)
            verdict, how = self._check(bound, method, path, proof)
            if verdict == "ok" and proof is not None:
                if how == proofs.ASKED:
                    self._use(conn, bound, proof)
                return self._sessions.passing(bound, asked=how in proofs.OURS, now=self._ms())
            reason = verdict if reason in ("proof_missing", "proof_wrong") else reason
        if method == "GET" and isinstance(hop, str) and (asked := self._arrived(bound, path, hop)) is not None:
            return self._sessions.passing(bound, asked=asked, now=self._ms())
        self._tell(conn, bound, reason)
        raise No(reason)

    def bound(self, conn: Any, cookie: str) -> Bound:
        """What the cookie names, unless its owner has taken the session up since, with another key."""
        bound = self._sessions.bound(conn, cookie)
        taken_up = self._rebound
        if taken_up is None:
            with self._reading:
                taken_up = self._taken_up(conn)
        if taken_up.get(bound.session, bound.point) != bound.point:
            self._tell(conn, bound, "proof_wrong")
            raise No("proof_wrong")
        return bound

    def bind(self, conn: Any, session: UUID, point: bytes) -> None:
        """From now on this session's requests are signed by another key; the base says so already.

        What the former key signs is worth nothing from here on; a pass it was given before goes on, for the request
        it was made for, two minutes at most (PASS_MS).
        """
        with self._reading:  # never between another thread's reading of the base and its keeping of what it read
            if self._rebound is not None and len(self._rebound) >= MANY:
                self._rebound = None  # read anew, without those that ended
            self._taken_up(conn)[session] = point

    def _taken_up(self, conn: Any) -> dict[UUID, bytes]:
        """Under the lock."""
        if self._rebound is None:
            rows = conn.execute("SELECT * FROM accounts.rebound()").fetchall()
            self._rebound = {row["session"]: bytes(row["point"]) for row in rows}
        return self._rebound

    def machine(self, point: bytes, method: str, path: str, text: object) -> bool:
        """Whether a workstation's own key signed this very request, in time, for the first time.

        To be asked of workstations that the base knows alone: each proof that is taken is remembered.
        """
        nobody = Bound(NOBODY, NOBODY, point)
        return self._check(nobody, method, path, proofs.parse(text))[0] == "ok"

    def _check(self, bound: Bound, method: str, path: str, proof: proofs.Proof | None) -> tuple[str, str]:
        if proof is None:
            return "proof_wrong", ""
        now = self._ms()
        # before anything is remembered: only what the key of a session, or of a workstation, signed takes room
        text = proofs.signed_text(method, path, proof.at, proof.nonce, proof.how)
        if not signed(bound.point, proof.signature, text):
            return "proof_wrong", ""
        if not max(now - proofs.PAST_MS, self._began) <= proof.at <= now + proofs.AHEAD_MS:
            return "proof_old", ""
        if not self._used.use(_mark(bound, proof), now):
            return "proof_used", ""
        return "ok", proof.how

    def _use(self, conn: Any, bound: Bound, proof: proofs.Proof) -> None:
        """Somebody's hand was on the page: the session may stay untouched for as long again. A locked one stays so.

        When the base is gone, the proof is as if it had not come: the keeper tries once more on a new line.
        """
        now = self._ms()
        if now - self._written.get(bound.session, 0) < USED_EVERY:
            return
        if len(self._written) > MANY:
            self._written.clear()
        try:
            conn.execute("SELECT accounts.used(%s, %s)", (bound.session, bound.account))
        except psycopg.Error:
            self._used.forget(_mark(bound, proof))
            raise
        self._written[bound.session] = now

    # ── a redirect ───────────────────────────────────────────────────────────────────────────────────────────────────

    def hop(self, bound: Bound, path: str, *, asked: bool) -> str:
        """For the one address this pass's request is sent on to, at once and once: nothing signs a redirect."""
        body = self._ms().to_bytes(8, "big") + bytes((asked,)) + secrets.token_bytes(12)
        mac = self._sessions.mac(b"egide/hop/" + bound.session.bytes + body + path.encode(), bound.version)
        return base64.urlsafe_b64encode(body + mac).decode().rstrip("=")

    def _arrived(self, bound: Bound, path: str, hop: str) -> bool | None:
        try:
            raw = base64.b64decode(hop[:100].encode() + b"=", altchars=b"-_", validate=True)
        except ValueError:
            return None
        body, mac, now = raw[:21], raw[21:], self._ms()
        genuine = self._sessions.mac(b"egide/hop/" + bound.session.bytes + body + path.encode(), bound.version)
        if len(raw) != 53 or not hmac.compare_digest(genuine, mac):
            return None
        if not max(now - HOP_MS, self._began) <= int.from_bytes(body[:8], "big") <= now:
            return None
        return bool(body[8]) if self._used.use(bound.session.bytes + body, now) else None

    # ── the trail ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, conn: Any, bound: Bound, reason: str) -> None:
        """One line a minute of one session and reason: who types an address is no thief; a thief is never silent."""
        now = self._clock()
        if now - self._told.get((bound.session, reason), 0.0) < TOLD_EVERY:
            return
        if len(self._told) > MANY:
            self._told.clear()
        self._told[bound.session, reason] = now
        conn.execute("SELECT accounts.unproven(%s, %s, %s)", (bound.session, bound.account, reason))
