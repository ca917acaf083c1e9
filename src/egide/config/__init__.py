"""Égide: config."""
