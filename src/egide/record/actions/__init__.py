"""Acts on the record: each one transaction, one trail entry."""

from egide.record.actions.amendments import mark_error, replace_measurements, replace_note
from egide.record.actions.imports import bring_facts, keep_aside
from egide.record.actions.measurements import record_measurements, record_round
from egide.record.actions.notes import discard_draft, save_draft, sign_note
from egide.record.actions.problems import end_fact, record_allergy, record_problem
from egide.record.actions.relations import end_contact_person, record_contact_person, record_directive
from egide.record.actions.restrictions import release, restrict

__all__ = [
    "bring_facts",
    "discard_draft",
    "end_contact_person",
    "end_fact",
    "keep_aside",
    "mark_error",
    "record_allergy",
    "record_contact_person",
    "record_directive",
    "record_measurements",
    "record_problem",
    "record_round",
    "release",
    "replace_measurements",
    "replace_note",
    "restrict",
    "save_draft",
    "sign_note",
]
