"""Égide: identity."""
