"""The doctor finds each wall that is missing, and says nothing of walls that stand."""

from __future__ import annotations

import json

import psycopg
import pytest

from egide.cli import rights
from egide.cli.cluster import Cluster
from egide.cli.doctor import Verdict, examine, render
from egide.kernel.home import Home


def test_a_fresh_base_has_nothing_to_correct_but_what_nobody_started(home: Home) -> None:
    wrong = [f for f in examine(home) if f.verdict is Verdict.ERROR]
    assert [f.subject for f in wrong] == ["superviseur", "canal direct"], wrong


def test_json_names_every_point_and_the_exit_code_is_the_worst(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    findings = examine(home)
    assert render(findings, as_json=True) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "error"
    assert {"comptes système", "rôles", "cloisonnement", "clés", "journal des accès"} <= {
        f["subject"] for f in told["findings"]
    }


BREACHES = [
    (rights.above_row_security, "ALTER ROLE web BYPASSRLS", "web : BYPASSRLS"),
    (rights.above_row_security, "GRANT owner TO worker", "worker : membre de owner"),
    (rights.above_row_security, "ALTER TABLE directory_bed OWNER TO web", "web : propriétaire de 1 objets"),
    (rights.altered_roles, "ALTER ROLE web SET search_path = mine", "web : search_path=mine"),
    (rights.altered_roles, "ALTER ROLE web IN DATABASE egide SET row_security = off", "web : row_security=off"),
    (rights.unexpected_functions, "GRANT EXECUTE ON FUNCTION gate.limit_of TO web", "web peut exécuter gate.limit_of("),
    (rights.unexpected_functions, "REVOKE EXECUTE ON FUNCTION door.rule_hash FROM web", "web ne peut pas exécuter"),
    (rights.open_functions, "GRANT EXECUTE ON FUNCTION door.rule_hash TO PUBLIC", "est ouverte à tous"),
    (rights.open_functions, "ALTER FUNCTION door.rule_hash RESET search_path", "n'a pas de search_path fixe"),
    (rights.open_functions, "GRANT EXECUTE ON FUNCTION pg_notify TO web", "web peut exécuter pg_notify"),
    (rights.uncovered_tables, "ALTER TABLE record_problem NO FORCE ROW LEVEL SECURITY", "record_problem porte"),
    (
        rights.uncovered_tables,
        "CREATE TABLE record_rough (patient_id uuid); GRANT SELECT ON record_rough TO web",
        "record_rough porte",
    ),
    (
        rights.uncovered_tables,
        "CREATE VIEW v AS SELECT * FROM record_problem; GRANT SELECT ON v TO web",
        "v est une vue",
    ),
    (rights.excessive_rights, "GRANT DELETE ON record_problem TO web", "web : DELETE sur public.record_problem"),
    (rights.excessive_rights, "GRANT SELECT ON gate.link TO web", "web : SELECT sur gate.link"),
    (rights.excessive_rights, "GRANT TEMP ON DATABASE egide TO web", "web : TEMP"),
    (rights.excessive_rights, "GRANT CREATE ON SCHEMA public TO worker", "worker : CREATE sur public"),
]


@pytest.mark.parametrize(("question", "breach", "words"), BREACHES, ids=[b[1][:50] for b in BREACHES])
def test_a_breach_is_named(cluster: Cluster, question: object, breach: str, words: str) -> None:
    assert callable(question)
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        assert list(question(connection)) == []
        connection.execute(breach)
        found = list(question(connection))
        connection.rollback()
    assert any(words in line for line in found), found


def test_a_role_that_changed_its_own_secret_is_named(cluster: Cluster) -> None:
    with psycopg.connect(cluster.superuser_dsn()) as connection:
        assert not rights.foreign_secret(connection, "web", cluster.secret("web"))
        connection.execute("ALTER ROLE web PASSWORD 'mine'")
        assert rights.foreign_secret(connection, "web", cluster.secret("web"))
        connection.rollback()
