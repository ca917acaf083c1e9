"""Where a drill plays: the running house, its accounts, its truth, and the judge's own look at the trail."""

from __future__ import annotations

import base64
import json
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from egide.kernel.home import Home
from egide.rehearsal.drill.loot import Loot, Truth
from egide.rehearsal.signin import Answer, Visitor, sign_in
from egide.rehearsal.workstation import Bearer

SESSION_COOKIE: Final = "egide_session"


class NoStage(Exception):
    """The drill cannot be played here: the sentence says why and what to do."""


class Steady(Visitor):
    """A visitor that notices, before it speaks, that the server has hung up: a POST is never sent twice."""

    def _once(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        line = self._connection.sock
        if line is not None and select.select([line], [], [], 0)[0]:
            self._connection.close()
        return super()._once(method, path, body, headers)


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the demo, as `demo/accounts.json` lists it."""

    username: str
    profession: str
    units: tuple[str, ...]


@dataclass
class Stage:
    """One running house: its address, PostgreSQL's `pg_dump`, and the functions of ours that role web may execute."""

    home: Home
    origin: str
    truth: Truth
    pg_dump: Path
    may_execute: frozenset[str]
    keys_url: str | None = None
    accounts: tuple[Account, ...] = field(default=())

    def __post_init__(self) -> None:
        """Reads the list of accounts; raises NoStage when this is no demo."""
        try:
            listed = json.loads(self.home.demo_accounts.read_text(encoding="utf-8"))["accounts"]
        except (OSError, ValueError, KeyError) as error:
            raise NoStage(
                "Cette base n'a pas de comptes de démonstration : l'exercice ne joue que sur elle."
            ) from error
        self.accounts = tuple(Account(one["username"], one["profession"], tuple(one["units"])) for one in listed)
        self.truth.works_here({one[what] for one in listed for what in ("name", "site", "unit") if one.get(what)})

    # ── people ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def pair(self, profession: str = "nurse") -> tuple[Account, Account]:
        """The thief's account and the victim's: the same profession in units that share nothing."""
        able = [one for one in self.accounts if one.profession == profession and one.units]
        for thief in able:
            for victim in able:
                if not set(thief.units) & set(victim.units):
                    return thief, victim
        raise NoStage("L'exercice demande deux comptes infirmiers d'unités différentes.")

    def sign_in(self, account: Account) -> Visitor:
        """A session made by the real ceremony; begun again when the server hung up between two of its steps."""
        patience = 3
        while True:
            try:
                with sign_in(self.origin, account.username, self.keys_url) as visitor:
                    return Steady(visitor.base_url, visitor.cookies, visitor.workstation)
            except ConnectionError as error:
                patience -= 1
                if not patience or isinstance(error, ConnectionRefusedError):
                    raise

    def loot(self) -> Loot:
        """An empty bag."""
        return Loot(self.truth)

    # ── the judge: never used to choose what is attacked ────────────────────────────────────────────────────────────

    def conninfo(self, role: str) -> str:
        """How to connect as one role, with the passfile of that role."""
        return make_conninfo("", **self.home.connection(role), application_name="egide-drill")

    @contextmanager
    def judge(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """The superuser's own look, to check what an attack did."""
        with psycopg.connect(self.conninfo("super"), autocommit=True, row_factory=dict_row) as connection:
            yield connection

    def now(self) -> datetime:
        """The base's own clock, by which the trail is dated."""
        with self.judge() as judge:
            row = judge.execute("SELECT clock_timestamp() AS at").fetchone()
        assert row is not None  # noqa: S101
        found: datetime = row["at"]
        return found

    def sites(self) -> dict[str, UUID]:
        """The site of each account that may work today, by its name."""
        with self.judge() as judge:
            rows = judge.execute(
                "SELECT username, site FROM accounts.account WHERE ended_at IS NULL AND suspended_at IS NULL"
            ).fetchall()
        return {str(row["username"]): row["site"] for row in rows if row["site"]}

    def today(self, kind: str) -> dict[str, int]:
        """How many rows of one kind each account left in the trail in the last day: who is rested leaves few."""
        with self.judge() as judge:
            rows = judge.execute(
                "SELECT c.username, count(*)::int AS n FROM audit.entry e JOIN accounts.account c ON c.id = e.account"
                " WHERE e.kind = %s AND e.at > clock_timestamp() - interval '1 day' GROUP BY 1",
                (kind,),
            ).fetchall()
        return {str(row["username"]): int(row["n"]) for row in rows}

    def trail(self, session: UUID, kind: str) -> list[dict[str, Any]]:
        """The trail's rows of one session and kind, oldest first, read as role auditor."""
        with psycopg.connect(self.conninfo("auditor"), autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(
                "SELECT id, account, unit, ids, reads, writes, reason, verdict, object FROM audit.entry"
                " WHERE session = %s AND kind = %s ORDER BY id",
                (session, kind),
            ).fetchall()


def session_of(visitor: Visitor) -> UUID:
    """The session's id, which the cookie shows to whoever holds it."""
    raw = base64.urlsafe_b64decode(visitor.cookies[SESSION_COOKIE] + "==")
    return UUID(bytes=raw[:16])


def bearer_of(visitor: Visitor) -> Bearer:
    """The session's cookie with its workstation, for a call straight to the keeper."""
    if visitor.workstation is None:
        raise NoStage("Cette session n'a pas de clé de poste.")
    return Bearer.of(visitor.cookies[SESSION_COOKIE], visitor.workstation)
