"""Égide: agenda."""
