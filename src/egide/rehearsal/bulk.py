"""A whole group's people by COPY: on a base born as a demo, before anybody signed in; resumed wherever it was killed.

Where the load stands is written in the base (schema `rehearsal`, the owner's): what was asked, blocks that are in, what
must be built again. It goes away with the load, but for the one line that says what this base holds. Two producers make
people beside PostgreSQL and the keeper; then indexes and foreign keys are built again (`shelving`).
"""

import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgpack
import psycopg
from psycopg.conninfo import make_conninfo

from egide.kernel.capabilities import Refused
from egide.kernel.home import Home
from egide.rehearsal import group, shelving
from egide.rehearsal.load import other_demo
from egide.rehearsal.producer import TABLES

FEWEST = 3_000
"""Below this many people the ordinary load is as quick."""
PRODUCERS = 2
_BEGIN = """
CREATE SCHEMA rehearsal;
CREATE TABLE rehearsal.load (seed bigint NOT NULL, people int NOT NULL, today date NOT NULL, stage text NOT NULL,
    began timestamptz NOT NULL DEFAULT now(), ended timestamptz);
CREATE TABLE rehearsal.block (block int PRIMARY KEY);
CREATE TABLE rehearsal.shelf (id int GENERATED ALWAYS AS IDENTITY, place int NOT NULL, on_table text NOT NULL,
    other text, name text NOT NULL, up text NOT NULL, owner text NOT NULL);
REVOKE ALL ON SCHEMA rehearsal FROM PUBLIC;
GRANT USAGE ON SCHEMA rehearsal TO migrator;
GRANT SELECT, INSERT ON rehearsal.block TO migrator
"""
# What the migrator needs to copy, for as long as it copies.
_PUBLIC = ", ".join(table for table in TABLES if "." not in table)
_LENT = (
    ("owner", "USAGE ON SCHEMA public"),
    ("owner", f"INSERT ON {_PUBLIC}"),
    ("gatekeeper", "USAGE ON SCHEMA gate, identity"),
    ("gatekeeper", "INSERT ON gate.link, identity.token"),
)


@dataclass(slots=True)
class Standing:
    """What a base says of its load: what was asked, how far it is, how many people are in."""

    seed: int
    count: int
    today: date
    stage: str
    loaded: int = 0


@dataclass(slots=True)
class Told:
    """What the load tells while it works: a stage, then so many more people (or indexes)."""

    stage: Callable[[str, int], None] = lambda _stage, _total: None
    more: Callable[[int], None] = lambda _count: None
    rows: dict[str, int] = field(default_factory=dict)


