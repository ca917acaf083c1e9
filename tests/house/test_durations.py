"""A duration that stands in SQL, in a script and in a sentence is the same one everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "egide"
LOCK, HAND = "ui/static/lock.js", "ui/static/hand.js"
STATIONS = "accounts/migrations/0010_stations.sql"
MINUTE, HOUR = 60, 3600


def read(path: str) -> str:
    """A file of the tree, from src/egide or, where it is a page for people, from the root."""
    return ((ROOT if path.startswith("docs/") else SRC) / path).read_text(encoding="utf-8")


def number(path: str, pattern: str) -> int:
    """The only number that the pattern finds there."""
    found = set(re.findall(pattern, read(path)))
    assert len(found) == 1, f"{path}: {pattern} finds {sorted(found)}"
    return int(found.pop())


def script(path: str, name: str) -> int:
    """A constant of a script, milliseconds, in seconds."""
    return number(path, rf"(?m)^const {name} = (\d+);") // 1000


def newest(function: str, pattern: str) -> int:
    """The number in the last migration that writes this SQL function."""
    begins = re.compile(rf"CREATE (?:OR REPLACE )?FUNCTION {re.escape(function)}\(.*?\$\$;", re.DOTALL)
    written = [
        found[0]
        for path in sorted(SRC.glob("*/migrations/*.sql"))
        if (found := begins.search(path.read_text(encoding="utf-8")))
    ]
    assert written, function
    said = re.search(pattern, written[-1])
    assert said, f"{function}: no {pattern}"
    return int(said[1])


def test_the_page_locks_after_three_minutes_and_the_keeper_a_minute_later() -> None:
    alone = script(LOCK, "ALONE")
    assert alone == 3 * MINUTE
    assert number(STATIONS, r"'idle_station_seconds', (\d+)") == alone + MINUTE
    for page in ("docs/guide.md", "config/approvals.py"):
        assert re.search(r"[Aa]près\s+trois\W+minutes", read(page)), page


def test_a_locked_page_is_kept_a_quarter_of_an_hour() -> None:
    assert script(LOCK, "KEPT") == 15 * MINUTE
    assert "in the tab's memory for fifteen minutes" in read("docs/threat-model.md")
    assert "stays in the tab's memory, out of the document, fifteen minutes" in read("docs/decisions/0042-stations.md")


def test_a_session_of_rescue_ends_after_a_quarter_of_an_hour() -> None:
    minutes = newest("accounts.touch", r"interval '(\d+) minutes'")
    assert minutes == newest("accounts.begin_rescue", r"interval '(\d+) minutes'") == 15
    assert number("ui/templates/ui/frame.html", r"elle finit après (\d+) minutes sans consultation") == minutes
    assert "elle finit après quinze minutes sans consultation" in read("docs/guide.md")
    assert "quinze minutes après la dernière consultation" in " ".join(read("docs/administration.md").split())


def test_a_session_lives_twelve_hours_in_its_cookie_as_in_the_base() -> None:
    hours = newest("accounts.begin_session", r"interval '(\d+) hours'")
    assert hours == newest("accounts.begin_psc", r"interval '(\d+) hours'") == 12
    assert number("accounts/views.py", r"SESSION_SECONDS = (\d+) \* 3600") == hours
    assert "Une session dure douze heures au plus" in read("docs/guide.md")


@pytest.mark.parametrize("name", ["keeper/signin.py:CHALLENGE_SECONDS", "accounts/psc.py:_SECONDS"])
def test_a_challenge_and_the_cookie_that_remembers_it_live_as_long(name: str) -> None:
    path, constant = name.split(":")
    assert number(path, rf"(?m)^{constant} = (\d+)\b") == 3 * MINUTE


def test_a_proof_in_a_cookie_goes_before_the_keeper_forgets_its_nonce() -> None:
    past = number("kernel/proofs.py", r"PAST_MS, \w+ = (\d+)_000,")
    assert number("ui/static/possession.js", r"(?m)^const SECONDS = (\d+);") <= past
    assert number("accounts/possession.py", r"(?m)^HOP_SECONDS = (\d+)") <= past


def test_a_page_under_a_hand_says_so_more_often_than_it_would_lock() -> None:
    written = number("keeper/possession.py", r"(?m)^USED_EVERY = (\d+)_000")
    assert newest("accounts.used", r"interval '(\d+) seconds'") == written
    assert script("ui/static/session.js", "BEAT") <= script(HAND, "RECENT") < script(LOCK, "ALONE")
