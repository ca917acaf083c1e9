"""Every table of patient data stands behind the gate: key, category, policies, FORCE; and nothing stands beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from egide.cli.cluster import Cluster

Faults = Iterator[str]

# What may stand in the base besides the tables that ProtectTable covers. A new line is a decision, with its reason.
PLAIN = {
    "public.directory_legalentity": "the group's structure: no patient",
    "public.directory_site": "the group's structure: no patient",
    "public.directory_service": "the group's structure: no patient",
    "public.directory_oncall": "who is to be called: no patient", "public.directory_oncallturn": "whose turn it is",
    "public.directory_unit": "the group's structure: no patient",
    "public.directory_bed": "the group's structure: no patient",
    "public.directory_professional": "people who work here: no patient",
    "public.reference_diagnosis": "a public classification: no patient",
    "public.django_migrations": "which migrations ran",
    "gate.link": "gatekeeper's: who takes care of whom; no process has a right on it",
    "gate.token": "gatekeeper's: blinded foreign ids",
    "gate.seen": "gatekeeper's: when an account last saw a patient id",
    "gate.rule": "the grid", "gate.rule_hash": "the grid", "gate.limits": "the limits",
    "gate.notice": "gatekeeper's: who is told of which entry, about which patient id",
    "gate.words": "sealed words of break-glasses, under the trail's key", "gate.review": "what became of them",
    "accounts.act": "what was asked, ids and codes", "accounts.approval": "who said yes, with the assertion",
    "accounts.shift": "who declared which unit",
    "accounts.rescue": "rescue sessions opened for people who work here, their secrets sealed by the keeper",
    "accounts.rescue_try": "codes tried, by the name typed",
    "gate.rescue_seen": "gatekeeper's: whom a rescue session opened, ids only",
    "accounts.act_kind": "acts of one or two persons", "accounts.act_rule": "who asks for and approves which",
    "accounts.office": "professions that stand alone", "accounts.station": "which browser a session began in, a MAC",
    "accounts.workstation": "machines of a site, their keys' public halves",
    "accounts.invitation": "codes of keys to be posed, MACs", "accounts.notice": "what people are told of accounts",
    "public.directory_responsibility": "who answers for a unit or a site",
    "gate.search_door": "who may search by what", "gate.confirmed": "gatekeeper's: whom a search confirmed, ids only",
    "identity.token": "gatekeeper's: what people are found by, blinded; no process has a right on it",
    "identity.known": "gatekeeper's: which legal entity knows an id; no process has a right on it",
    "gate.oversight": "who oversees what", "gate.draw": "monthly draws: month, seed",
    "gate.drawn": "gatekeeper's: drawn entries of the trail and what became of them",
    "gate.plan": "plans blancs: site, when", "gate.mandate": "who serves which commission until when",
    "gate.staff_patient": "gatekeeper's: which patient id somebody who works here is",
    "gate.sensitive": "gatekeeper's: which patient ids are watched, and why in a code",
    "gate.work_list": "which profession works by which list",
    "gate.task": "gatekeeper's: what waits to be done about which patient id",
    "gate.filled": "units, for their lock",
    "gate.lease": "openings' lives", "gate.purse": "counts",
    "accounts.account": "people who work here", "accounts.membership": "their professions and units",
    "accounts.key": "their keys' public halves", "accounts.session": "their sessions",
    "audit.entry": "the trail: ids only", "audit.leaf": "its hashes", "audit.horizon": "where its numbering stands",
}  # fmt: skip
# Uniqueness across patients tells a writer who else is there. Each index here is one that tells nothing, and why.
UNIQUE = {"one_bed_one_person": "a bed is of a unit that the writer sees"}
# Tables whose rows only the account that wrote them reads, by the column that names it.
OWN = {"record_draft": "author"}
POLICIES = {"opened_read": ("r", "read"), "opened_insert": ("a", "write"), "opened_update": ("w", "write")}


@pytest.fixture
def base(cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's eyes; whatever a test breaks is rolled back."""
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        yield connection
        connection.rollback()


def protected() -> dict[str, tuple[str, ...]]:
    """Table → categories, as the migrations say (ProtectTable)."""
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader

    from egide.gate.protect import PROTECTED

    MigrationLoader(None).project_state()
    return {apps.get_model(label)._meta.db_table: categories for label, categories in PROTECTED.items()}


def unprotected_models(models: list[Any], covered: dict[str, tuple[str, ...]]) -> Faults:
    """A model with a patient that no ProtectTable covers; a covered one without the columns its policies ask for."""
    for model in models:
        names = {field.name for field in model._meta.get_fields() if getattr(field, "column", None)} | {
            getattr(field, "column", "") for field in model._meta.get_fields()
        }
        table = model._meta.db_table
        if "patient_id" in names and table not in covered:
            yield f"{table}: has a patient, no ProtectTable"
        if table in covered and "patient_id" not in names:
            yield f"{table}: is covered, has no patient_id"
        if len(covered.get(table, ())) > 1 and "category" not in names:
            yield f"{table}: has two categories, no category column"


