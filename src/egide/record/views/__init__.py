"""The pages of the record that are its own; the chart itself is composed in `config.panels`."""

from egide.record.views.amendments import amend
from egide.record.views.imports import imported, imported_one
from egide.record.views.measures import balance, measures
from egide.record.views.notes import discard, keep, write
from egide.record.views.problems import allergy, end, problem
from egide.record.views.relations import end_person, relations
from egide.record.views.restrictions import restrict
from egide.record.views.vitals import curve, vitals

__all__ = [
    "allergy",
    "amend",
    "balance",
    "curve",
    "discard",
    "end",
    "end_person",
    "imported",
    "imported_one",
    "keep",
    "measures",
    "problem",
    "relations",
    "restrict",
    "vitals",
    "write",
]
