"""What goes wrong with a backup or a restoration, on a small home without PostgreSQL: a sentence, nothing half done."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from egide.cli import backup as saving
from egide.cli.halt import Halt
from egide.cli.tests.backups import LEAVES, copied, files, flip, nothing_kept, refused, saved, small, told_anew
from egide.kernel.home import Home


def kept(file: Path) -> dict[str, bytes]:
    """The files of an archive."""
    with tarfile.open(file) as content:
        return {one.name: content.extractfile(one).read() for one in content if one.isfile()}  # type: ignore[union-attr]


# ── there and back ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_base_on_the_hospitals_server_comes_back_without_a_data_folder(places: Path) -> None:
    home = small(places / "home", server=True)
    assert "votre serveur" in saving.backup(home, places / "base", places / "keys")[-1]
    (base,), (keys,) = (places / "base").iterdir(), (places / "keys").iterdir()
    assert not (base / saving.BASE).exists()
    there = Home(places / "there")
    saving.restore(there, base, keys)
    assert files(there.root) == files(home.root)
    assert not there.pg.exists()
    with pytest.raises(Halt, match="a déjà une base"):
        saving.restore(there, base, keys)


def test_an_embedded_base_comes_back_whole_where_a_start_left_empty_folders(places: Path) -> None:
    home, there = small(places / "home"), Home(places / "there")
    base, keys, _ = saved(places, home)
    for folder in (there.keeper, there.log, there.venv):
        folder.mkdir(parents=True)
    saving.restore(there, base, keys)
    changes = {"pg/PG_VERSION": b"17\n", "pg/pg_wal/000000010000000000000001": LEAVES}
    assert files(there.root) == files(home.root) | changes
    assert there.pg.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in there.root.iterdir()) == ["base.json", "keeper", "log", "pg", "secrets", "venv"]


@pytest.mark.parametrize("missing", [saving.BASE, saving.CHANGES, saving.BESIDE])
def test_a_part_that_is_missing_is_not_taken_for_a_server_of_the_hospitals(places: Path, missing: str) -> None:
    base, keys, _ = saved(places, small(places / "home"))
    (base / missing).unlink()
    told_anew(base, keys)
    with pytest.raises(Halt, match=f"{missing} manque"):
        saving.restore(Home(places / "there"), base, keys)
    assert not (places / "there").exists()


# ── what the copy meets ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("change", [
    lambda home: (home.keeper_masters / "clinical.2.key").write_bytes(b"n" * 32),
    lambda home: (home.keeper_masters / "clinical.1.key").rename(home.keeper / "clinical.1.key"),
    lambda home: home.keeper_masters.rename(home.keeper / "masters.plain"),
])  # fmt: skip
def test_a_key_renewed_between_the_keys_and_the_base_keeps_neither(
    places: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Home], object]
) -> None:
    def meanwhile(home: Home, folder: Path) -> None:
        change(home)
        copied(home, folder)

    monkeypatch.setattr(saving, "_copy_base", meanwhile)
    with pytest.raises(Halt, match=r"Une clé du gardien a changé|Les clés manquent"):
        saving.backup(small(places / "home"), places / "base", places / "keys")
    assert nothing_kept(places)


def test_keys_alone_do_not_stay_when_the_base_cannot_be_copied(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_home: Home, _folder: Path) -> None:
        raise Halt("La base ne répond pas")

    monkeypatch.setattr(saving, "_copy_base", fails)
    with pytest.raises(Halt, match="ne répond pas"):
        saving.backup(small(places / "home"), places / "base", places / "keys")
    assert nothing_kept(places)


def watched(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """`act` happens once this file was looked at, before it is read."""
    looked = tarfile.TarFile.gettarinfo

    def looking(self: tarfile.TarFile, path: Any = None, arcname: Any = None, fileobj: Any = None) -> Any:
        found = looked(self, path, arcname, fileobj)
        if arcname == name:
            act()
        return found

    monkeypatch.setattr(tarfile.TarFile, "gettarinfo", looking)


def test_a_file_that_vanishes_after_it_was_listed_is_left_out(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = small(places / "home")
    watched(monkeypatch, "keeper/trail/checkpoints.log", (home.keeper_trail / "frontier.bin").unlink)
    _, keys, _ = saved(places, home)
    assert sorted(name for name in kept(keys / saving.KEEPER) if "trail" in name) == [
        "keeper/trail/checkpoints.log", "keeper/trail/leaves.bin",
    ]  # fmt: skip


@pytest.mark.parametrize("now", [b"", LEAVES[:32], LEAVES * 2])
def test_a_file_that_shrinks_or_grows_is_kept_as_it_was_read(
    places: Path, monkeypatch: pytest.MonkeyPatch, now: bytes
) -> None:
    home = small(places / "home")
    watched(monkeypatch, "keeper/trail/frontier.bin", lambda: (home.keeper_trail / "frontier.bin").write_bytes(now))
    _, keys, _ = saved(places, home)
    found = kept(keys / saving.KEEPER)
    assert (found["keeper/trail/frontier.bin"], found["keeper/trail/leaves.bin"]) == (now, LEAVES)


def test_drafts_and_counters_are_not_kept(places: Path) -> None:
    home = small(places / "home")
    for draft in ("birth.new", "state/expected.bin.new", "masters/.clinical.2.key.part", "state/ceilings.bin"):
        (home.keeper / draft).write_bytes(b"x")
    (home.secrets / "super" / "pgpass.new").write_bytes(b"x")
    base, keys, _ = saved(places, home)
    assert sorted(kept(keys / saving.KEEPER)) == [
        "keeper/birth.json", "keeper/masters/clinical.1.key", "keeper/trail/checkpoints.log",
        "keeper/trail/frontier.bin", "keeper/trail/leaves.bin",
    ]  # fmt: skip
    assert sorted(kept(base / saving.BESIDE)) == ["base.json", "secrets/super/pgpass"]


@pytest.mark.parametrize(("base", "keys"), [("both", "both"), ("both", "both/keys"), ("both/base", "both"),
                                            ("both", "both/keys/../../both/keys")])  # fmt: skip
def test_a_place_inside_the_other_is_no_second_place(places: Path, base: str, keys: str) -> None:
    for name in ("both/keys", "both/base"):
        (places / name).mkdir(parents=True)
    with pytest.raises(Halt, match="deux lieux"):
        saving.backup(small(places / "home"), places / base, places / keys)
    assert [path for path in (places / "both").rglob("*") if path.name.startswith("egide-")] == []


# ── what is restored was altered ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("part", [saving.KEEPER, saving.BESIDE, saving.BASE, saving.CHANGES])
@pytest.mark.parametrize("damage", [
    lambda content: content[: len(content) // 2], lambda content: content[:-4], lambda _content: b"", flip(0.0),
    flip(0.3), flip(0.5), flip(0.8), flip(-6),
], ids=["half", "no sum", "empty", "head", "a third", "middle", "end", "sum"])  # fmt: skip
def test_a_damaged_archive_is_said_and_leaves_the_home_as_it_was(
    places: Path, part: str, damage: Callable[[bytes], bytes]
) -> None:
    base, keys, _ = saved(places, small(places / "home"))
    file = (keys if part == saving.KEEPER else base) / part
    file.write_bytes(damage(file.read_bytes()))
    refused(places, base, keys, f"{part} est abîmé .autre empreinte")
    told_anew(base, keys)
    refused(places, base, keys, f"{part} est abîmé")


def test_a_bit_of_a_file_flipped_under_a_whole_archive_is_found_by_its_sum(places: Path) -> None:
    """Stored without compression, a flipped bit still reads as a file: the sum at the end alone tells."""
    base, keys, _ = saved(places, small(places / "home"))
    file = base / saving.CHANGES
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), compresslevel=0))
    content = file.read_bytes()
    file.write_bytes(flip((content.index(LEAVES) + 1000) / len(content))(content))
    told_anew(base, keys)
    refused(places, base, keys, "est abîmé .BadGzipFile")


def entry(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, to
    return found


@pytest.mark.parametrize("foreign", [
    entry("../outside"), entry("keeper/../../outside"), entry("/outside"), entry("keeper/l", tarfile.SYMTYPE, "/etc"),
    entry("keeper/h", tarfile.LNKTYPE, "keeper/birth.json"), entry("keeper/p", tarfile.FIFOTYPE), entry("venv/bin/x"),
], ids=lambda one: one.name)  # fmt: skip
def test_what_no_backup_of_ours_holds_is_refused_and_nothing_comes_out(places: Path, foreign: tarfile.TarInfo) -> None:
    base, keys, _ = saved(places, small(places / "home"))
    with tarfile.open(keys / saving.KEEPER, "w:gz") as out:
        out.add(places / "home" / "keeper", "keeper")
        out.addfile(foreign)
    told_anew(base, keys)
    refused(places, base, keys, "autre chose qu'une sauvegarde")
    assert not (places / "outside").exists()


def test_what_stands_in_the_home_is_never_written_over(places: Path) -> None:
    base, keys, _ = saved(places, small(places / "home"))
    secret = Home(places / "there").pgpass("web")
    secret.parent.mkdir(parents=True)
    secret.write_text("mine")
    with pytest.raises(Halt, match="existe déjà"):
        saving.restore(Home(places / "there"), base, keys)
    assert files(places / "there") == {"secrets/web/pgpass": b"mine"}
