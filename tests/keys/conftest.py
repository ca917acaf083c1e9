"""One clinic for each file of these tests, and a nurse who is signed in."""

from collections.abc import Iterator

import pytest

from egide.rehearsal.signin import Visitor
from tests.journeys.clinic import Clinic
from tests.keys.console import signed_in


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    running = Clinic()
    try:
        running.open()
        yield running
    finally:
        running.close()


@pytest.fixture
def nurse(clinic: Clinic) -> Iterator[Visitor]:
    with signed_in(clinic) as visitor:
        yield visitor
