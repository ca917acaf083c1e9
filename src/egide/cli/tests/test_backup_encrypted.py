"""A backup encrypted to recipients, and the lists that tell what it is made of, on a small home without PostgreSQL."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage
import pytest

from egide.cli import age, main, manifest
from egide.cli import backup as saving
from egide.cli.halt import Halt
from egide.cli.tests.backups import copied, files, flip, nothing_kept, refused, saved, small, told_anew
from egide.kernel.home import Home

NAMES = ["base.tar.gz.age", "keeper.tar.gz.age", "pg_wal.tar.gz.age", "secrets.tar.gz.age"]


def made(places: Path, name: str = "identity") -> tuple[Path, str]:
    """An identity's file and its recipient."""
    file = places / name
    return file, age.make_identity(file)


def restored(places: Path, base: Path, keys: Path, identity: Path, fingerprint: str | None = None) -> dict[str, bytes]:
    there = Home(places / f"there-{identity.name}")
    saving.restore(there, base, keys, age.identities(identity), fingerprint)
    return files(there.root)


# ── there and back ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_of_the_recipients_opens_it_alone(places: Path) -> None:
    home, one, other = small(places / "home"), made(places, "one"), made(places, "other")
    base, keys, fingerprint = saved(places, home, one[1], other[1])
    for file, _ in (one, other):
        found = restored(places, base, keys, file, fingerprint)
        assert {name: found[name] for name in files(home.root)} == files(home.root)
        assert sorted(set(found) - set(files(home.root))) == ["pg/PG_VERSION", "pg/pg_wal/000000010000000000000001"]
    with pytest.raises(Halt, match="n'ouvre pas"):
        restored(places, base, keys, made(places, "third")[0])


def test_a_stolen_place_names_nothing(places: Path) -> None:
    """Neither in a file, nor inflated as the archive that it was."""
    home = small(places / "home")
    base, keys, _ = saved(places, home, made(places)[1])
    there = files(places / "base") | files(places / "keys")
    assert sorted({Path(name).name for name in there}) == sorted([*NAMES, manifest.NAME])
    secrets = [b"secret", b"k" * 32, b"clinical.1.key", b"pgpass", b"PG_VERSION"]
    for name, content in there.items():
        if name.endswith(age.SUFFIX):
            assert not [one for one in secrets if one in content], name
            assert content.startswith(b"age-encryption.org/v1\n")
            with pytest.raises(gzip.BadGzipFile):
                gzip.decompress(content)
    modes = {path.stat().st_mode & 0o77 for folder in (base, keys) for path in (folder, *folder.iterdir())}
    assert modes == {0}


