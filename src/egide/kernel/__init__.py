"""Égide: kernel."""
