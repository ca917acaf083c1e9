"""The migration operation that puts a table of patient data behind the gate."""

import pytest

from egide.gate.protect import ProtectTable, protect_sql


def test_one_category_asks_for_itself() -> None:
    statements = protect_sql("t", ("stay",))
    assert sum("FORCE ROW LEVEL SECURITY" in one for one in statements) == 1
    policies = [one for one in statements if one.startswith("CREATE POLICY")]
    assert len(policies) == 3
    assert all("TO public" in one for one in policies)
    assert "opened_patients('stay', 'read')" in policies[0]
    assert all("opened_patients('stay', 'write')" in one for one in policies[1:])
    assert not any("category" in one for one in statements)


def test_two_categories_each_ask_for_their_own() -> None:
    for policy in (one for one in protect_sql("t", ("clinical", "protected")) if one.startswith("CREATE POLICY")):
        assert "(category = 'clinical' AND" in policy
        assert "(category = 'protected' AND" in policy
        assert policy.count("opened_patients('clinical'") == policy.count("opened_patients('protected'")


def test_nothing_is_granted_that_destroys() -> None:
    granted = [one for one in protect_sql("t", ("stay",)) if one.startswith("GRANT")]
    assert granted == ['GRANT SELECT, INSERT, UPDATE ON "t" TO web, worker']


def test_it_is_written_into_migrations_and_never_undone() -> None:
    operation = ProtectTable("measurement", "clinical", "protected")
    assert operation.deconstruct() == ("ProtectTable", ("measurement", "clinical", "protected"), {})
    assert operation.describe() == "Protect measurement (clinical, protected)"
    assert not operation.reversible
    with pytest.raises(NotImplementedError):
        operation.database_backwards("record", None, None, None)
