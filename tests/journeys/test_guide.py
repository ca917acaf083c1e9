"""The guide and the README show pictures that are there, small, and all of them used."""

import re
from pathlib import Path

from tests.journeys.counted import table

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")


def test_every_picture_named_is_there_small_and_described() -> None:
    named = set()
    for page in (ROOT / "README.md", ROOT / "docs" / "guide.md"):
        for words, target in PICTURE.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            assert path.is_file(), f"{page.name} shows {target}: take it again with tests/journeys/pictures.py"
            assert path.stat().st_size < 200_000
            assert len(words) > 15, f"{target} is not described for whom cannot see it"
            named.add(path)
    assert {path for path in IMAGES.iterdir() if path.suffix == ".png"} <= named


def test_every_link_of_the_guide_leads_somewhere() -> None:
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    titles = {_anchor(title) for title in re.findall(r"^## (.+)$", guide, re.MULTILINE)}
    for target in re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", guide):
        if target.startswith("#"):
            assert target[1:] in titles
        else:
            assert (ROOT / "docs" / target).is_file()


def test_every_task_counted_in_the_guide_is_held_by_a_journey_and_none_other() -> None:
    journeys = "".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py")))
    assert set(re.findall(r"""promised\(["']([^"\n]+)["']\)""", journeys)) == set(table())


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
