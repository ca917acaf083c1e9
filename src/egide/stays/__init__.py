"""Égide: stays."""
