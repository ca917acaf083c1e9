"""Égide: a hospital record system that one stolen account cannot empty."""
