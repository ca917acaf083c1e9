"""Égide: orders."""