def strays(base: psycopg.Connection[Any], covered: dict[str, tuple[str, ...]]) -> Faults:
    """Relations that are neither covered nor listed: history, staging, draft, job, outbox, cache; views; partitions."""
    known = {f"public.{table}" for table in covered} | set(PLAIN)
    for name, kind, options, parent, owner in base.execute(
        "SELECT n.nspname || '.' || c.relname, c.relkind::text, coalesce(c.reloptions, '{}'),"
        "       (SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid),"
        "       c.relowner::regrole::text"
        "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        " ORDER BY 1"
    ):
        if owner not in {"owner", "gatekeeper"}:
            yield f"{name}: owned by {owner}, whom no policy stops"
        if kind == "m":
            yield f"{name}: a materialised view"
        elif kind == "v" and "security_invoker=true" not in options:
            yield f"{name}: a view without security_invoker"
        elif kind == "f":
            yield f"{name}: a foreign table"
        elif parent is not None and parent in covered and name not in known:
            yield f"{name}: a partition of {parent} without its own ProtectTable"
        elif kind in "rp" and name not in known and parent != "entry":
            yield f"{name}: neither protected nor listed"
    for name in sorted(set(PLAIN)):
        if base.execute("SELECT to_regclass(%s)", (name,)).fetchone() == (None,):
            yield f"{name}: listed, and not there"


def uncovered(base: psycopg.Connection[Any], covered: dict[str, tuple[str, ...]]) -> Faults:
    """Covered tables whose row security, policies or columns are not exactly what ProtectTable writes."""
    for table, categories in covered.items():
        enabled, forced = base.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = to_regclass(%s)", (table,)
        ).fetchone() or (False, False)
        if not enabled:
            yield f"{table}: row security is off"
        if not forced:
            yield f"{table}: not FORCE ROW LEVEL SECURITY"
        if policies(base, table) != expected_policies(base, categories, OWN.get(table, "")):
            yield f"{table}: its policies are not those of ProtectTable"
        columns = dict(
            base.execute(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
                " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
                (table,),
            ).fetchall()
        )
        if columns.get("patient_id") != "uuid":
            yield f"{table}: no patient_id of type uuid"
        if primary_key(base, table) not in (["id"], ["patient_id"]) or columns.get("id", "uuid") != "uuid":
            yield f"{table}: no immutable uuid row id as its key"
        if len(categories) > 1 and not bound_category(base, table, categories):
            yield f"{table}: its category column is not bound to {', '.join(categories)}"


def policies(base: psycopg.Connection[Any], table: str) -> list[tuple[Any, ...]]:
    """Every policy of a table: name, command, permissive, roles (0 is PUBLIC), USING, WITH CHECK."""
    return base.execute(
        "SELECT polname, polcmd::text, polpermissive, polroles::oid[], pg_get_expr(polqual, polrelid),"
        " pg_get_expr(polwithcheck, polrelid) FROM pg_policy WHERE polrelid = to_regclass(%s) ORDER BY polname",
        (table,),
    ).fetchall()


def expected_policies(
    base: psycopg.Connection[Any], categories: tuple[str, ...], own: str = ""
) -> list[tuple[Any, ...]]:
    """What PostgreSQL makes of the three policies, written here by hand and parsed by it on a table of the moment."""

    def asks(mode: str) -> str:
        parts = [f"patient_id = ANY ((SELECT gate.opened_patients('{c}', '{mode}'))::uuid[])" for c in categories]
        said = parts[0]
        if len(parts) > 1:
            said = " OR ".join(f"(category = '{c}' AND {part})" for c, part in zip(categories, parts, strict=True))
        return f"({said}) AND {own} = (SELECT gate.acting_account())" if own else said

    words = {"r": "SELECT", "a": "INSERT", "w": "UPDATE"}
    with base.transaction(force_rollback=True):
        base.execute("CREATE TABLE public.twin (patient_id uuid, category varchar(10), author uuid)")
        for name, (command, mode) in POLICIES.items():
            using = f"USING ({asks(mode)})" if command != "a" else ""
            check = f"WITH CHECK ({asks(mode)})" if command != "r" else ""
            base.execute(f"CREATE POLICY {name} ON public.twin FOR {words[command]} TO public {using} {check}".encode())
        return policies(base, "public.twin")


def primary_key(base: psycopg.Connection[Any], table: str) -> list[str]:
    """The columns of the primary key."""
    return [
        row[0]
        for row in base.execute(
            "SELECT a.attname FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid"
            " AND a.attnum = ANY (c.conkey) WHERE c.conrelid = to_regclass(%s) AND c.contype = 'p'",
            (table,),
        )
    ]


def bound_category(base: psycopg.Connection[Any], table: str, categories: tuple[str, ...]) -> bool:
    """Whether a CHECK admits these categories and no other: a third one would stand outside every policy."""
    for (definition,) in base.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'c'",
        (table,),
    ):
        if "category" in definition and all(f"'{c}'" in definition for c in categories):
            return bool(definition.count("'") == 2 * len(categories))
    return False


