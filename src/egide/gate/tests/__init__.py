"""Tests of the gate, and the people that every room's tests draw (factories, fixtures)."""
