"""The drill knows the people of the base it plays on."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egide.cli.demo_group import ASKED, DEMO_SEED
from egide.cli.drill import _who_is_there
from egide.cli.halt import Halt
from egide.kernel.home import Home
from egide.rehearsal.bulk import Bulk, Standing


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
    monkeypatch.setattr(
        Bulk, "standing", lambda _: Standing(load[0], load[1], date(2026, 11, 24), "done") if load else None
    )
    if found is None:
        with pytest.raises(Halt, match=r"758912 personnes, graine 2"):
            _who_is_there(Home(tmp_path), seed, patients)
    else:
        assert _who_is_there(Home(tmp_path), seed, patients) == found


def test_a_base_made_for_another_number_is_known_by_what_was_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Bulk, "standing", lambda _: None)
    (tmp_path / ASKED).write_text("500")
    assert _who_is_there(Home(tmp_path), None, None) == (DEMO_SEED, 500)
    with pytest.raises(Halt, match="500 personnes"):
        _who_is_there(Home(tmp_path), None, 300)
