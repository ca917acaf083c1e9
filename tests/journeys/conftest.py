"""What a journey stands on: one clinic for the whole run, one Chromium for each file, as many desks as people."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.journeys.clinic import Clinic
from tests.journeys.desk import Desk

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
expect.set_options(timeout=10_000)  # a machine that does other things at the same time


def chromium_path() -> str:
    """Debian's Chromium; a sentence when it lacks."""
    path = shutil.which("chromium")
    assert path, "Chromium manque : apt-get install chromium, puis relancez."
    return path


@pytest.fixture(scope="session")
def clinic() -> Iterator[Clinic]:
    """A clinic that `egide run` opened."""
    running = Clinic()
    try:
        running.open()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. One a file, not one a run: while Playwright's loop lives, Django refuses synchronous calls."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def desk(chromium: Browser, clinic: Clinic) -> Iterator[Callable[..., Desk]]:
    """Makes workstations: `desk()`, `desk(NARROW, "dark")`."""
    opened: list[Desk] = []

    def sit(*arguments: object, **options: object) -> Desk:
        opened.append(Desk(chromium, clinic, *arguments, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield sit
    for one in opened:
        one.close()
