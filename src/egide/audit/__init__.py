"""Égide: audit."""
