"""How many actions a frequent task takes: the table of the guide, which the journeys hold to."""

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"
_TITLE = "## Combien de gestes"
_ROW = re.compile(r"^\| ([^|]+?) \| (\d+) \|", re.MULTILINE)


def table() -> dict[str, int]:
    """Task → its number of actions (key, field filled, click), as the guide says."""
    told = GUIDE.read_text(encoding="utf-8").split(_TITLE, 1)[1].split("\n## ", 1)[0]
    return {task: int(number) for task, number in _ROW.findall(told)}


def promised(task: str) -> int:
    """What the guide says of one task."""
    return table()[task]
