"""Attack 22: SQL at will on the web role's own connection, as a perfect injection in a page would have it.

R counts distinct patients beyond the request's own of whom the SQL gave anything: a row, an id, a fact, a count.
That is more than the table asks (names are sealed: no SQL can print one), and on purpose.
"""

# ruff: noqa: S608 — writing hostile SQL is what this file is for

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

from egide.keeper.client import Keeper
from egide.rehearsal.drill import sql_lists
from egide.rehearsal.drill.loot import Loot
from egide.rehearsal.drill.pages import UUID_TEXT
from egide.rehearsal.drill.stage import Account, Stage, bearer_of, session_of
from egide.rehearsal.drill.table import Outcome
from egide.rehearsal.signin import Visitor
from egide.rehearsal.workstation import ProvingKeeper

NUMBER: Final = 22
ROSTER: Final = ("identity", "stay", "clinical")
SAMPLE: Final = 3  # how many foreign patients an oracle is made to give before it is believed
NO_OPENING: Final = "EG001"
_ANY_ID = re.compile(UUID_TEXT)
_ROWS = re.compile(r"rows=(\d+)")
_REMOVED = re.compile(r"Rows Removed by (?:Filter|Index Recheck): ([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Reply:
    """What PostgreSQL said to some statements: rows of the last one, or its refusal."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    count: int = 0
    state: str | None = None
    message: str = ""

    @property
    def text(self) -> str:
        """All that the thief can read of it."""
        return f"{self.rows} {self.message}"


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening as the web process gets it from the keeper."""

    number: int
    ticket: str
    ids: frozenset[UUID]


class Injection:
    """A connection of role web, and what it gave of patients that the request had not opened."""

    def __init__(self, stage: Stage, patients: frozenset[UUID]) -> None:
        self.connection = psycopg.connect(stage.conninfo("web"), autocommit=True)
        self.loot: Loot = stage.loot()
        self.beyond: set[UUID] = set()
        self._patients = patients  # the judge's list: an id in an answer is a patient's or it is not

    def run(self, *statements: str, ticket: str | None = None, own: frozenset[UUID] = frozenset()) -> Reply:
        """Statements in one transaction (after `use_opening` when there is a ticket), always rolled back."""
        reply = Reply()
        try:
            self.connection.execute("BEGIN")
            if ticket is not None:
                self.connection.execute("SELECT door.use_opening(%s)", (ticket,))
            for statement in statements:
                reply = self._one(statement)
        except psycopg.Error as error:
            reply = Reply(state=error.sqlstate, message=str(error))
        finally:
            self.connection.execute("ROLLBACK")
        self.take(reply.text, own, " ".join(statements))
        return reply

    def alone(self, statement: str) -> Reply:
        """One statement outside any transaction."""
        try:
            reply = self._one(statement)
        except psycopg.Error as error:
            reply = Reply(state=error.sqlstate, message=str(error))
        self.take(reply.text, frozenset(), statement)
        return reply

    def _one(self, statement: str) -> Reply:
        if statement.startswith("COPY") and statement.endswith("TO STDOUT"):
            with self.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                lines = [(bytes(line).decode("utf-8", "replace"),) for line in copy]
            return Reply(lines, len(lines))
        cursor = self.connection.execute(statement.encode())
        return Reply(cursor.fetchall() if cursor.description else [], cursor.rowcount)

    def take(self, text: str, own: frozenset[UUID], typed: str) -> None:
        """Count foreign patients whose id stands in an answer and was not typed."""
        self.loot.take(text)
        shown = {UUID(one) for one in _ANY_ID.findall(text) if one not in typed}
        self.beyond |= (shown & self._patients) - own


@dataclass
class Scene:
    """Everything one run needs: two sessions, their openings, the thief's connection."""

    stage: Stage
    outcome: Outcome
    injection: Injection
    keeper: Keeper
    thief: Visitor
    roster: Opening  # the thief's own unit, reading only
    chart: Opening  # one patient of it, writing clinical
    foreign: tuple[UUID, ...]  # patients of the other unit, from its own session
    victim: Visitor
    victim_unit: UUID
    tables: tuple[str, ...]

    def check(self, name: str, held: bool, detail: str = "") -> bool:
        """Shorthand."""
        return self.outcome.check(name, held, detail)


def play(stage: Stage) -> Outcome:
    """Every scene in turn; each adds its checks."""
    outcome = Outcome(NUMBER)
    one, other = stage.pair()
    with stage.judge() as judge:
        patients = frozenset(row["patient_id"] for row in judge.execute("SELECT patient_id FROM identity_patient"))
        tables = tuple(row["name"] for row in judge.execute(sql_lists.PATIENT_TABLES))
    keeper = ProvingKeeper(stage.home.keeper_socket("web"))
    injection = Injection(stage, patients)
    with stage.sign_in(one) as thief, stage.sign_in(other) as victim:
        scene = _set(stage, outcome, injection, keeper, (one, thief), (other, victim), tables)
        for act in SCENES:
            act(scene)
        outcome.recorded = _recorded(scene)
    outcome.r = len(injection.beyond) + injection.loot.r
    injection.connection.close()
    keeper.close()
    return outcome


def _set(
    stage: Stage,
    outcome: Outcome,
    injection: Injection,
    keeper: Keeper,
    thief: tuple[Account, Visitor],
    victim: tuple[Account, Visitor],
    tables: tuple[str, ...],
) -> Scene:
    unit, other = UUID(thief[0].units[0]), UUID(victim[0].units[0])
    roster = _open_unit(keeper, thief[1], unit)
    chart = _open_chart(keeper, thief[1], next(iter(sorted(roster.ids))))
    foreign = tuple(sorted(_open_unit(keeper, victim[1], other).ids - roster.ids))
    return Scene(stage, outcome, injection, keeper, thief[1], roster, chart, foreign, victim[1], other, tables)


def _open_unit(keeper: Keeper, visitor: Visitor, unit: UUID) -> Opening:
    answer = keeper.call(
        "open", cookie=bearer_of(visitor), list="unit", list_id=unit.bytes, purpose="unit_list",
        read=list(ROSTER), write=[],
    )  # fmt: skip
    return _opening(answer)


def _open_chart(keeper: Keeper, visitor: Visitor, patient: UUID) -> Opening:
    answer = keeper.call(
        "open", cookie=bearer_of(visitor), ids=[patient.bytes], purpose="care",
        read=[*ROSTER, "protected"], write=["clinical"],
    )  # fmt: skip
    return _opening(answer)


def _opening(answer: dict[str, Any]) -> Opening:
    return Opening(answer["opening"], answer["ticket"], frozenset(UUID(bytes=one) for one in answer["ids"]))


# ── scenes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def without_a_ticket(scene: Scene) -> None:
    """No opening: nothing is read or written, and it is said, never an empty answer."""
    # A table that holds nothing has no row whose policy PostgreSQL would ask: it answers nothing, and tells nothing.
    sizes = {table: scene.injection.run(f"SELECT pg_relation_size('{table}')").rows for table in scene.tables}
    empty = [table for table, rows in sizes.items() if rows == [(0,)]]
    if empty:
        scene.outcome.note(f"tables encore vides, dont la cloison n'a rien à dire : {', '.join(empty)}")
    tried = [
        statement
        for table in scene.tables
        for statement in sql_lists.on_table(table)
        if table not in empty or not statement.startswith(sql_lists.ON_ROWS)
    ]
    silent = [statement for statement in tried if scene.injection.run(statement).state is None]
    scene.check(
        "sans ouverture, tout ordre sur une table de patients est refusé",
        bool(tried) and not silent,
        "; ".join(silent[:3]),
    )


def with_a_false_ticket(scene: Scene) -> None:
    """Forged, altered, borrowed, ended: none opens."""
    chart = scene.chart
    number, secret = chart.ticket.split(".")
    tickets = {
        "inventé": f"{number}.{sha256(b'guess').hexdigest()}",
        "d'une autre ouverture": f"{scene.roster.number}.{secret}",
        "à venir": f"{10**15}.{secret}",
        "en majuscules": f"{number}.{secret.upper()}",
        "tronqué": chart.ticket[:-1],
        "allongé": chart.ticket + "0",
        "vide": "",
        "avec du SQL": f"{number}.{secret}' OR true--",
        "de session inventée": f"w{uuid4().hex}.{secret}",
        "d'une session terminée": _ended_ticket(scene),
        "de qui je suis": _own_ticket(scene),
    }
    opened = []
    for name, ticket in tickets.items():
        read = scene.injection.run("SELECT * FROM identity_patient", ticket=ticket)
        # A plain SET needs no right: what it puts there must be checked at each query.
        literal = ticket.replace("'", "''")
        put = scene.injection.run(f"SET LOCAL egide.ticket = '{literal}'", "SELECT * FROM identity_patient")
        if read.state is None or put.state is None:
            opened.append(name)
    scene.check("aucun faux ticket n'ouvre", not opened, ", ".join(opened))


def _ended_ticket(scene: Scene) -> str:
    """The ticket of an opening whose session was signed out."""
    account = scene.stage.pair()[0]
    with scene.stage.sign_in(account) as visitor:
        opening = _open_unit(scene.keeper, visitor, UUID(account.units[0]))
        visitor.post("/deconnexion/")
    return opening.ticket


def _own_ticket(scene: Scene) -> str:
    """The ticket of `who`: it says who acts and opens no patient."""
    return str(scene.keeper.call("who", cookie=bearer_of(scene.thief))["ticket"])


def with_a_reading_ticket(scene: Scene) -> None:
    """The thief's own unit, reading only: its patients and nothing else, and no write."""
    roster = scene.roster
    before = len(scene.injection.beyond)
    for table in scene.tables:
        for statement in (f"SELECT * FROM {table}", f"TABLE {table}", f"COPY (SELECT 1 FROM {table}) TO STDOUT"):
            scene.injection.run(statement, ticket=roster.ticket, own=roster.ids)
    scene.check("une ouverture ne montre que ses patients", len(scene.injection.beyond) == before)
    written = []
    for patient in (next(iter(roster.ids)), scene.foreign[0]):
        for statement in sql_lists.writes(patient):
            reply = scene.injection.run(statement, ticket=roster.ticket, own=roster.ids)
            if reply.state is None and reply.count > 0:
                written.append(statement)
    scene.check("une ouverture de lecture n'écrit rien", not written, "; ".join(written[:3]))


def with_a_writing_ticket(scene: Scene) -> None:
    """One chart, clinical written: that patient, those tables, that category."""
    chart, foreign = scene.chart, scene.foreign[0]
    own = next(iter(chart.ids))
    works = scene.injection.run(*sql_lists.writes(own)[:1], ticket=chart.ticket, own=chart.ids)
    scene.check(
        "témoin : l'ouverture d'écriture écrit chez son patient",
        works.state is None and works.count == 1,
        works.message,
    )
    written = []
    for statement in (*sql_lists.writes(foreign), *sql_lists.escapes(own, foreign)):
        reply = scene.injection.run(statement, ticket=chart.ticket, own=chart.ids)
        if reply.state is None and reply.count > 0:
            written.append(statement)
    scene.check("elle n'écrit chez personne d'autre, ni hors de sa catégorie", not written, "; ".join(written[:3]))


def of_rights(scene: Scene) -> None:
    """Whatever would make the thief more than he is: roles, schemas, functions, files, other sessions."""
    done = [one for one in sql_lists.POWERS if _obeyed(scene, one, scene.roster)]
    done += [one for one in sql_lists.POWERS_ALONE if scene.injection.alone(one).state is None]
    scene.check("aucun pouvoir de plus : rôle, objet, fichier, programme, réglage", not done, "; ".join(done[:4]))
    patient, session = next(iter(scene.roster.ids)), session_of(scene.thief)
    tried = sql_lists.rights(patient, scene.victim_unit, session)
    rows = [one for one in tried if _obeyed(scene, one, scene.chart)]
    scene.check("aucun droit, lien, session ni ligne de trace ne s'écrit ou ne se lit", not rows, "; ".join(rows[:3]))
    for statement in sql_lists.NUISANCES:
        if _obeyed(scene, statement, scene.roster):
            scene.outcome.note(f"nuisance possible, sans donnée : {statement}")
    for statement in ("UNLISTEN *", "DISCARD ALL"):
        scene.injection.alone(statement)


def _obeyed(scene: Scene, statement: str, opening: Opening) -> bool:
    """Whether a statement was executed under an opening of the thief's."""
    return scene.injection.run(statement, ticket=opening.ticket, own=scene.roster.ids).state is None


def of_functions(scene: Scene) -> None:
    """Every function the role may execute: ours by an exact list, PostgreSQL's by what they can do."""
    ours = {row[0] for row in scene.injection.run(sql_lists.OUR_FUNCTIONS).rows}
    differing = sorted(ours ^ scene.stage.may_execute)
    scene.check("nos fonctions ouvertes au rôle web sont exactement la liste", not differing, ", ".join(differing))
    risky = [row[0] for row in scene.injection.run(sql_lists.RISKY_FUNCTIONS).rows]
    scene.check(
        "aucune fonction de PostgreSQL qui signale, verrouille, lit un fichier ou écrit hors des tables",
        not risky,
        ", ".join(risky[:6]),
    )
    foreign = scene.foreign[0]
    bad = [call for call in sql_lists.door_calls(foreign) if _obeyed(scene, call, scene.chart)]
    scene.check("aucune fonction de la porte ne répond pour un autre patient", not bad, "; ".join(bad))
    before = len(scene.injection.beyond)
    for name, types in scene.injection.run(sql_lists.CALLS).rows:
        for ticket in (scene.chart.ticket, _own_ticket(scene)):
            scene.injection.run(sql_lists.call_of(name, types, foreign), ticket=ticket, own=scene.roster.ids)
    scene.check("aucune fonction de la porte ne nomme un patient étranger", len(scene.injection.beyond) == before)
    others = scene.injection.run("SELECT * FROM door.my_sessions()", ticket=_own_ticket(scene)).rows
    mine = {row[0] for row in _sessions(scene)}
    scene.check("my_sessions ne dit que les miennes", {row[0] for row in others} <= mine)


def _sessions(scene: Scene) -> list[tuple[UUID]]:
    with scene.stage.judge() as judge:
        rows = judge.execute(
            "SELECT id FROM accounts.session WHERE account = (SELECT account FROM accounts.session WHERE id = %s)",
            (session_of(scene.thief),),
        ).fetchall()
    return [(row["id"],) for row in rows]


def of_leaky_conditions(scene: Scene) -> None:
    """Conditions that fail or tell when they meet a foreign row: the policy must come first."""
    told = []
    for statement in sql_lists.leaky(next(iter(scene.chart.ids))):
        reply = scene.injection.run(statement, ticket=scene.chart.ticket, own=scene.chart.ids)
        if reply.state not in (None, NO_OPENING):
            told.append(f"{statement} → {reply.message.splitlines()[0]}")
    scene.check("une condition qui échoue ne voit aucune ligne étrangère", not told, "; ".join(told[:2]))


def by_raising(scene: Scene) -> None:
    """The oracle of the refusal itself: does a query without ticket fail only when a row matches?

    Comparison by halves over the primary key gives every id; the same over any column gives its value.
    """
    found: set[UUID] = set()
    for table in scene.tables:
        found |= _ids_by(lambda condition, t=table: _raises(scene, t, condition))  # type: ignore[misc]
        found &= _everyone(scene)
        if found:
            break
    scene.injection.beyond |= found
    scene.check(
        "un refus ne dit pas si une ligne existe",
        not found,
        f"sans ouverture, ni trace : {len(found)} identifiants tirés à la demande, puis chaque fait codé",
    )
    if found:
        scene.outcome.note(f"exemple : SELECT 1 FROM {scene.tables[0]} WHERE patient_id < '…' échoue ou rend 0 ligne")


def _raises(scene: Scene, table: str, condition: str) -> bool:
    return scene.injection.run(f"SELECT 1 FROM {table} WHERE {condition}").state == NO_OPENING


def by_estimates(scene: Scene) -> None:
    """The planner's estimates come from samples of every patient: EXPLAIN shows them to whoever asks."""
    found: set[UUID] = set()
    for table in scene.tables:
        found |= _ids_by_steps(lambda bound, t=table: _estimate(scene, t, bound))  # type: ignore[misc]
        if found & _everyone(scene):
            break
    known = found & _everyone(scene)
    scene.injection.beyond |= known
    scene.check("les estimations d'EXPLAIN ne disent aucun identifiant", not known, f"{len(known)} identifiants lus")


def _estimate(scene: Scene, table: str, bound: UUID) -> int:
    statement = f"EXPLAIN SELECT 1 FROM {table} WHERE patient_id < '{bound}'"
    plan = " ".join(str(row[0]) for row in scene.injection.run(statement).rows[:1])
    match = _ROWS.search(plan)
    return int(match[1]) if match else 0


def by_counts(scene: Scene) -> None:
    """EXPLAIN ANALYZE counts the rows that the policy removed: a number of foreign rows, by patient and by fact."""
    told: set[UUID] = set()
    for patient in scene.foreign[:SAMPLE]:
        for table in scene.tables:
            statement = f"EXPLAIN (ANALYZE, TIMING OFF) SELECT 1 FROM {table} WHERE patient_id = '{patient}'"
            plan = scene.injection.run(statement, ticket=scene.chart.ticket, own=scene.chart.ids).text
            control = statement.replace(str(patient), str(uuid4()))
            empty = scene.injection.run(control, ticket=scene.chart.ticket, own=scene.chart.ids).text
            if _REMOVED.findall(plan) != _REMOVED.findall(empty):
                told.add(patient)
    scene.injection.beyond |= told
    scene.check(
        "EXPLAIN ANALYZE ne compte pas les lignes d'un autre patient", not told, f"{len(told)} patients comptés"
    )


def of_the_catalogue(scene: Scene) -> None:
    """Statistics, activity, sources: what the catalogue says to everybody."""
    run = scene.injection.run
    stats = run(
        "SELECT * FROM pg_stats WHERE schemaname = 'public' AND tablename = ANY ('{" + ",".join(scene.tables) + "}')"
    )
    scene.check("pg_stats ne montre aucune table de patients", not stats.rows)
    closed = [one for one in sql_lists.CLOSED_CATALOGUE if run(f"SELECT * FROM {one} LIMIT 1").state is None]
    scene.check("pg_statistic, pg_authid et les fichiers de règles sont fermés", not closed, ", ".join(closed))
    for _ in range(5):
        scene.victim.get(f"/unite/{scene.victim_unit}/")
        seen = run("SELECT query, application_name FROM pg_stat_activity WHERE pid <> pg_backend_pid()").text
        if re.search(r"[0-9a-f]{64}", seen) or (set(_ANY_ID.findall(seen)) & {str(one) for one in scene.foreign}):
            scene.check("pg_stat_activity ne montre ni ticket ni identifiant", False)
            return
    scene.check("pg_stat_activity ne montre ni ticket ni identifiant", True)


def on_a_shared_connection(scene: Scene) -> None:
    """What one request leaves on the connection must not reach the next one, which is somebody else's."""
    from egide.rehearsal.drill import sql_next_request

    sql_next_request.play(scene.stage, scene.outcome, scene.roster.ticket, _victims(scene), scene.foreign)


def _victims(scene: Scene) -> Callable[[], str]:
    return lambda: _open_unit(scene.keeper, scene.victim, scene.victim_unit).ticket


SCENES: Final[Sequence[Callable[[Scene], None]]] = (
    without_a_ticket,
    with_a_false_ticket,
    with_a_reading_ticket,
    with_a_writing_ticket,
    of_rights,
    of_functions,
    of_leaky_conditions,
    by_raising,
    by_estimates,
    by_counts,
    of_the_catalogue,
    on_a_shared_connection,
)


# ── searching by halves ─────────────────────────────────────────────────────────────────────────────────────────────


def _ids_by(exists: Callable[[str], bool]) -> set[UUID]:
    """The first few ids that an existence oracle gives; empty when it says nothing."""
    found: set[UUID] = set()
    low = 0
    while len(found) < SAMPLE and exists(f"patient_id >= '{UUID(int=low)}'"):
        bottom, top = low, 2**128 - 1
        while bottom < top:  # the smallest id at or above `low`
            middle = (bottom + top) // 2
            inside = f"patient_id >= '{UUID(int=low)}' AND patient_id <= '{UUID(int=middle)}'"
            bottom, top = (bottom, middle) if exists(inside) else (middle + 1, top)
        if bottom >= 2**128 - 1 or (found and UUID(int=bottom) in found):
            break
        found.add(UUID(int=bottom))
        low = bottom + 1
    return found


def _ids_by_steps(estimate: Callable[[UUID], int]) -> set[UUID]:
    """Ids where the estimate steps: bounds of the sampled histogram, found by halves."""
    found: set[UUID] = set()
    start, end = 0, 2**128 - 1
    while len(found) < SAMPLE and estimate(UUID(int=start)) != estimate(UUID(int=end)):
        low, high, level = start, end, estimate(UUID(int=start))
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if estimate(UUID(int=middle)) == level else (low, middle)
        found |= {UUID(int=low), UUID(int=high)}
        start = high
    return found


def _everyone(scene: Scene) -> set[UUID]:
    """Patients beyond the request's own (the judge's list)."""
    return set(scene.injection._patients) - scene.roster.ids  # noqa: SLF001 — the judge's own part


def _recorded(scene: Scene) -> bool:
    """Every opening that the SQL ran under names the thief and the patients; what opened nothing has no row to have."""
    session = session_of(scene.thief)
    rows = {row["id"]: frozenset(row["ids"]) for row in scene.stage.trail(session, "open")}
    held = all(rows.get(one.number) == one.ids for one in (scene.roster, scene.chart))
    scene.outcome.note(
        "les ordres refusés faute d'ouverture ne laissent pas de ligne : PostgreSQL annule avec eux leur trace"
    )
    return scene.check("les ouvertures employées sont dans la trace, avec leurs patients", held)
