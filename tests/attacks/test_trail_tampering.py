"""Attack 13: whoever owns the database edits, deletes, hides or forges rows of the trail; each is named offline."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from egide.audit.tests.private_trail import Trail, server, trail
from egide.cli import audit

__all__ = ["server", "trail"]

Run = Callable[..., Result]
ONLY_ON_THE_BASE = "Les accords ne se vérifient que sur la base : l'export ne porte ni les actes ni leurs signatures.\n"

COPY_ONE_INTO_THE_GAP = """
INSERT INTO audit.entry SELECT 4, xid, at, kind, account, session, profession, site, unit, ids, reads, writes, purpose,
    basis, verdict, reason, object, nonce, ticket_hash, salt FROM audit.entry WHERE id = 1
"""
SWAP_ROWS = """
UPDATE audit.entry SET id = 1000 + id WHERE id IN (2, 3); UPDATE audit.entry SET id = 1005 - id WHERE id > 1000
"""
SWAP_LEAVES = """
UPDATE audit.leaf SET entry_id = -entry_id WHERE entry_id IN (2, 3);
UPDATE audit.leaf SET entry_id = 5 + entry_id WHERE entry_id < 0
"""
HARMS = [
    ("UPDATE audit.entry SET ids = NULL WHERE id = 3", "altered_row", "feuille 2 (entrée 3)"),
    ("UPDATE audit.entry SET at = 'infinity' WHERE id = 3", "altered_row", "feuille 2 (entrée 3)"),
    ("UPDATE audit.entry SET at = at + interval '1 us' WHERE id = 3", "altered_row", "feuille 2 (entrée 3)"),
    ("UPDATE audit.entry SET account = gen_random_uuid() WHERE id = 2", "altered_row", "feuille 1 (entrée 2)"),
    ("DELETE FROM audit.entry WHERE id = 2", "missing_row", "feuille 1 (entrée 2)"),
    ("TRUNCATE audit.entry", "missing_row", "feuille 0 (entrée 1)"),
    ("DELETE FROM audit.leaf WHERE seq = 1", "missing_leaf", "feuille 1"),
    ("DELETE FROM audit.leaf WHERE seq = 5", "truncated", "feuille 5"),  # the gap, numbered last
    ("UPDATE audit.leaf SET hash = sha256('x') WHERE seq = 1", "altered_leaf", "feuille 1 (entrée 2)"),
    (COPY_ONE_INTO_THE_GAP, "extra_row", "(entrée 4)"),
    (SWAP_ROWS, "altered_row", "feuille 1 (entrée 2)"),
    (SWAP_LEAVES, "altered_row", "feuille 1 (entrée 3)"),
]


@pytest.fixture
def egide(trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """`egide audit …` against this base, as role auditor."""
    monkeypatch.setenv("EGIDE_HOME", str(tmp_path))
    monkeypatch.setattr(
        audit,
        "_connect",
        lambda _, stack: stack.enter_context(psycopg.connect(trail.conninfo("auditor"), autocommit=True)),
    )
    return lambda *words: CliRunner().invoke(audit.app, [*words])


def check(egide: Run, trail: Trail, *words: str) -> Result:
    return egide("verify", "--trail", str(trail.trail), *words)


@pytest.fixture
def signed(trail: Trail) -> Trail:
    """Six openings, one of them rolled back (entry 4), all signed."""
    sequencer = trail.sequencer()
    trail.append(3)
    with trail.connect() as conn:
        conn.execute("SET ROLE gatekeeper")
        conn.execute("BEGIN; SELECT audit.append('open'); ROLLBACK")
    trail.append(2)
    sequencer.tick()
    sequencer.tick()
    sequencer.sign_now()
    return trail


def test_an_intact_trail_verifies_in_place_and_exported(egide: Run, signed: Trail, tmp_path: Path) -> None:
    result = check(egide, signed)
    assert result.exit_code == 0
    assert "6 feuilles (5 lignes, 1 numéro(s) jamais validé(s))" in result.output
    file = tmp_path / "trace.ndjson"
    assert egide("export", str(file)).exit_code == 0
    assert check(egide, signed, "--from", str(file)).output == result.output + ONLY_ON_THE_BASE
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("checkpoints.log", "checkpoint.vkey"):
        (alone / name).write_bytes((signed.trail / name).read_bytes())
    without = egide("verify", "--trail", str(alone), "--from", str(file))
    assert without.exit_code == 0
    assert without.output == (
        result.output + ONLY_ON_THE_BASE + "Sans leaves.bin : vérifié contre les racines signées seules.\n"
    )


@pytest.mark.attack
@pytest.mark.parametrize(("harm", "code", "where"), HARMS)
def test_what_the_owner_of_the_base_does_is_named(
    egide: Run, signed: Trail, tmp_path: Path, harm: str, code: str, where: str
) -> None:
    signed.tamper(harm)
    result = check(egide, signed)
    assert (result.exit_code, f"[{code}]" in result.output, where in result.output) == (1, True, True), result.output
    file = tmp_path / "trace.ndjson"
    egide("export", str(file))
    assert check(egide, signed, "--from", str(file)).output == result.output


@pytest.mark.attack
def test_a_row_hidden_beneath_what_is_numbered_is_an_extra_row(egide: Run, signed: Trail) -> None:
    signed.tamper("INSERT INTO audit.entry (id, xid, at, kind, salt) VALUES (0, '3', now(), 'open', sha256('x'))")
    result = check(egide, signed)
    assert result.exit_code == 1
    assert "[extra_row]" in result.output


@pytest.mark.attack
def test_a_forged_checkpoint_is_named(egide: Run, signed: Trail) -> None:
    log = signed.trail / "checkpoints.log"
    log.write_text(log.read_text().replace("\n6\n", "\n5\n"))
    result = check(egide, signed)
    assert result.exit_code == 1
    assert "[signature]" in result.output


def test_what_cannot_be_checked_says_what_to_do(egide: Run, signed: Trail, tmp_path: Path) -> None:
    file = tmp_path / "trace.ndjson"
    for content, sentence in (
        (b"", "vide"),
        (b"\x00\xff\n", "la ligne 1"),
        (b'{"egide_trail":1}\n{"seq":0}\n', "la ligne 2"),
    ):
        file.write_bytes(content)
        result = check(egide, signed, "--from", str(file))
        assert result.exception.__class__.__name__ == "Halt"
        assert sentence in str(result.exception)
        assert getattr(result.exception, "code", None) == 2
    assert "ne peut être lu" in str(egide("verify", "--trail", str(tmp_path / "nowhere")).exception)
    assert "existe déjà" in str(egide("export", str(file)).exception)
    (signed.trail / "checkpoint.vkey").write_text("rien")
    assert "clé de vérification" in str(check(egide, signed).exception)


def test_an_export_holds_the_rows_as_json(egide: Run, signed: Trail, tmp_path: Path) -> None:
    file = tmp_path / "trace.ndjson"
    egide("export", str(file))
    first, second, *_ = [json.loads(line) for line in file.read_text().splitlines()]
    assert first == {"egide_trail": 1, "base": ""}
    assert (second["seq"], second["entry"], second["row"]["verdict"]) == (0, 1, "allow")
