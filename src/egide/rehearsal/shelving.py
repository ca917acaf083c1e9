"""Indexes and keys taken down while a whole group is copied, and built again after: what was there is kept in writing.

The written list (`rehearsal.shelf`) is in the base, in the transaction that takes them down: a load that was killed
builds them again when it is resumed, each in a transaction of its own. Row security is never taken off: a foreign key's
check, which runs as the tables' owner, stands aside from FORCE within its own transaction, under an exclusive lock.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]

# Unique and primary keys first (a foreign key needs its target's), then plain indexes, then foreign keys.
_DOWN = """
WITH shelved AS (SELECT unnest(%s::text[])::regclass AS id)
SELECT 2 AS place, c.conrelid::regclass::text AS on_table, NULL AS other, c.conname AS name,
       format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) AS up,
       format('ALTER TABLE %%s DROP CONSTRAINT %%I', c.conrelid::regclass, c.conname) AS down, r.relowner::regrole::text AS owner
  FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid WHERE c.contype IN ('p', 'u') AND c.conrelid IN (SELECT id FROM shelved)
UNION ALL
SELECT 3, i.indrelid::regclass::text, NULL, x.relname, pg_get_indexdef(i.indexrelid), format('DROP INDEX %%s', i.indexrelid::regclass),
       x.relowner::regrole::text
  FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
 WHERE i.indrelid IN (SELECT id FROM shelved) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u'))
UNION ALL
SELECT 4, c.conrelid::regclass::text, c.confrelid::regclass::text, c.conname,
       format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)),
       format('ALTER TABLE %%s DROP CONSTRAINT %%I', c.conrelid::regclass, c.conname), r.relowner::regrole::text
  FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
 WHERE c.contype = 'f' AND (c.conrelid IN (SELECT id FROM shelved) OR c.confrelid IN (SELECT id FROM shelved))
 ORDER BY 1 DESC, 2, 4
"""  # noqa: E501
_FOREIGN = 4


def take_down(connection: Connection, tables: Sequence[str]) -> int:
    """In the caller's transaction: write down what these tables have, drop it; how many. Session user: migrator."""
    found = connection.execute(_DOWN, [list(tables)]).fetchall()
    for place, table, other, name, up, down, owner in found:
        connection.execute("SET LOCAL ROLE owner")
        connection.execute(
            "INSERT INTO rehearsal.shelf (place, on_table, other, name, up, owner) VALUES (%s, %s, %s, %s, %s, %s)",
            [place, table, other, name, up, owner],
        )
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))
        connection.execute(down)
    connection.execute("SET LOCAL ROLE NONE")
    return len(found)


def put_back(connect: Callable[[], Connection], told: Callable[[str], None] = lambda _: None) -> None:
    """Build again what is still on the shelf, two at a time, foreign keys one by one; each its own transaction."""
    with connect() as connection:
        connection.execute("SET LOCAL ROLE owner")
        left = connection.execute(
            "SELECT id, place, on_table, other, name, up, owner FROM rehearsal.shelf ORDER BY place, id"
        ).fetchall()
    for place in sorted({row[1] for row in left}):
        rows = [row for row in left if row[1] == place]
        if place == _FOREIGN:
            for row in rows:
                _build(connect, row)
                told(row[4])
            continue
        # by table, so that two builds do not wait for each other's lock
        by_table: dict[str, list[tuple[Any, ...]]] = {}
        for row in rows:
            by_table.setdefault(row[2], []).append(row)
        with ThreadPoolExecutor(2) as pool:
            for name in pool.map(lambda one: _build_all(connect, one), by_table.values()):
                told(name)


def _build_all(connect: Callable[[], Connection], rows: list[tuple[Any, ...]]) -> str:
    for row in rows:
        _build(connect, row)
    return str(rows[-1][4])


def _build(connect: Callable[[], Connection], row: tuple[Any, ...]) -> None:
    number, place, table, other, _name, up, owner = row
    with connect() as connection:
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))
        forced = _forced(connection, [table, other]) if place == _FOREIGN else []
        for one in forced:
            connection.execute(f"ALTER TABLE {one} NO FORCE ROW LEVEL SECURITY".encode())
        connection.execute(up.encode())
        for one in forced:
            connection.execute(f"ALTER TABLE {one} FORCE ROW LEVEL SECURITY".encode())
        connection.execute("SET LOCAL ROLE owner")
        connection.execute("DELETE FROM rehearsal.shelf WHERE id = %s", [number])


def _forced(connection: Connection, tables: Sequence[str]) -> list[str]:
    rows = connection.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE oid = ANY (%s::text[]::regclass[]) AND relforcerowsecurity",
        [list(tables)],
    ).fetchall()
    return [row[0] for row in rows]
