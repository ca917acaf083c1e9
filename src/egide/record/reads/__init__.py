"""What the record shows of opened patients, unsealed: problems, allergies, measurements, notes."""

from egide.record.reads.measurements import (
    Measured,
    Pressure,
    last_values,
    pressures,
    reading,
    recent_measurements,
)
from egide.record.reads.notes import MyDraft, Written, my_drafts, note, notes
from egide.record.reads.pieces import Mistake
from egide.record.reads.problems import Alerts, Allergy, Problem, allergies, problem_labels, problems
from egide.record.reads.relations import Called, Directives, contact_people, directives

__all__ = [
    "Alerts",
    "Allergy",
    "Called",
    "Directives",
    "Measured",
    "Mistake",
    "MyDraft",
    "Pressure",
    "Problem",
    "Written",
    "allergies",
    "contact_people",
    "directives",
    "last_values",
    "my_drafts",
    "note",
    "notes",
    "pressures",
    "problem_labels",
    "problems",
    "reading",
    "recent_measurements",
]
