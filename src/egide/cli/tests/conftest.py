"""Two places for a backup, of a base that PostgreSQL is not needed to copy."""

from pathlib import Path

import pytest

from egide.cli import backup as saving
from egide.cli.tests.backups import copied


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("base", "keys"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(saving, "_copy_base", copied)
    return tmp_path
