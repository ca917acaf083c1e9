"""Égide: record."""
