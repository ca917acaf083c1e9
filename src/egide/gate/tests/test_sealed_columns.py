"""A rotation of keys finds every sealed column by itself: the catalogue says which, and under which category."""

from egide.gate.tests.factories import Hospital

EVERY = """SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
              AND a.atttypid = 'bytea'::regtype AND NOT a.attisdropped"""


def test_no_sealed_column_is_passed_over(hospital: Hospital) -> None:
    found = {(place, col): (category, own) for place, col, category, own in hospital.sql(
        "SELECT place, col, category, own_category FROM gate.sealed_columns()"
    )}  # fmt: skip
    assert set(found) == set(hospital.sql(EVERY))
    assert found["agenda_appointment", "reason"] == ("clinical", False)
    assert found["identity_trait", "sealed"] == ("identity", False)
    assert found["stays_stay", "nda"] == ("stay", False)
    assert found["record_problem", "label"][1]
    assert all(category for category, _ in found.values())


def test_only_the_keeper_reads_and_replaces_what_is_sealed(hospital: Hospital) -> None:
    rights = hospital.sql(
        "SELECT p.proname, r FROM pg_proc p, unnest(ARRAY['web', 'worker', 'live', 'auditor', 'public']) r"
        " WHERE p.proname IN ('sealed_columns', 'sealed_left', 'sealed_slice', 'reseal', 'words_slice', 'reseal_words',"
        " 'key_act') AND has_function_privilege(r, p.oid, 'EXECUTE')"
    )
    assert rights == []
