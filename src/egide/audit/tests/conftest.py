"""Fixtures of the trail's tests."""

from egide.audit.tests.private_trail import server, trail

__all__ = ["server", "trail"]
