"""One clinic opened by `egide run`, and the drill played once against it over HTTP; each file looks at one story."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from egide.cli.processes import code_path
from tests.journeys.clinic import Clinic


@dataclass(frozen=True)
class Story:
    """What the drill's own script found of one attack."""

    fields: dict[str, Any]

    @property
    def r(self) -> int:
        """Distinct persons taken."""
        return int(self.fields["r"])

    @property
    def t(self) -> float:
        """Seconds until the credential yields nothing."""
        return float(self.fields["t"])

    @property
    def recorded(self) -> bool:
        """Whether the trail has it."""
        return self.fields["recorded"] is True

    def broken(self, *words: str) -> list[str]:
        """Checks that did not hold, whose name has one of these words or is a witness; all of them without words.

        Each word must be of some check's name: a check that is gone cannot hold.
        """
        for word in words:
            assert any(word in check["name"] for check in self.fields["checks"]), f"the drill has no check about {word}"
        checks = [
            check
            for check in self.fields["checks"]
            if not words or any(word in check["name"] for word in (*words, "témoin"))
        ]
        assert checks, "the drill checked nothing"
        return [f"{check['name']} ({check['detail']})" for check in checks if not check["held"]]


@pytest.fixture(scope="session")
def town() -> Iterator[Clinic]:
    """A clinic that `egide run` opened, of the drill's own: the thief freezes sessions and poisons connections."""
    running = Clinic()
    try:
        running.open()
        yield running
    finally:
        running.close()


@pytest.fixture(scope="session")
def drilled(town: Clinic) -> dict[int, Story]:
    """`egide drill --json`, once. Exit code 1 says that an attack was not survived; the stories below say which."""
    variables = {"EGIDE_HOME": str(town.home.root), "EGIDE_PORT": str(town.port), "PYTHONDONTWRITEBYTECODE": "1"}
    source = code_path()
    done = subprocess.run(
        [sys.executable, "-m", "egide.cli", "drill", "--json"],
        env={
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            **variables,
            **({"PYTHONPATH": str(source)} if source else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), (done.returncode, done.stderr[-2000:])
    return {one["number"]: Story(one) for one in json.loads(done.stdout)}
