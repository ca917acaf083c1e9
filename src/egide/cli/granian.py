"""What granian, which serves the pages and the live channel, is told about its own lines in the log."""

from __future__ import annotations

import json
from typing import Any, Final

from egide.cli.users import ensure_folder
from egide.kernel.home import Home

_TO_US: Final = {"handlers": ["out"], "level": "WARNING", "propagate": False}
LOGS: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "egide.kernel.logs.formatter"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"_granian": _TO_US, "granian.access": _TO_US},
}


def logged(home: Home) -> list[str]:
    """Its arguments: JSON lines as every process of ours writes them, and nothing of a request."""
    ensure_folder(home.conf, None, 0o755)
    file = home.conf / "granian.json"
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(LOGS, indent=1), encoding="ascii")
    draft.chmod(0o644)
    draft.replace(file)
    return ["--no-access-log", "--log-level", "warning", "--log-config", str(file)]
