"""What the record shows of opened patients, unsealed: problems, allergies, measurements, notes."""

from egide.record.reads.imports import (
    Aside,
    Told,
    brought,
    imported,
    imported_one,
    kept_aside,
    latest_imported,
)
from egide.record.reads.measurements import (
    Measured,
    Pressure,
    last_values,
    pressures,
    reading,
    recent_measurements,
    volumes,
)
from egide.record.reads.notes import MyDraft, Writings, Written, last_notes, my_drafts, note, notes
from egide.record.reads.pieces import Mistake, Page
from egide.record.reads.problems import Alerts, Allergy, Problem, allergies, allergy_labels, problem_labels, problems
from egide.record.reads.relations import Called, Directives, contact_people, directives
from egide.record.reads.restrictions import Restriction, restrictions

__all__ = [
    "Alerts",
    "Allergy",
    "Aside",
    "Called",
    "Directives",
    "Measured",
    "Mistake",
    "MyDraft",
    "Page",
    "Pressure",
    "Problem",
    "Restriction",
    "Told",
    "Writings",
    "Written",
    "allergies",
    "allergy_labels",
    "brought",
    "contact_people",
    "directives",
    "imported",
    "imported_one",
    "kept_aside",
    "last_notes",
    "last_values",
    "latest_imported",
    "my_drafts",
    "note",
    "notes",
    "pressures",
    "problem_labels",
    "problems",
    "reading",
    "recent_measurements",
    "restrictions",
    "volumes",
]
