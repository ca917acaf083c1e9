"""Égide: accounts."""
