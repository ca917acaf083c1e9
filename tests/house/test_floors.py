"""The order of the floors (import-linter, [tool.importlinter] of pyproject.toml) holds, and would be seen to break."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def lint(folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    """import-linter with the project's contracts, over the package `egide` found in `source`."""
    variables = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400"}
    return subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def copy_of_the_house(folder: Path) -> Path:
    """Every module of egide, empty, under the project's contracts: a house to break things in."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert config["tool"]["importlinter"]["contracts"]
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(text[text.index("[tool.importlinter]") :], encoding="utf-8")
    for path in (ROOT / "src" / "egide").rglob("*.py"):
        relative = path.relative_to(ROOT / "src")
        if "tests" not in relative.parts and "migrations" not in relative.parts:
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            (folder / relative).touch()
    return folder / "egide"


def test_the_house_keeps_its_floors() -> None:
    done = lint(ROOT, ROOT / "src")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_house_of_empty_rooms_is_in_order(tmp_path: Path) -> None:
    copy_of_the_house(tmp_path)
    done = lint(tmp_path, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


BREAKS = {
    "keeper/verbs.py": "import egide.accounts.session",
    "keeper/client.py": "import django",
    "kernel/clock.py": "import django",
    "record/views.py": "import egide.record.models",
    "record/rules.py": "from egide.kernel import clock",
    "record/reads.py": "import egide.accounts.session",
    "gate/opening.py": "import egide.keeper.masters",
    "identity/reads.py": "import egide.stays.reads",
    "ui/rendering.py": "import egide.gate.opening",
    "audit/lines.py": "import egide.cli.main",
}


def test_each_break_is_named(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    for path, line in BREAKS.items():
        (house / path).write_text(line + "\n", encoding="utf-8")
    done = lint(tmp_path, tmp_path)
    assert done.returncode == 1
    for path, line in BREAKS.items():
        module = "egide." + path.removesuffix(".py").replace("/", ".")
        imported = line.replace("from egide.kernel import clock", "import egide.kernel.clock").split()[1]
        assert f"{module} -> {imported}" in done.stdout, (module, done.stdout)


def test_a_room_on_no_floor_is_named(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    (house / "helpers").mkdir()
    (house / "helpers" / "__init__.py").touch()
    done = lint(tmp_path, tmp_path)
    assert done.returncode == 1
    assert "egide.helpers" in done.stdout, done.stdout
