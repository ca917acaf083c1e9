"""Égide: interop."""
