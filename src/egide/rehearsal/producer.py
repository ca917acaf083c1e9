"""One of the processes that make and copy a whole group's people: `python -m egide.rehearsal.producer --home H …`.

Runs as the operator: the keeper hands it the keys of people who do not exist yet, and, on a base born as a demo before
anybody signed in, their search tokens; rows go in as migrator, by COPY (PostgreSQL refuses COPY FROM under row
security). Each block of 200 people is one opening; a few blocks and the note that they are done are one transaction.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgpack
import psycopg
from psycopg.conninfo import make_conninfo

from egide.keeper.client import Keeper, KeeperDown
from egide.kernel import clock, sealing
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home
from egide.rehearsal import clinic, group, people, rows
from egide.rehearsal.copying import Copy

TOGETHER = 5
"""Blocks in one transaction: a thousand people."""
CATEGORIES = ("identity", "contact", "ins", "stay", "clinical")
LINKS = [
    ("patient_id", "uuid"), ("basis", "text"), ("unit", "uuid"), ("since", "timestamptz"), ("until", "timestamptz"),
    ("entry", "int8"),
]  # fmt: skip
TOKENS = [("token", "int8"), ("patient_id", "uuid")]
TABLES: dict[str, list[tuple[str, str]]] = {
    **{table: rows.columns(table) for table in rows.TABLES},
    "gate.link": LINKS,
    "identity.token": TOKENS,
}


class Pen:
    """One person's values under keys of her own; rows get ids drawn by the machine, for no second run may add them."""

    def __init__(self, patient: bytes, keys: dict[str, sealing.Sealer]) -> None:
        self.patient = patient
        self._keys = keys

    def row(self, category: str, foreign: str) -> bytes:  # noqa: ARG002 — the other load names rows by these
        """A new id (UUID version 4)."""
        drawn = bytearray(os.urandom(16))
        drawn[6] = drawn[6] & 0x0F | 0x40
        drawn[8] = drawn[8] & 0x3F | 0x80
        return bytes(drawn)

    def seal(self, category: str, table: str, column: str, row: bytes, value: Any) -> bytes:
        """As a capability seals it."""
        return self._keys[category].seal(msgpack.packb(value), sealing.associated_raw(table, column, row, category))


class Producer:
    """Blocks of people, opened, made and copied."""

    def __init__(self, home: Home, seed: int, count: int, today: date, days: tuple[int, int]) -> None:
        """`days`: how long an appointment's link stands around it, and a stay's after it (the gate's limits)."""
        self.seed, self.count, self.today = seed, count, today
        self.booked, self.attending = timedelta(days=days[0]), timedelta(days=days[1])
        self.keeper = Keeper(home.keeper_socket("worker"))
        self.connection = psycopg.connect(
            make_conninfo("", **home.connection("migrator"), application_name="egide demo copy")
        )
        self.cookies: dict[UUID, str] = {}
        self.copy = Copy(TABLES)

    def run(self, blocks: Iterator[int]) -> Iterator[tuple[int, dict[str, int]]]:
        """How many people more, and rows by table, each time some are in the base for good."""
        held: list[int] = []
        for block in blocks:
            self._block(block)
            held.append(block)
            if len(held) == TOGETHER:
                yield self._commit(held)
                held = []
        if held:
            yield self._commit(held)

    def _commit(self, held: list[int]) -> tuple[int, dict[str, int]]:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            sent = self.copy.send(cursor)
            cursor.execute("INSERT INTO rehearsal.block SELECT unnest(%s::int[])", [held])
        return sent["identity_patient"], sent

    def _cookie(self, site: UUID) -> str:
        if site not in self.cookies:
            manifest = rows.manifest(self.seed, self.count, self.today)
            answer = self.keeper.call("sign_in", step="application", site=site.bytes, manifest=manifest, purpose="demo")
            self.cookies[site] = answer["cookie"]
        return self.cookies[site]

    def _block(self, block: int) -> None:
        indexes = range(block * group.BLOCK, min(self.count, (block + 1) * group.BLOCK))
        made = [people.person(self.seed, index) for index in indexes]
        answer = self.keeper.call(
            "open_new",
            cookie=self._cookie(group.house_of(self.seed, block).site.id),
            subjects=[{"src": [[rows.SYSTEM, str(person.index)]], "traits": rows.traits_of(person)} for person in made],
            purpose="demo",
            read=list(CATEGORIES),
            write=list(CATEGORIES),
            copy=True,
        )
        keys: dict[bytes, dict[str, sealing.Sealer]] = {}
        for patient, category, versions in answer["keys"]:
            keys.setdefault(patient, {})[category] = sealing.Sealer(versions)
        now = clock.now()
        found = []
        for person, patient, tokens in zip(made, answer["ids"], answer["tokens"], strict=True):
            facts = clinic.facts(self.seed, self.count, person, self.today)
            rows.write(Pen(patient, keys[patient]), person, facts, now, self.copy.add)
            self._links(patient, facts, now, answer["opening"])
            found += [(token, patient) for token in tokens]
        # by value: their order in the file must not tell whose they are
        for pair in sorted(found):
            self.copy.add("identity.token", pair)

    def _links(self, patient: bytes, facts: clinic.Facts, now: datetime, opening: int) -> None:
        """The care links of her stays, of the days after one, of appointments that are not too long ago."""
        for stay in facts.stays:
            unit, until = stay.unit.id.bytes, stay.discharged_at
            self.copy.add("gate.link", (patient, "stay", unit, stay.admitted_at, until, opening))
            if until is not None and until + self.attending > now:
                self.copy.add("gate.link", (patient, "attending", unit, until, until + self.attending, opening))
        for one in facts.meetings:
            if one.state != "cancelled" and one.starts_at + self.booked > now:
                since, until = one.starts_at - self.booked, one.starts_at + self.booked
                self.copy.add("gate.link", (patient, "appointment", one.unit.id.bytes, since, until, opening))

    def end(self) -> None:
        """Sign out, and let go of the base."""
        for cookie in self.cookies.values():
            self.keeper.call("revoke", cookie=cookie)
        self.keeper.close()
        self.connection.close()


def main() -> int:
    """Copies its share of what is left; one line a commit on stdout: people, then rows by table (msgpack, hex)."""
    parser = argparse.ArgumentParser(prog="egide.rehearsal.producer")
    parser.add_argument("--home", required=True, type=Path)
    for name in ("seed", "count", "part", "parts", "booked", "attending"):
        parser.add_argument(f"--{name}", required=True, type=int)
    parser.add_argument("--today", required=True, type=date.fromisoformat)
    given = parser.parse_args()
    parent = os.getppid()
    producer = Producer(
        Home(given.home.absolute()), given.seed, given.count, given.today, (given.booked, given.attending)
    )
    with producer.connection.cursor() as cursor:
        done = {row[0] for row in cursor.execute("SELECT block FROM rehearsal.block").fetchall()}
    producer.connection.commit()

    def left() -> Iterator[int]:
        for block in range(given.part, -(-given.count // group.BLOCK), given.parts):
            if block not in done:
                if os.getppid() != parent:  # whoever asked for this is gone
                    return
                yield block

    try:
        for added, sent in producer.run(left()):
            print(added, msgpack.packb(sent).hex(), flush=True)
        producer.end()
    except Refused as refusal:
        print("refused", refusal.code, flush=True)
        return 3
    except (KeeperDown, psycopg.OperationalError):
        with contextlib.suppress(BrokenPipeError):
            print("refused down", flush=True)
        return 4
    except BrokenPipeError:  # whoever asked for this was killed: what was committed stays, the rest is for the next run
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 4
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
