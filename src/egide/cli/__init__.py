"""Égide: cli."""
