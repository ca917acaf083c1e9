"""Égide: keeper."""
