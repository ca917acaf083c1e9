"""The pages of the record that are its own; the chart itself is composed in `config.panels`."""

from egide.record.views.amendments import amend
from egide.record.views.notes import discard, keep, write
from egide.record.views.vitals import curve, vitals

__all__ = ["amend", "curve", "discard", "keep", "vitals", "write"]
