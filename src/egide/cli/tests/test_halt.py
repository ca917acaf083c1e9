"""What stops a command is one sentence: which trouble of the base, and what to do first; never the base's own words."""

import psycopg
import pytest

from egide.cli.halt import database_trouble

PLANTED = "Zylberquist"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (psycopg.errors.DiskFull(PLANTED), "plein"),
        (psycopg.errors.InvalidPassword(PLANTED), "refuse le secret"),
        (psycopg.OperationalError(f'password authentication failed for user "{PLANTED}"'), "refuse le secret"),
        (psycopg.errors.InsufficientPrivilege(PLANTED), "n'accorde pas"),
        (psycopg.OperationalError(PLANTED), "ne répond pas"),
    ],
)
def test_each_trouble_of_a_base_has_its_sentence(error: Exception, why: str) -> None:
    said = database_trouble(error)
    assert why in said[0]
    assert PLANTED not in "".join(said)


def test_a_framework_that_wraps_the_error_hides_nothing_of_it() -> None:
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = psycopg.errors.DiskFull()
    assert "plein" in database_trouble(wrapped)[0]
