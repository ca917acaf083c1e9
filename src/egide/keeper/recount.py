"""A keeper that lost its counts makes them again from the trail: the disclosures of the last day."""

import logging
import threading
from collections.abc import Iterator

import psycopg
from psycopg.rows import dict_row

from egide.keeper.ceilings import Ceilings, Disclosure, Who

PAGE = 5_000
PAUSE = 1.0  # seconds until the next try, while the base is away
log = logging.getLogger("egide.keeper")


def recount(conninfo: str, ceilings: Ceilings, stop: threading.Event) -> None:
    """Counts what the file held, or the trail where there was none; what needs the counts is refused meanwhile."""
    ceilings.load()
    while ceilings.lost and not stop.is_set():
        try:
            with psycopg.connect(conninfo, autocommit=True, row_factory=dict_row) as conn:
                ceilings.restore(_disclosures(conn))
                log.warning("ceilings: counted again from the trail")
        except psycopg.Error as error:
            log.warning("ceilings: %s", type(error).__name__)
            stop.wait(PAUSE)


def _disclosures(conn: "psycopg.Connection[dict[str, object]]") -> Iterator[Disclosure]:
    after = 0
    while rows := conn.execute("SELECT * FROM gate.disclosures(%s, %s)", (after, PAGE)).fetchall():
        for row in rows:
            who = Who(row["session"], row["account"], row["site"])  # type: ignore[arg-type]
            for person in row["ids"]:  # type: ignore[attr-defined]
                yield Disclosure(row["at"].timestamp(), bool(row["outside"]), who, person)  # type: ignore[attr-defined]
        after = rows[-1]["id"]  # type: ignore[assignment]