def oracles(base: psycopg.Connection[Any], covered: dict[str, tuple[str, ...]]) -> Faults:
    """Unique indexes that cross patients on a covered table: an insert would tell who else is there."""
    for table in covered:
        for name, columns in base.execute(
            "SELECT c.relname, array_agg(a.attname::text) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            "  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
            " WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND NOT i.indisprimary GROUP BY c.relname",
            (table,),
        ):
            if "patient_id" not in columns and name not in UNIQUE:
                yield f"{table}: the unique index {name} crosses patients"


def test_every_model_with_a_patient_is_protected(django: None) -> None:
    from django.apps import apps

    covered = protected()
    assert covered["record_measurement"] == ("clinical", "protected")
    assert len(covered) == 20
    assert list(unprotected_models(list(apps.get_models()), covered)) == []


def test_a_model_left_out_is_named(django: None) -> None:
    from django.apps import apps

    without = {table: found for table, found in protected().items() if table != "record_problem"}
    assert list(unprotected_models(list(apps.get_models()), without)) == [
        "record_problem: has a patient, no ProtectTable"
    ]
    beyond = protected() | {"directory_bed": ("stay",), "identity_trait": ("identity", "protected")}
    assert set(unprotected_models(list(apps.get_models()), beyond)) == {
        "directory_bed: is covered, has no patient_id", "identity_trait: has two categories, no category column",
    }  # fmt: skip


def test_every_protected_table_has_its_key_category_policies_and_force(
    base: psycopg.Connection[Any], django: None
) -> None:
    assert list(uncovered(base, protected())) == []


def test_nothing_stands_beside_the_protected_tables(base: psycopg.Connection[Any], django: None) -> None:
    assert list(strays(base, protected())) == []


def test_no_unique_index_crosses_patients(base: psycopg.Connection[Any], django: None) -> None:
    assert list(oracles(base, protected())) == []


ASKS = "patient_id = ANY ((SELECT gate.opened_patients('{}', 'read'))::uuid[])"
BREACHES = [
    (uncovered, "ALTER TABLE record_problem NO FORCE ROW LEVEL SECURITY", "record_problem: not FORCE"),
    (uncovered, "ALTER TABLE record_problem DISABLE ROW LEVEL SECURITY", "record_problem: row security is off"),
    (uncovered, "DROP POLICY opened_read ON stays_stay", "stays_stay: its policies"),
    (
        uncovered,
        "ALTER POLICY opened_read ON record_draft USING (" + ASKS.format("clinical") + ")",
        "record_draft: its policies",
    ),
    (uncovered, "CREATE POLICY open ON stays_stay FOR SELECT TO public USING (true)", "stays_stay: its policies"),
    (uncovered, "ALTER POLICY opened_read ON identity_trait TO web", "identity_trait: its policies"),
    (uncovered, "ALTER POLICY opened_read ON identity_ins USING (true)", "identity_ins: its policies"),
    (
        uncovered,
        "ALTER POLICY opened_insert ON identity_ins WITH CHECK (" + ASKS.format("ins") + ")",
        "identity_ins: its policies",
    ),
    (
        uncovered,
        "ALTER POLICY opened_read ON identity_ins USING (" + ASKS.format("identity") + ")",
        "identity_ins: its policies",
    ),
    (uncovered, "ALTER TABLE record_allergy DROP CONSTRAINT record_allergy_pkey", "record_allergy: no immutable uuid"),
    (uncovered, "ALTER TABLE record_allergy DROP CONSTRAINT allergy_category", "record_allergy: its category"),
    (
        strays,
        "CREATE TABLE record_measurement_history AS SELECT * FROM record_measurement",
        "record_measurement_history",
    ),
    (strays, "CREATE TABLE interop_outbox (id uuid, payload text)", "public.interop_outbox: neither"),
    (strays, "CREATE TABLE audit.words (id uuid)", "audit.words: neither"),
    (strays, "CREATE VIEW v AS SELECT * FROM record_problem", "public.v: a view without"),
    (strays, "CREATE MATERIALIZED VIEW v AS SELECT * FROM record_problem", "public.v: a materialised view"),
    (strays, "CREATE TABLE record_new (id uuid)", "public.record_new: owned by egide_super"),
    (strays, "DROP TABLE gate.seen", "gate.seen: listed, and not there"),
    (oracles, "CREATE UNIQUE INDEX ins_once ON identity_ins (sealed, id)", "identity_ins: the unique index ins_once"),
]


@pytest.mark.parametrize(
    ("question", "breach", "words"), BREACHES, ids=[f"{b[0].__name__}: {b[1][:40]}" for b in BREACHES]
)
def test_a_breach_is_named(base: psycopg.Connection[Any], django: None, question: Any, breach: str, words: str) -> None:
    base.execute(breach.encode())
    assert any(words in fault for fault in question(base, protected())), list(question(base, protected()))
