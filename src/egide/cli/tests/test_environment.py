"""tools/env, which runs before anything is installed: what it refuses, and what it leaves alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flit_core.buildapi import build_wheel

from egide.cli import processes
from egide.kernel.home import Home

CHECKOUT = Path(__file__).resolve().parents[4]
LOCKS = sorted((CHECKOUT / "requirements").glob("*.lock"))
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives each process an account of its own")


def prepare(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("EGIDE", "PYTHON"))}
    return subprocess.run(
        [str(CHECKOUT / "tools" / "env"), *(command or ("true",))],
        env=variables | {"EGIDE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_versions_and_hashes_and_no_place(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r"https?:|file:|^-|^\s*--(?!hash)", text, re.MULTILINE)
    entries = [e for e in text.replace("\\\n", " ").splitlines() if e.strip()]
    assert len(entries) > 20
    assert all(re.match(r"[a-z0-9.-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)


def test_tests_run_with_the_versions_of_production() -> None:
    def versions(lock: Path) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9.-]+)==([^ \\]+)", lock.read_text(), re.MULTILINE))

    development, runtime = map(versions, LOCKS)
    assert {name: development.get(name) for name in runtime} == runtime


@as_root
def test_a_home_that_system_accounts_cannot_reach_is_refused_and_left_alone(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    done = prepare(closed / "home")
    assert done.returncode == 1
    assert "ne peuvent pas traverser" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert closed.stat().st_mode & 0o777 == 0o700
    assert not (closed / "home" / "venv").exists()


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = prepare(tmp_path / "file" / "home")
    assert done.returncode == 1
    assert "EGIDE_HOME" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_a_command_it_says_how_it_is_used() -> None:
    done = subprocess.run([str(CHECKOUT / "tools" / "env")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Usage" in done.stderr


def test_the_wheel_holds_templates_and_migrations_of_every_room(tmp_path: Path) -> None:
    """What is installed is what is in the checkout: nothing that a page needs stays behind."""
    with contextlib.chdir(CHECKOUT):
        name = build_wheel(str(tmp_path))
    held = set(zipfile.ZipFile(tmp_path / name).namelist())
    wanted = {
        str(path.relative_to(CHECKOUT / "src"))
        for path in (CHECKOUT / "src" / "egide").rglob("*")
        if path.suffix in (".html", ".sql", ".css", ".js", ".json", ".csv", ".svg", ".mo") and path.is_file()
    }
    assert wanted
    assert wanted <= held, sorted(wanted - held)[:5]


def test_a_log_grown_too_large_is_turned_while_its_process_writes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.log.mkdir()
    path = home.log_file("web")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb", buffering=0) as process:
        process.write(b"x" * processes._LOG_LIMIT + b"\n")
        processes.rotate_logs(home)
        process.write(b"after\n")
    assert path.read_bytes() == b"after\n"
    older = path.with_suffix(".log.1")
    assert older.stat().st_size == processes._LOG_LIMIT + 1
    assert older.stat().st_mode & 0o777 == 0o600
    processes.rotate_logs(home)
    assert path.read_bytes() == b"after\n"


@pytest.fixture
def started_before_the_code_changed() -> Iterator[Path]:
    """A home whose environment holds an older Égide, in which something runs."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        (home / "venv" / "bin").mkdir(parents=True)
        egide = home / "venv" / "bin" / "egide"
        egide.write_text('#!/bin/sh\necho "of then: $*"\n')
        egide.chmod(0o755)
        (home / "venv" / "egide-stamp.json").write_text('{"source": "of then"}')
        with (home / "venv.lock").open("w") as running:
            fcntl.flock(running, fcntl.LOCK_SH)
            yield home


def test_what_runs_is_stopped_although_the_code_changed_since(started_before_the_code_changed: Path) -> None:
    home = started_before_the_code_changed
    refused = prepare(home, "egide", "stop")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Le code a changé" in refused.stderr
    done = prepare(home, "--as-is", "egide", "stop")
    assert (done.returncode, done.stdout, done.stderr) == (0, "of then: stop\n", "")
    assert (home / "venv" / "egide-stamp.json").read_text() == '{"source": "of then"}'
    assert "--as-is egide stop" in (CHECKOUT / "Makefile").read_text()


def test_an_environment_that_was_not_made_to_its_end_is_not_taken_as_it_is(
    started_before_the_code_changed: Path,
) -> None:
    home = started_before_the_code_changed
    (home / "venv" / "egide-stamp.json").unlink()
    done = prepare(home, "--as-is", "egide", "stop")
    assert (done.returncode, done.stdout) == (1, "")
