"""Attack 22, second half: what an injection leaves on the connection for the next request, which is somebody else's.

The next request is played by the very code of the pages (`gate.reading`), on the connection that was tampered with.
"""

# ruff: noqa: S608 — writing hostile SQL is what this file is for

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db import connection

from egide.gate.reading import Read, fetch_with
from egide.rehearsal.drill.stage import Stage
from egide.rehearsal.drill.table import Outcome

WARM_UP: Final = 8  # requests before the driver keeps its statements prepared
SEED: Final = 0.42  # what a replaced statement sets, to be seen afterwards
GUESSED: Final = 4  # hexadecimal digits of the victim's ticket that the proof takes
_SQL: Final = "SELECT patient_id, admitted_at, discharged_at FROM stays_stay ORDER BY admitted_at, patient_id"
# Left by `SET`, which needs no right.
SETTINGS: Final = (
    "search_path = pg_catalog",
    "TimeZone = 'Asia/Tokyo'",
    "DateStyle = 'German, DMY'",
    "default_transaction_read_only = on",
    "default_transaction_isolation = 'serializable'",
    "statement_timeout = 1",
    "row_security = off",
    "enable_seqscan = off",
    "bytea_output = 'escape'",
    "extra_float_digits = -15",
)


class NextRequest:
    """The pooled connection of a web process, and one request of the victim at a time on it."""

    def __init__(self, victim: Callable[[], str]) -> None:
        self._victim = victim
        connection.ensure_connection()

    @property
    def raw(self) -> psycopg.Connection[Any]:
        """The driver's connection, which Django keeps from request to request."""
        connection.ensure_connection()
        found: psycopg.Connection[Any] = connection.connection
        return found

    def restart(self) -> None:
        """A new connection, as after a fault."""
        connection.close()
        connection.ensure_connection()

    def victim(self) -> list[tuple[Any, ...]] | str:
        """What the victim's page reads; the kind of error when it cannot."""
        try:
            (rows,) = fetch_with(self._victim(), Read(_SQL, (), list))
        except Exception as error:  # noqa: BLE001 — whatever breaks is what the victim sees
            return type(error).__name__
        found: list[tuple[Any, ...]] = rows
        return found

    def thief(self, *statements: str) -> list[tuple[Any, ...]]:
        """The thief's SQL on that connection; nothing when it is refused."""
        rows: list[tuple[Any, ...]] = []
        try:
            for statement in statements:
                cursor = self.raw.execute(statement.encode(), prepare=False)
                rows = cursor.fetchall() if cursor.description else []
        except psycopg.Error:
            with contextlib.suppress(psycopg.Error):
                self.raw.execute("ROLLBACK")
            return []
        return rows


def play(stage: Stage, outcome: Outcome, ticket: str, victim: Callable[[], str], foreign: Sequence[UUID]) -> None:
    """`ticket`: the thief's own opening; `victim`: gives a ticket of the victim's; `foreign`: her patients."""
    del stage
    request = NextRequest(victim)
    normal: list[tuple[Any, ...]] | str = []
    for _ in range(WARM_UP):
        normal = request.victim()
    works = isinstance(normal, list) and {row[0] for row in normal} >= set(foreign)
    if not outcome.check("témoin : la requête suivante lit ses propres patients", works, str(normal)[:80]):
        return
    _cursors(request, outcome, ticket)
    _leftovers(request, outcome, ticket)
    _settings(request, outcome, normal)
    _prepared(request, outcome)
    connection.close()


def _cursors(request: NextRequest, outcome: Outcome, ticket: str) -> None:
    request.thief(
        "BEGIN", f"SELECT door.use_opening('{ticket}')", f"DECLARE kept CURSOR WITH HOLD FOR {_SQL}", "COMMIT"
    )
    request.victim()
    outcome.check("un curseur gardé ne survit pas à la requête suivante", not request.thief("FETCH ALL FROM kept"))


def _leftovers(request: NextRequest, outcome: Outcome, ticket: str) -> None:
    request.victim()
    left = request.thief("SELECT coalesce(current_setting('egide.ticket', true), '')")
    outcome.check("le ticket de la victime ne reste pas sur la connexion", left == [("",)])
    request.thief(f"SET egide.ticket = '{ticket}'")
    request.victim()
    stays = request.thief("SELECT count(*) FROM identity_patient")
    outcome.check("un ticket posé par SET ne survit pas à la requête suivante", not stays or stays == [(0,)])
    request.thief("RESET ALL")


def _settings(request: NextRequest, outcome: Outcome, normal: list[tuple[Any, ...]] | str) -> None:
    changed = []
    for setting in SETTINGS:
        request.thief(f"SET {setting}")
        if request.victim() != normal:
            changed.append(setting)
        request.thief("RESET ALL")
    outcome.check("un réglage laissé par SET ne change pas la requête suivante", not changed, "; ".join(changed))


def _prepared(request: NextRequest, outcome: Outcome) -> None:
    """The driver's prepared statements replaced under their names: the victim's request would run the thief's SQL."""
    for _ in range(WARM_UP):
        request.victim()
    held = request.thief("SELECT name, parameter_types::text[] FROM pg_prepared_statements WHERE NOT from_sql")
    mark = request.thief(f"SELECT setseed({SEED})", "SELECT random()")
    for name, types in held:
        declared = f"({', '.join(types)})" if types else ""
        request.thief(f'DEALLOCATE "{name}"', f'PREPARE "{name}" {declared} AS SELECT setseed({SEED})')
    request.thief("SELECT setseed(0)")
    request.victim()
    ran = bool(held) and request.thief("SELECT random()") == mark
    request.restart()
    stolen = _steal(request) if ran else ""
    outcome.check(
        "une instruction préparée ne peut pas être remplacée sous la requête suivante",
        not ran,
        f"le SQL du voleur s'exécute sous le ticket de la victime, dont {stolen or 'rien'} sort par random()",
    )


def _steal(request: NextRequest) -> str:
    """The proof: the first digits of the victim's ticket leave by the random generator; other passes give the rest."""
    for _ in range(WARM_UP):
        request.victim()
    found = request.thief(
        "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%use_opening%' AND NOT from_sql"
    )
    if not found:
        return ""
    digits = f"substr(split_part($1, '.', 2), 1, {GUESSED})"
    seed = f"setseed(('x' || {digits})::bit({4 * GUESSED})::int / {16.0**GUESSED})"
    request.thief(
        f'DEALLOCATE "{found[0][0]}"', f'PREPARE "{found[0][0]}" (text) AS SELECT door.use_opening($1), {seed}'
    )
    request.victim()
    stolen = _digits_of(request)
    request.restart()
    return stolen


def _digits_of(request: NextRequest) -> str:
    """The digits whose seed gives the number that the connection now draws; empty when none does."""
    drawn = request.thief("SELECT random()")
    if not drawn:
        return ""
    guesses = request.thief(
        f"SELECT to_hex(n) FROM (SELECT n, setseed(n / {16.0**GUESSED}) IS NULL, random() AS r"
        f" FROM generate_series(0, {16**GUESSED - 1}) n OFFSET 0) x WHERE r = {drawn[0][0]!r}::float8"
    )
    return str(guesses[0][0]).rjust(GUESSED, "0") if len(guesses) == 1 else ""
