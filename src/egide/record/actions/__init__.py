"""Acts on the record: each one transaction, one trail entry."""

from egide.record.actions.amendments import mark_error, replace_measurements, replace_note
from egide.record.actions.measurements import record_measurements
from egide.record.actions.notes import discard_draft, save_draft, sign_note

__all__ = [
    "discard_draft",
    "mark_error",
    "record_measurements",
    "replace_measurements",
    "replace_note",
    "save_draft",
    "sign_note",
]
