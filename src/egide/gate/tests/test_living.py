"""Living links are found by their index: what ended in a unit over the years is not walked, whoever asks."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from egide.gate.tests.factories import LONG_AGO, Hospital

# A condition on `until` with OR walks every row of a unit or of a person; of one patient, whose rows are few, it may.
BOTH = re.compile(r"gate\.link (\w+)\b(?:(?!gate\.link).)*?\b\1\.until IS NULL OR", re.DOTALL)


def test_ended_links_are_neither_counted_nor_walked(hospital: Hospital) -> None:
    unit, account, now = hospital.unit(), hospital.person("physician").account, datetime.now(UTC)
    kept: set[UUID] = set()
    for until in (LONG_AGO + timedelta(days=3), None, now + timedelta(days=1)):
        patient = uuid4()
        hospital.past_link(patient, unit, LONG_AGO, until)
        hospital.past_link(patient, None, LONG_AGO, until, basis="team", account=account)
        kept |= {patient} if until != LONG_AGO + timedelta(days=3) else set()
    for call, whom in (("gate.living(ARRAY[%s::uuid], now())", unit), ("gate.living_of(%s, now())", account)):
        assert {row[0] for row in hospital.sql(f"SELECT patient_id FROM {call}", whom)} == kept  # noqa: S608
        with hospital.connect("super") as base:
            base.execute("SET enable_seqscan = off")
            base.execute("SET enable_bitmapscan = off")
            plan = base.execute(f"EXPLAIN SELECT patient_id FROM {call}".encode(), (whom,)).fetchall()  # noqa: S608
        said = "\n".join(row[0] for row in plan)
        assert "Function Scan" not in said  # inlined: a caller's limit and conditions reach the index
        conditions = re.findall(r"Index Cond: (.*)", said)
        assert len(conditions) == 2
        assert all("until" in one for one in conditions), said
        assert "until" not in " ".join(re.findall(r"Filter: (.*)", said))


def test_no_function_asks_for_both_kinds_with_one_or(hospital: Hospital) -> None:
    bodies = hospital.sql(
        "SELECT p.oid::regprocedure::text, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname IN ('gate', 'door', 'identity', 'accounts', 'audit', 'public')"
    )
    assert len(bodies) > 100
    found = []
    for name, body in bodies:
        for statement in body.split(";"):
            asked = BOTH.search(statement)
            if asked and not re.search(rf"\b{asked[1]}\.patient_id = ", statement):
                found.append(name)
    assert found == []


@pytest.mark.parametrize("name", ["living", "living_of", "census_cap", "left_today", "is_full", "search_showed"])
def test_it_is_not_everybodys(hospital: Hospital, name: str) -> None:
    assert hospital.sql(
        "SELECT has_function_privilege('public', p.oid, 'EXECUTE') FROM pg_proc p"
        " WHERE p.pronamespace = 'gate'::regnamespace AND p.proname = %s", name,
    ) == [(False,)]  # fmt: skip
