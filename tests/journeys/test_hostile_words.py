"""Names of 200 letters, emoji, HTML and SQL, typed or imported: shown as words, and the page keeps its shape."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from egide.interop.fhir.tests import resources as make
from tests.journeys.clinic import Clinic
from tests.journeys.desk import NARROW, WIDE, Desk

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
HTML = "<img src=x onerror=\"document.title='volé'\"><b>gras</b> 🙂 '; DROP TABLE record_measurement; --"
NAMES = {
    "Long": {"family": "Abracadabrantesque" * 11, "given": ["Maximilienne" * 16]},
    "Markup": {"family": "<script>document.title='volé'</script>", "given": ["Rob'); DROP TABLE identity_trait;--"]},
    "Emoji": {"family": "Soleil☀️Étoilé", "given": ["Zoé 🙂👩‍⚕️"]},
}


@pytest.fixture(scope="module")
def _strangers(clinic: Clinic, tmp_path_factory: pytest.TempPathFactory) -> None:
    path: Path = tmp_path_factory.mktemp("fhir") / "strangers.ndjson"
    facts: list[make.Resource] = []
    for ident, name in NAMES.items():
        label = {"text": f"Bizarrerie {HTML} " + "sansespace" * 19}
        facts += [
            make.patient(ident, name=[name]),
            make.condition(f"c{ident}", ident, code=label),
            make.allergy(f"a{ident}", ident, code=label),
            make.pressure(f"o{ident}", ident),
        ]
    path.write_bytes(make.ndjson(*facts))
    unit = ("--site", "Clinique Sainte-Aldegonde", "--unit", "Chirurgie A")
    account = json.loads(clinic.run("import", "fhir", str(path), *unit, "--json"))
    assert account["patients"]["new"] == len(NAMES)


@pytest.mark.usefixtures("_strangers")
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_strange_names_and_labels_are_shown_as_words_and_the_layout_holds(desk: Sit, size: tuple[int, int]) -> None:
    nurse = desk(size)
    nurse.sign_in_as("Yann Le Gall")
    expect(nurse.page.get_by_role("link", name="ABRACADABRANTESQUE")).to_be_visible()
    assert nurse.too_wide() == 0
    # names are stored as RNIV writes them (letters, apostrophe, hyphen, space): markup is words by then
    for words, shown in (("abracadabra", "ABRACADABRANTESQUE"), ("script", "SCRIPT DOCUMENT"), ("soleil", "SOLEIL")):
        nurse.to_unit()
        nurse.page.locator("[data-filter]").fill(words)
        expect(nurse.rows).to_have_count(1)
        nurse.open_row()
        expect(nurse.page.locator(".banner-name")).to_contain_text(shown)
        expect(nurse.page.locator(".chart-summary .facts").first).to_contain_text(HTML)
        expect(nurse.page.locator("main img, main b:has-text('gras'), main script")).to_have_count(0)
        assert nurse.too_wide() == 0
        assert nurse.page.locator(".banner").bounding_box()["height"] < size[1] / 2  # type: ignore[index]
        assert "volé" not in nurse.page.title()


def test_a_comment_of_html_sql_and_emoji_is_a_comment(desk: Sit, clinic: Clinic) -> None:
    nurse = desk()
    nurse.sign_in_as("Yann Le Gall")
    nurse.open_row(1)
    nurse.page.get_by_label("Tension").fill("139/79")
    nurse.page.get_by_label("Commentaire").fill(HTML)
    nurse.page.get_by_label("Commentaire").press("Control+Enter")
    expect(nurse.page.locator("#timeline li").first).to_contain_text(HTML)
    nurse.page.reload()
    expect(nurse.page.locator("#timeline li").first).to_contain_text(HTML)
    expect(nurse.page.locator("#timeline img")).to_have_count(0)
    assert nurse.page.title() == "Dossier · Égide"
    stored = clinic.sql("SELECT count(*) FROM record_measurement WHERE comment::text LIKE '%%gras%%'")
    assert stored == [(0,)]  # sealed: the base holds no word of it


def test_a_comment_too_long_or_with_a_nul_is_refused_beside_the_field(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Yann Le Gall")
    nurse.open_row(1)
    written = nurse.clinic.readings()
    for text in ("é" * 501, "avant\x00après"):
        nurse.page.get_by_label("Tension").fill("138/78")
        comment = nurse.page.get_by_label("Commentaire")
        comment.evaluate("(box, text) => { box.removeAttribute('maxlength'); box.value = text; }", text)
        comment.press("Control+Enter")
        expect(nurse.page.locator(".field-wrong")).to_contain_text("Commentaire")
        expect(nurse.page.get_by_label("Tension")).to_have_value("138/78")
    assert nurse.clinic.readings() == written
