"""Égide: ui."""
