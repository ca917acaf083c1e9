"""Égide: directory."""
