"""The master keys at rest: made once, read whole or not at all; a base's nature is signed at its birth."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from egide.keeper import masters
from egide.keeper.masters import LostKeys


@pytest.fixture
def born(tmp_path: Path) -> Path:
    """A folder with keys and a birth certificate."""
    masters.make(tmp_path / "masters", tmp_path / "birth.json", demo=False)
    return tmp_path


def load(folder: Path) -> masters.Masters:
    return masters.load(folder / "masters", folder / "birth.json")


def test_keys_are_made_once_and_readable_by_nobody_else(born: Path) -> None:
    files = sorted((born / "masters").iterdir())
    assert len(files) == len(masters.CATEGORIES) + len(masters.OTHERS) + 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((born / "masters").stat().st_mode) == 0o700
    assert len({file.read_bytes() for file in files}) == len(files)
    with pytest.raises(LostKeys, match="born once"):
        masters.make(born / "masters", born / "birth.json", demo=True)


@pytest.mark.parametrize("name", [*masters.CATEGORIES, *masters.OTHERS])
def test_a_missing_key_is_named(born: Path, name: str) -> None:
    (born / "masters" / f"{name}.1.key").unlink()
    with pytest.raises(LostKeys, match=name):
        load(born)


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_key_cut_short_is_named(born: Path, content: bytes) -> None:
    path = born / "masters" / "identity.1.key"
    path.write_bytes(content)
    with pytest.raises(LostKeys, match=r"identity\.1\.key"):
        load(born)


@pytest.mark.parametrize("spoil", ["gone", "empty", "not json", "now a demo", "another key", "another date"])
def test_a_birth_certificate_that_was_touched_stops_the_keeper(born: Path, tmp_path: Path, spoil: str) -> None:
    path = born / "birth.json"
    certificate = json.loads(path.read_text())
    match spoil:
        case "gone":
            path.unlink()
        case "empty":
            path.write_text("")
        case "not json":
            path.write_bytes(b"\xff")
        case "now a demo":
            path.write_text(json.dumps(certificate | {"demo": True}))
        case "another date":
            path.write_text(json.dumps(certificate | {"born": "2020-01-01T00:00:00+00:00"}))
        case "another key":
            masters.make(tmp_path / "other", tmp_path / "other.json", demo=True)
            path.write_bytes((tmp_path / "other.json").read_bytes())
    with pytest.raises(LostKeys, match="birth certificate"):
        load(born)


def test_two_versions_of_a_category_live_together(born: Path) -> None:
    (born / "masters" / "identity.2.key").write_bytes(b"y" * 32)
    keys = load(born)
    assert set(keys.keys["identity"]) == {1, 2}
    assert keys.newest("identity") == b"y" * 32


def test_no_key_is_shown(born: Path) -> None:
    keys = load(born)
    shown = repr(keys) + str(keys)
    assert not any(
        repr(key)[2:-1] in shown or key.hex() in shown for each in keys.keys.values() for key in each.values()
    )


def test_a_full_disk_leaves_no_torn_key(born: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "disk full")

    before = sorted(path.name for path in (born / "masters").iterdir())
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        masters.add_version(born / "masters", masters.PLAIN, "ins")
    monkeypatch.undo()
    assert sorted(path.name for path in (born / "masters").iterdir()) == before
    assert masters.add_version(born / "masters", masters.PLAIN, "ins") == 2
    assert load(born).live("ins") == 2
