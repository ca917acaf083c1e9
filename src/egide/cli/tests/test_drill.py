"""The drill knows the people of the base it plays on."""

from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

from egide.cli.drill import _who_is_there
from egide.cli.halt import Halt
from egide.kernel.home import Home


class Base:
    """Stands for the base: what a load wrote there, if any."""

    def __init__(self, load: tuple[int, int] | None) -> None:
        self._load = load

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def execute(self, query: str) -> Any:
        row = (self._load is not None,) if "to_regclass" in query else self._load

        class Cursor:
            @staticmethod
            def fetchone() -> Any:
                return row

        return Cursor()


@pytest.mark.parametrize(
    ("load", "seed", "patients", "found"),
    [
        (None, None, None, (1, 300)),
        (None, 4, 50, (4, 50)),
        ((2, 758_912), None, None, (2, 758_912)),
        ((2, 758_912), 2, 758_912, (2, 758_912)),
        ((2, 758_912), None, 300, None),
        ((2, 758_912), 1, None, None),
    ],
)
def test_nobody_but_those_a_load_brought_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, load: Any, seed: int | None, patients: int | None, found: Any
) -> None:
    monkeypatch.setattr(psycopg, "connect", lambda *_: Base(load))
    if found is None:
        with pytest.raises(Halt, match=r"758912 personnes, graine 2"):
            _who_is_there(Home(tmp_path), seed, patients)
    else:
        assert _who_is_there(Home(tmp_path), seed, patients) == found
