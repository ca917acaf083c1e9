"""The door's openings: one SQL function decides; its answer leaves with a ticket and keys of exactly what it opened.

Persons outside a link are counted here too, under the keeper's own ceilings.
"""

import secrets
import uuid
from typing import Any, Protocol
from uuid import UUID

from egide.keeper.blinding import Blinding
from egide.keeper.ceilings import Ceilings, Who
from egide.keeper.masters import CATEGORIES, ROWS, Masters
from egide.keeper.sessions import No, Sessions, Tickets, actor_fields, ticket_hash
from egide.kernel import sealing
from egide.kernel.codes import EMERGENCIES, OUTSIDE_LINK
from egide.kernel.leaf import row_leaf

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


class Openings:
    """Opens, opens again, and makes people; one instance serves every thread."""

    def __init__(self, masters: Masters, sessions: Sessions, trail: Trail, ceilings: Ceilings) -> None:
        self._masters = masters
        self._sessions = sessions
        self._trail = trail
        self._ceilings = ceilings
        self._blinding = Blinding(masters)

    def open(
        self,
        conn: Any,
        cookie: str,
        purpose: str,
        read: list[str],
        write: list[str],
        ids: list[bytes] | None = None,
        list: str | None = None,  # noqa: A002 — the protocol's word
        list_id: bytes | None = None,
        counted: bool = False,
    ) -> dict[str, Any]:
        """People by their ids, or those of a list (`unit` with its id, `mine`); No(the code that SQL decided).

        `counted`: a refusal counts as a denial, where our own page asked.
        """
        session, account = self._sessions.read(conn, cookie)
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
                (session, account, purpose[:40], read, nonce, ticket_hash(tickets.of_opening(nonce, session))),
            ).fetchone()
            return self._opened(conn, row, session, tickets)
        row = conn.execute(
            f"SELECT {_ANSWER} FROM gate.open(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) r",
            (session, account, patients, unit, purpose[:40], read, write, counted, nonce,
             ticket_hash(tickets.of_opening(nonce, session))),
        ).fetchone()  # fmt: skip
        return self._opened(conn, row, session, tickets)

    def open_contact(self, conn: Any, cookie: str, patient: bytes, kind: str, counted: bool = False) -> dict[str, Any]:
        """One contact of one person (phone, email, address, ins), asked for on purpose."""
        session, account = self._sessions.read(conn, cookie)
        tickets = self._sessions.tickets(cookie)
        nonce = secrets.token_bytes(16)
        row = conn.execute(
            f"SELECT {_ANSWER} FROM gate.open_contact(%s, %s, %s, %s, %s, %s, %s) r",
            (session, account, UUID(bytes=patient), str(kind)[:20],
             bool(counted) and self._sessions.asked(cookie), nonce,
             ticket_hash(tickets.of_opening(nonce, session))),
        ).fetchone()  # fmt: skip
        return self._opened(conn, row, session, tickets)

    def resume(self, conn: Any, cookie: str, opening: int) -> dict[str, Any]:
        """What this session opened before, while its bases hold."""
        session, account = self._sessions.read(conn, cookie)
        tickets = self._sessions.tickets(cookie)
        row = conn.execute(
            f"SELECT {_ANSWER} FROM gate.resume(%s, %s, %s) r", (session, account, int(opening))
        ).fetchone()
        return self._opened(conn, row, session, tickets)

    def open_new(
        self, conn: Any, cookie: str, subjects: list[dict[str, Any]], purpose: str, read: list[str],
        write: list[str], copy: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """A program's people, 200 at most, known by ids at a source or made. `copy`: tokens, for a new demo."""
        session, account = self._sessions.read(conn, cookie)
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
                 ticket_hash(tickets.of_opening(nonce, session)), [at for at, _ in kept], [token for _, token in kept]),
            ).fetchone()  # fmt: skip
        answer = self._opened(conn, row, session, tickets)
        if ROWS in self._masters.keys:
            for patient, _, versions in answer["keys"]:
                # version 0 seals nothing: ids of imported rows come of it, so that no rotation changes them
                versions[0] = sealing.patient_key(self._masters.newest(ROWS), ROWS, UUID(bytes=patient))
        if copy:
            answer["tokens"] = [[token for at, token in found if at == place] for place in range(1, len(subjects) + 1)]
        return answer

    def create(
        self, conn: Any, cookie: str, traits: dict[str, Any], read: list[str], write: list[str]
    ) -> dict[str, Any]:
        """Keys for one person who is not known here, asked for by a person who searched first; tokens in the commit."""
        session, account = self._sessions.read(conn, cookie)
        tickets = self._sessions.tickets(cookie)
        if not _categories(read, write):
            raise No("bad_request")
        new, nonce = uuid.uuid4(), secrets.token_bytes(16)
        found = self._blinding.of_person(traits, new.bytes)
        with self._blinding.versions(conn):
            row = conn.execute(
                f"SELECT {_ANSWER} FROM gate.create_patient(%s, %s, %s, %s, %s, %s, %s, %s, %s) r",
                (session, account, new, *self._blinding.of_sources([("egide", new.hex)]), read, write, nonce,
                 ticket_hash(tickets.of_opening(nonce, session)), found),
            ).fetchone()  # fmt: skip
        return self._opened(conn, row, session, tickets)

    def spread(self, conn: Any, cookie: str, opening: int, patient: bytes, traits: dict[str, Any]) -> dict[str, Any]:
        """Tokens of changed traits, before the sealed rows are written; the former ones stay."""
        session, account = self._sessions.read(conn, cookie)
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

    def count(
        self, conn: Any, session: bytes, account: bytes, site: bytes, entry: int, ids: list[bytes]
    ) -> dict[str, Any]:
        """Persons whom a search discovered, counted before the finder shows them."""
        who = Who(UUID(bytes=session), UUID(bytes=account), UUID(bytes=site))
        self._within(conn, who, [UUID(bytes=one) for one in ids], int(entry), outside=True)
        return {}

    def expect(self, conn: Any, entry: int, leaf: bytes) -> dict[str, Any]:
        """The row of a search, which the finder wrote, before it answers."""
        if len(leaf) != 32:
            raise No("bad_request")
        self._trail.expect(int(entry), bytes(leaf))
        return {}


def _categories(read: list[str], write: list[str]) -> bool:
    return bool(read) and set(read) | set(write) <= set(CATEGORIES)
