"""Assets: an exact list, from memory."""

import gzip
import re
from pathlib import Path

import pytest
from django.http import Http404
from django.test import RequestFactory

from egide.ui import assets

ASK = RequestFactory()


def test_each_file_of_the_list_is_served_for_ever_and_packed_when_asked() -> None:
    for name in assets.FILES:
        plain = assets.asset(ASK.get("/"), assets.digest(), name)
        packed = assets.asset(ASK.get("/", headers={"Accept-Encoding": "br, gzip"}), assets.digest(), name)
        assert plain.content == gzip.decompress(packed.content)
        assert "immutable" in plain["Cache-Control"]
        assert plain["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["../rendering.py", "tokens.css", "", "..", "egide.css\0", "htmx.js.map", "%2e%2e"])
def test_nothing_else_has_an_address(name: str) -> None:
    with pytest.raises(Http404):
        assets.asset(ASK.get("/"), assets.digest(), name)
    with pytest.raises(Http404):
        assets.asset(ASK.get("/"), "0" * 16, "egide.css")


def test_each_icon_that_a_template_names_is_drawn_and_each_script_import_is_served() -> None:
    drawn = set(re.findall(r'<symbol id="([a-z]+)"', assets.assets()["icons.svg"].body.decode()))
    rooms = Path(assets.__file__).parent.parent
    for path in rooms.glob("*/templates/**/*.html"):
        for name in re.findall(r'kit\.icon\("([a-z]+)"', path.read_text()):
            assert name in drawn, path
    for name in assets.FILES:
        if name.endswith(".js") and name != "htmx.js":
            for imported in re.findall(r'(?:import|from) "\./([^"]+)"', assets.assets()[name].body.decode()):
                assert imported in assets.FILES


def test_colours_stand_in_the_tokens_and_nowhere_else() -> None:
    for name in assets.STYLES:
        if name != "tokens.css":
            text = (Path(assets.__file__).parent / "static" / name).read_text()
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl", text), name


def _tokens(scheme: str) -> dict[str, str]:
    text = (Path(assets.__file__).parent / "static" / "tokens.css").read_text()
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else found | dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrasts_reach_aa(scheme: str) -> None:
    """WCAG 2.2 1.4.3 (text 4.5) and 1.4.11 (borders of fields, focus: 3)."""
    token = _tokens(scheme)
    grounds = ("ground", "surface", "raised", "hover", "accent-soft")
    for ink in ("ink", "ink-soft", "accent", "danger"):
        for ground in grounds:
            assert contrast(token[ink], token[ground]) >= 4.5, (ink, ground)
    pairs = [("accent-ink", "accent"), ("accent-strong", "accent-soft"), ("attention", "attention-soft")]
    pairs += [("danger", "danger-soft"), ("accent-ink", "accent-strong"), ("ink", "danger-soft")]
    for ink, ground in pairs:
        assert contrast(token[ink], token[ground]) >= 4.5, (ink, ground)
    for edge in ("line-strong", "focus"):
        for ground in ("ground", "surface"):
            assert contrast(token[edge], token[ground]) >= 3, (edge, ground)
