"""Égide: rehearsal."""
