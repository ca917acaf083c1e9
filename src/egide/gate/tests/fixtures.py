"""Fixtures that every room's tests share; named in the root conftest (pytest_plugins)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from egide.cli.cluster import Cluster
from egide.kernel import clock
from egide.kernel.home import Home

# Machines that test are shared and slow at times: no example fails for the time it took.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def hospital(cluster: Cluster, home: Home, django: None) -> Iterator[Any]:
    """A `factories.Hospital` of the session's base."""
    from django.conf import settings
    from django.db import connection

    from egide.accounts.session import keeper
    from egide.gate.searching import finder
    from egide.gate.tests.factories import Hospital

    drawn = Hospital(cluster, home, settings.ORIGIN)
    yield drawn
    drawn.close()
    connection.close()
    keeper().close()
    finder().close()


@pytest.fixture
def browser(hospital: Any) -> Any:
    """Makes browsers: `browser(cookie)` is one where this session is signed in; without a cookie, nobody is."""
    from egide.gate.tests.browser import Browser

    return Browser


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """What the rooms' clock says all through a test: two forms are of one minute, whatever minute begins meanwhile."""
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at)
    return at
