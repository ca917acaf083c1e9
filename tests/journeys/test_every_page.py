"""Every page, as people meet it: a phone, a dark room, a keyboard, a screen reader."""

import re
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.journeys.counted import promised
from tests.journeys.desk import NARROW, WIDE, Desk, shows
from tests.journeys.walks import COMMON, ELSEWHERE, FOLLOWS, OPENS, OWN, WALKED, route_of

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]
LOOKS: tuple[tuple[tuple[int, int], Literal["light", "dark"]], ...] = ((WIDE, "light"), (NARROW, "dark"))
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const seen = [one, one.closest("[data-row]"), one.closest(".field-box"), one.closest("label")].filter(Boolean);
  const line = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const ring = (style) => line(style) || style.boxShadow !== "none";
  const box = one.getBoundingClientRect();
  return {
    what: one.outerHTML.slice(0, 120),
    ring: seen.some((part) => ring(getComputedStyle(part))),
    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}"""


def _pages(someone: Desk, address: dict[str, str]) -> Iterator[str]:
    """Goes from page to page; the name of each once it is there."""
    for name, path in address.items():
        someone.page.goto(path)
        yield name


def _foreign(someone: Desk) -> str:
    """Somebody who lies in the other unit."""
    return str(
        someone.clinic.sql(
            "SELECT s.patient_id FROM stays_stay s JOIN directory_unit u ON u.id = s.unit_id"
            " WHERE u.name = 'Chirurgie A' AND s.discharged_at IS NULL LIMIT 1"
        )[0][0]
    )


def _restricting(physician: Desk, chart: str) -> list[str]:
    """The page that restricts a fact, looked at and left; and the page of openings drawn for her to review."""
    physician.sign_in("helene.roux")
    ((row,), *_) = physician.clinic.sql(
        "SELECT id FROM record_problem WHERE patient_id = %s AND category = 'clinical'", chart.split("/")[2]
    )
    answer = physician.page.goto(f"{chart}restreindre/problem/{row}/")
    assert answer is not None
    assert answer.status == 200
    found = looked_at(physician, "restreindre")
    answer = physician.page.goto("/relectures/")
    assert answer is not None
    assert answer.status == 200
    return found + looked_at(physician, "relectures")


def _addresses(someone: Desk) -> dict[str, str]:
    """Signed in, on her unit: the pages of one patient of hers and of one who is not."""
    unit = someone.page.url
    rail = [link.get_attribute("href") or "" for link in someone.page.locator("nav.rail a.rail-link").all()]
    chart = someone.row(1).locator("[data-row-link]").get_attribute("href") or ""
    foreign = _foreign(someone)
    return {place: place for place in rail if not place.startswith(("/unite/", "/aide/"))} | {
        "unit": unit, "chart": chart, "vital signs": f"{chart}constantes/", "curve": f"{chart}courbe/",
        "openings": f"{chart}acces/", "sessions": "/sessions/", "help": "/aide/", "refused": f"/dossier/{foreign}/",
        "not found": "/nulle-part/",
    }  # fmt: skip


def looked_at(someone: Desk, path: str) -> list[str]:
    """What axe-core and the width find wrong with one page, as it is at a desk by day and on a phone at night."""
    found = []
    for (width, height), scheme in LOOKS:
        someone.page.set_viewport_size({"width": width, "height": height})
        someone.page.emulate_media(color_scheme=scheme)
        found += [f"{path} at {width}, {scheme}: {fault}" for fault in someone.accessibility_faults()]
        if someone.too_wide() > 0:
            found.append(f"{path} at {width}: {someone.too_wide()} pixels too wide")
    return found


def walk(someone: Desk, wanted: Callable[[str], bool]) -> tuple[set[str], list[str]]:
    """From my day along every link to a wanted address, one path an address: which were seen, what was wrong."""
    seen: set[str] = set()
    faults: list[str] = []
    waiting = ["/jour/"]
    while waiting:
        path = waiting.pop(0)
        route = route_of(path)
        if route in seen or not route or not wanted(route):
            continue
        seen.add(route)
        answer = someone.page.goto(path)
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        faults += looked_at(someone, route)
        links = someone.page.locator("a[href^='/']").evaluate_all("all => all.map(one => one.pathname)")
        waiting += [link for link in links if route_of(link) not in seen]
    return seen, faults


@pytest.mark.parametrize("username", [*FOLLOWS, *OPENS])
def test_axe_finds_nothing_on_any_page_that_a_profession_is_shown(desk: Sit, username: str) -> None:
    left = set() if username == "claire.morvan" else set(COMMON)
    someone = desk()
    someone.sign_in(username)
    seen, faults = walk(
        someone, lambda route: route in OWN if username in OPENS else route not in left | set(ELSEWHERE)
    )
    assert faults == []
    assert seen >= set(WALKED.get(username, ("/jour/",)))


def test_axe_finds_nothing_where_no_link_of_the_day_leads(desk: Sit) -> None:
    nobody = desk()
    faults = []
    for path in ("/cle/", "/connexion/", "/connexion/secours/"):
        nobody.page.goto(path)
        faults += looked_at(nobody, path)
    nurse = desk()
    nurse.sign_in("claire.morvan")
    unit = nurse.page.url
    chart = nurse.row(1).locator("[data-row-link]").get_attribute("href") or ""
    foreign = _foreign(nurse)
    for path, status in (
        ("/confirmer/?suite=/jour/", 200), (f"/dossier/{foreign}/", 403), (f"/dossier/{foreign}/acceder/", 403),
        ("/nulle-part/", 404), (f"{chart}courbe/", 200), (f"{unit}agenda/", 200),
    ):  # fmt: skip
        answer = nurse.page.goto(path)
        assert answer is not None
        assert answer.status == status, path
        faults += looked_at(nurse, path)
    nurse.page.goto(chart)
    nurse.press("c")
    nurse.type("131/79")
    nurse.press("Enter")
    mine = nurse.page.locator("#timeline a[href*='/corriger/measurement/']").first
    expect(mine).to_be_visible()
    nurse.page.goto(mine.get_attribute("href") or "")
    faults += looked_at(nurse, "corriger")
    faults += _restricting(desk(), chart)
    nurse.page.goto(unit)
    nurse.row(0).locator("[data-act=vitals]").click()
    nurse.page.get_by_label("Tension").fill("999")
    nurse.page.get_by_label("Tension").press("Enter")
    expect(nurse.page.locator(".field-wrong")).to_be_visible()
    faults += looked_at(nurse, "entry under a row, refused")
    nurse.page.goto("/aide/")
    nurse.page.keyboard.press("?")
    expect(nurse.page.locator("dialog[open]")).to_be_visible()
    faults += looked_at(nurse, "keys")
    assert faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_is_light_and_dark_is_dark(desk: Sit, scheme: str) -> None:
    nurse = desk(WIDE, scheme)
    nurse.page.goto("/connexion/")
    paper = nurse.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    light = sum(int(part) for part in re.findall(r"\d+", paper)[:3]) / 3
    assert (light > 200) is (scheme == "light"), paper


def test_no_page_is_wider_than_its_screen_down_to_320_pixels_or_at_twice_its_size(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Claire Morvan")
    wide = {}
    for name in _pages(nurse, {"sign-in": "/connexion/", **_addresses(nurse)}):
        for width, height in (WIDE, (1024, 768), (720, 450), NARROW, (320, 568)):  # 720 is 1440 at 200 %
            nurse.page.set_viewport_size({"width": width, "height": height})
            wide[f"{name} at {width}"] = nurse.too_wide()
    assert {where: pixels for where, pixels in wide.items() if pixels > 0} == {}


def test_on_a_phone_a_blood_pressure_takes_three_actions_too(desk: Sit) -> None:
    nurse = desk(NARROW, has_touch=True)
    nurse.sign_in_as("Claire Morvan")
    row = nurse.row(5)
    nurse.count_from_here()
    nurse.click(row.locator("[data-act=vitals]"))
    expect(nurse.page.get_by_label("Tension")).to_be_focused()
    nurse.type("117/69")
    save = nurse.page.get_by_role("button", name="Enregistrer")
    box = save.bounding_box()
    assert box is not None
    assert box["height"] >= 40  # a thumb finds it
    nurse.click(save)
    expect(row.locator(".ward-last")).to_contain_text("117/69")
    assert len(nurse.actions) == promised("Écrire une tension")
    assert nurse.too_wide() == 0

    nurse.open_row(5)
    nurse.page.get_by_role("link", name="Constantes").click()
    expect(nurse.page.get_by_label("Tension")).to_be_in_viewport()
    banner = nurse.page.locator(".banner")
    expect(banner).to_be_in_viewport()  # who it is never scrolls away
    bounds = banner.bounding_box()
    assert bounds is not None
    assert bounds["height"] <= 110


def test_what_has_the_focus_is_seen_wherever_tab_leads(desk: Sit) -> None:
    nurse = desk()
    nurse.page.goto("/connexion/")
    _walk(nurse, 6)
    nurse.sign_in_as("Claire Morvan")
    chart = nurse.row(1).locator("[data-row-link]").get_attribute("href") or ""
    for path, stops in ((nurse.page.url, 8), (chart, 16), (f"{chart}acces/", 8), ("/sessions/", 8), ("/aide/", 5)):
        nurse.page.goto(path)
        _walk(nurse, stops)


def test_help_is_one_key_away_and_escape_closes_it(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Claire Morvan")
    nurse.press("?")
    shows(nurse.page, "Touches de cette page")
    nurse.press("Escape")
    expect(nurse.page.locator("dialog[open]")).to_have_count(0)
    nurse.press("ArrowDown")
    nurse.press("ArrowDown")
    expect(nurse.row(2).locator("[data-row-link]")).to_be_focused()


def test_paper_stays_blank(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Claire Morvan")
    nurse.open_row()
    nurse.page.emulate_media(media="print")
    expect(nurse.page.locator(".banner")).to_be_hidden()
    shows(nurse.page, "Cette page d'Égide ne s'imprime pas.")


def _walk(someone: Desk, stops: int) -> None:
    for _ in range(stops):
        someone.page.keyboard.press("Tab")
        focus = someone.page.evaluate(FOCUS)
        assert focus is None or (focus["ring"] and focus["seen"]), (someone.page.url, focus)