class Bulk:
    """One base's load at full scale."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def connect(self) -> "psycopg.Connection[Any]":
        """A connection of the migrator."""
        return psycopg.connect(make_conninfo("", **self.home.connection("migrator"), application_name="egide demo"))

    def standing(self) -> Standing | None:
        """What this base says; None when no load at full scale was ever begun here."""
        with self.connect() as connection:
            connection.execute("SET LOCAL ROLE owner")
            if connection.execute("SELECT to_regclass('rehearsal.load')").fetchone() == (None,):
                return None
            row = connection.execute("SELECT seed, people, today, stage FROM rehearsal.load").fetchone()
            if row is None:
                return None
            found = Standing(*row)
            if found.stage in ("copying", "building"):
                blocks = connection.execute("SELECT block FROM rehearsal.block").fetchall()
                found.loaded = sum(_size(block, found.count) for (block,) in blocks)
            return found

    def may_begin(self) -> bool:
        """Whether nobody is known here yet, and nobody ever signed in."""
        with self.connect() as connection:
            connection.execute("SET LOCAL ROLE gatekeeper")
            row = connection.execute("SELECT gate.untouched() AND NOT EXISTS (SELECT FROM gate.token)").fetchone()
        return bool(row and row[0])

    def begin(self, seed: int, count: int, today: date) -> None:
        """Write down what is asked and take indexes and foreign keys down: one transaction."""
        with self.connect() as connection:
            connection.execute("SET LOCAL lock_timeout = '10s'")
            connection.execute("SET LOCAL ROLE owner")
            for statement in _BEGIN.split(";"):
                connection.execute(statement.encode())
            connection.execute(
                "INSERT INTO rehearsal.load (seed, people, today, stage) VALUES (%s, %s, %s, 'copying')",
                [seed, count, today],
            )
            for role, right in _LENT:
                connection.execute(f"SET LOCAL ROLE {role}".encode())
                connection.execute(f"GRANT {right} TO migrator".encode())
            shelving.take_down(connection, list(TABLES))

    def copy(self, standing: Standing, told: Told) -> None:
        """Make and copy what is left. Refused(`signed_in`): somebody has, the rest goes the ordinary way."""
        told.stage("copying", standing.count - standing.loaded)
        children = [self._producer(standing, part) for part in range(PRODUCERS)]
        try:
            for line in _lines(children):
                word, _, rest = line.partition(" ")
                if word == "refused":
                    raise Refused("signed_in" if rest == "not_a_demo" else rest)
                told.more(int(word))
                for table, number in msgpack.unpackb(bytes.fromhex(rest)).items():
                    told.rows[table] = told.rows.get(table, 0) + number
            if any(child.wait() for child in children):
                raise Refused("producer_died")
        finally:
            for child in children:
                child.terminate()
                child.wait()
                if child.stdout is not None:
                    child.stdout.close()
        self._stage("building")

    def _producer(self, standing: Standing, part: int) -> "subprocess.Popen[str]":
        booked, attending = self._days()
        values = {
            "home": self.home.root, "seed": standing.seed, "count": standing.count, "today": standing.today,
            "part": part, "parts": PRODUCERS, "booked": booked, "attending": attending,
        }  # fmt: skip
        arguments = [f"--{name}={value}" for name, value in values.items()]
        # in a group of its own: Ctrl-C is for this process, which ends its producers
        return subprocess.Popen(
            [sys.executable, "-m", "egide.rehearsal.producer", *arguments],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, process_group=0,
        )  # fmt: skip

    def _days(self) -> tuple[int, int]:
        """How long an appointment's and a former stay's care links stand: the gate's own limits."""
        with self.connect() as connection:
            connection.execute("SET LOCAL ROLE gatekeeper")
            rows = dict(connection.execute("SELECT name, value FROM gate.limits").fetchall())
        return int(rows["appointment_days"]), int(rows["attending_days"])

    def build(self, told: Told) -> None:
        """Put back what was taken down, order the tokens, gather statistics, take back the grants."""
        with self.connect() as connection:
            connection.execute("SET LOCAL ROLE owner")
            row = connection.execute("SELECT count(*) FROM rehearsal.shelf").fetchone()
        told.stage("building", (row[0] if row else 0) + 2)
        shelving.put_back(self.connect, lambda _name: told.more(1))
        with self.connect() as connection:
            # by value: where a token lies in the file must not tell whose it is
            connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
            connection.execute("SET LOCAL ROLE gatekeeper")
            connection.execute("CLUSTER identity.token USING token_pkey")
        told.more(1)
        for role, tables in (("owner", _PUBLIC), ("gatekeeper", "gate.link, identity.token, gate.token, gate.seen")):
            with self.connect() as connection:
                connection.execute(f"SET LOCAL ROLE {role}".encode())
                connection.execute(f"ANALYZE {tables}".encode())
        told.more(1)

    def finish(self, stage: str) -> None:
        """The last transaction: what was lent is taken back; one line stays, that says what this base holds."""
        with self.connect() as connection:
            for role, right in _LENT:
                connection.execute(f"SET LOCAL ROLE {role}".encode())
                connection.execute(f"REVOKE {right} FROM migrator".encode())
            connection.execute("SET LOCAL ROLE owner")
            connection.execute("DROP TABLE rehearsal.block, rehearsal.shelf")
            connection.execute("UPDATE rehearsal.load SET stage = %s, ended = now()", [stage])

    def _stage(self, stage: str) -> None:
        with self.connect() as connection:
            connection.execute("SET LOCAL ROLE owner")
            connection.execute("UPDATE rehearsal.load SET stage = %s", [stage])


def load(home: Home, seed: int, count: int, today: date, told: Told) -> bool:
    """Load people 0 to count − 1 into an empty demo base, or go on with a load that was cut short.

    False: this base is not for this way (somebody is known here, or has signed in), nothing was changed: the ordinary
    load is to be tried. Refuses (`other_demo`) another seed or number than what was begun; `signed_in`: somebody signed
    in meanwhile, what was copied stays and the ordinary load does the rest.
    """
    bulk = Bulk(home)
    standing = bulk.standing()
    if standing is None:
        if not bulk.may_begin():
            return False
        bulk.begin(seed, count, today)
        standing = Standing(seed, count, today, "copying")
    if (standing.seed, standing.count) != (seed, count):
        raise other_demo()
    if standing.stage == "ordinary":
        return False
    if standing.stage == "done":
        return True
    stage = "done"
    if standing.stage == "copying":
        try:
            bulk.copy(standing, told)
        except Refused as refusal:
            if refusal.code != "signed_in":
                raise
            stage = "ordinary"
    bulk.build(told)
    bulk.finish(stage)
    if stage == "ordinary":
        raise Refused("signed_in")
    return True


def _size(block: int, count: int) -> int:
    return min(group.BLOCK, count - block * group.BLOCK)


def _lines(children: "list[subprocess.Popen[str]]") -> Iterator[str]:
    """What the producers write, line by line, until all have ended."""
    with selectors.DefaultSelector() as selector:
        for child in children:
            if child.stdout is not None:
                selector.register(child.stdout, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if line:
                    yield line.rstrip("\n")
                else:
                    selector.unregister(key.fileobj)