def test_nothing_in_clear_is_ever_written_to_either_place(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, seen = small(places / "home"), set[str]()
    encrypt = age.encrypt

    def watched(source: Path, target: Path, to: Any) -> None:
        seen.update(path.name for place in ("base", "keys") for path in (places / place).rglob("*") if path.is_file())
        assert home.root in source.parents
        encrypt(source, target, to)

    monkeypatch.setattr(age, "encrypt", watched)
    saved(places, home, made(places)[1])
    assert seen
    assert {Path(name).suffix for name in seen} == {age.SUFFIX}
    assert not (home.root / "backup.new").exists()


def test_what_a_killed_backup_left_in_clear_goes_with_the_next_one(places: Path) -> None:
    home = small(places / "home")
    left = home.root / "backup.new" / "keys" / "keeper.tar.gz"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    base, keys, _ = saved(places, home, made(places)[1])
    assert sorted(path.name for folder in (base, keys) for path in folder.iterdir() if path.suffix == ".age") == NAMES
    assert not (home.root / "backup.new").exists()


def test_a_second_backup_at_once_is_refused_and_the_first_one_goes_on(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, to = small(places / "home"), age.recipients([made(places)[1]])
    (places / "more-base").mkdir()
    (places / "more-keys").mkdir()

    def meanwhile(of: Home, folder: Path) -> None:
        with pytest.raises(Halt, match="en cours"):
            saving.backup(of, places / "more-base", places / "more-keys", to)
        copied(of, folder)

    monkeypatch.setattr(saving, "_copy_base", meanwhile)
    saving.backup(home, places / "base", places / "keys", to)
    assert [*(places / "more-base").iterdir(), *(places / "more-keys").iterdir()] == []


def test_a_full_medium_is_said_and_keeps_neither(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise pyrage.EncryptError("OSError: [Errno 28] No space left on device")

    monkeypatch.setattr(pyrage, "encrypt_io", full)
    home = small(places / "home")
    with pytest.raises(Halt, match="est plein"):
        saved(places, home, made(places)[1])
    assert nothing_kept(places)
    assert not (home.root / "backup.new").exists()


# ── what is restored is not what was saved ──────────────────────────────────────────────────────────────────────────


def by(monkeypatch: pytest.MonkeyPatch, identity: Path) -> None:
    """`refused` restores with this identity."""
    restore, opens = saving.restore, age.identities(identity)
    monkeypatch.setattr(saving, "restore", lambda home, base, keys: restore(home, base, keys, opens))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", [
    lambda content: content[: len(content) // 2], lambda content: content[:-1], lambda content: content[:60],
    lambda _content: b"", lambda content: content + b"x", flip(0.0), flip(0.1), flip(0.9), flip(-1),
], ids=["half", "one byte less", "header", "empty", "longer", "head", "stanza", "body", "end"])  # fmt: skip
def test_a_file_cut_short_or_altered_is_said_and_leaves_the_home_as_it_was(
    places: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: Callable[[bytes], bytes]
) -> None:
    identity, to = made(places)
    base, keys, _ = saved(places, small(places / "home"), to)
    file = (keys if name.startswith("keeper") else base) / name
    file.write_bytes(damage(file.read_bytes()))
    by(monkeypatch, identity)
    refused(places, base, keys, f"{name} est abîmé .autre empreinte")
    told_anew(base, keys)  # by whoever holds both places: age tells, or says that it was not written to this identity
    refused(places, base, keys, rf"{name} est abîmé .age|n'ouvre pas .*{name}")


def test_a_wrong_identity_and_none_leave_the_home_as_it_was(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, keys, _ = saved(places, small(places / "home"), made(places)[1])
    refused(places, base, keys, "est chiffré : donnez à --identity")
    by(monkeypatch, made(places, "another")[0])
    refused(places, base, keys, "n'ouvre pas")


def test_a_backup_in_clear_is_not_taken_for_the_encrypted_one(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, keys, _ = saved(places, small(places / "home"))
    by(monkeypatch, made(places)[0])
    refused(places, base, keys, "est en clair")


def test_one_place_changed_is_told_by_the_other_and_both_by_the_fingerprint(places: Path) -> None:
    identity, to = made(places)
    home = small(places / "home")
    base, keys, fingerprint = saved(places, home, to)
    forged = places / "forged"
    shutil.copytree(base, forged)
    shutil.copyfile(forged / NAMES[3], forged / NAMES[0])
    with pytest.raises(Halt, match=r"base.tar.gz.age est abîmé"):
        restored(places, forged, keys, identity)
    (forged / manifest.NAME).unlink()
    manifest.write("b", datetime.now(UTC), forged)
    with pytest.raises(Halt, match="pas d'une même sauvegarde"):
        restored(places, forged, keys, identity)
    shutil.copyfile(base / NAMES[3], base / NAMES[0])
    told_anew(base, keys)
    with pytest.raises(Halt, match="n'a pas l'empreinte donnée"):
        restored(places, base, keys, identity, fingerprint)
    assert not (places / "there-identity").exists()


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b'{"files": []}', b'{"files": {"../x": "' + b"0" * 64 + b'"}}', b'{"files": {"x": 1}}', b"\xff",
])  # fmt: skip
def test_a_list_that_is_none_is_said(places: Path, content: bytes) -> None:
    base, keys, _ = saved(places, small(places / "home"))
    for folder in (base, keys):
        (folder / manifest.NAME).write_bytes(content)
    refused(places, base, keys, "manifest.json est abîmé")
    (base / manifest.NAME).unlink()
    refused(places, base, keys, "manifest.json manque")


# ── identities, recipients, the commands ────────────────────────────────────────────────────────────────────────────


def test_an_identity_is_its_owners_and_never_written_over(places: Path) -> None:
    file, to = made(places)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().startswith(f"# public key: {to}\nAGE-SECRET-KEY-1")
    before = file.read_bytes()
    with pytest.raises(Halt, match="existe déjà"):
        age.make_identity(file)
    assert file.read_bytes() == before
    with pytest.raises(Halt, match="n'est pas un dossier"):
        age.make_identity(places / "nowhere" / "identity")


def test_a_secret_given_as_recipient_is_refused_and_not_repeated(places: Path) -> None:
    secret = made(places)[0].read_text().split()[-1]
    for typed in (secret, secret.lower(), f" {secret}"):
        with pytest.raises(Halt, match="identité secrète") as said:
            age.recipients([typed])
        assert secret.lower() not in said.value.sentence.lower()


@pytest.mark.parametrize("typed", ["", "age1", "age1" + "q" * 58, "ssh-ed25519 AAAA", "é", "\x00"])
def test_what_is_no_recipient_is_refused(typed: str) -> None:
    with pytest.raises(Halt, match="destinataire age"):
        age.recipients([typed])


@pytest.mark.parametrize(("content", "why"), [
    (b"", "n'est pas un fichier d'identité"), (b"# public key: age1\n", "n'est pas un fichier d'identité"),
    (b"AGE-SECRET-KEY-1X\n", "n'est pas un fichier d'identité"), (b"\xff\xfe", "n'est pas un fichier d'identité"),
    (b"age-encryption.org/v1\n-> scrypt\n", "sous une phrase"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----\n", "sous une phrase"),
])  # fmt: skip
def test_what_is_no_identity_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "identity"
    with pytest.raises(Halt, match="manque"):
        age.identities(file)
    file.write_bytes(content)
    with pytest.raises(Halt, match=why):
        age.identities(file)


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["egide", *words])
    with pytest.raises(SystemExit) as end:
        main.main()
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out, said.err


def test_the_commands_there_and_back(
    places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = small(places / "home")
    to_places = ("--base", str(places / "base"), "--keys", str(places / "keys"))
    monkeypatch.setenv("EGIDE_HOME", str(home.root))
    code, public, _ = run(monkeypatch, capsys, "identity", str(places / "identity"))
    assert (code, public.startswith("age1")) == (0, True)
    for wrong in ((), ("--to", public.strip(), "--in-clear")):
        code, _, said = run(monkeypatch, capsys, "backup", *to_places, *wrong)
        assert (code, "Donnez --to" in said) == (1, True)
    assert nothing_kept(places)
    code, told, _ = run(monkeypatch, capsys, "backup", *to_places, "--to", public.strip())
    assert (code, "EN CLAIR" in told) == (0, False)
    (base,), (keys,) = (places / "base").iterdir(), (places / "keys").iterdir()
    monkeypatch.setenv("EGIDE_HOME", str(places / "there"))
    found = ("restore", "--base", str(base), "--keys", str(keys), "--identity", str(places / "identity"))
    assert run(monkeypatch, capsys, *found, "--fingerprint", "0" * 64)[0] == 1
    assert run(monkeypatch, capsys, *found, "--fingerprint", told.split()[-1])[0] == 0
    assert json.loads((places / "there" / "base.json").read_text())["base_id"] == "b"


def test_in_clear_is_said_loudly(
    places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EGIDE_HOME", str(small(places / "home").root))
    words = ("backup", "--base", str(places / "base"), "--keys", str(places / "keys"), "--in-clear")
    code, told, _ = run(monkeypatch, capsys, *words)
    assert (code, "ATTENTION, sauvegarde EN CLAIR" in told) == (0, True)
    assert not list(places.rglob("*.age"))
