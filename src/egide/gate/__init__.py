"""Égide: gate."""
