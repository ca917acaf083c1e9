"""Égide: fhir."""
