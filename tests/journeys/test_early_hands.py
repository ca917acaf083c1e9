"""What a quick hand does before a page's scripts are there waits for them, and is done once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.journeys.desk import Desk

pytestmark = pytest.mark.journey
Sit = Callable[..., Desk]


def test_a_key_pressed_before_the_scripts_are_there_is_heard_once_they_are(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Hugo Petit")
    held: list[Route] = []
    nurse.context.route(re.compile(r"/egide\.js$"), lambda route: held.append(route))  # noqa: PLW0108 (a method of a list cannot be marked as handled)
    with nurse.page.expect_request(re.compile(r"/egide\.js$")):
        nurse.row(8).locator("[data-row-link]").click(no_wait_after=True)
    expect(nurse.page.locator(".banner-name")).to_be_visible()
    nurse.page.keyboard.press("Control+k")
    expect(nurse.page.locator("#palette")).to_be_hidden()
    assert held
    for one in held:
        one.continue_()
    expect(nurse.page.locator("#palette")).to_be_visible()
    expect(nurse.page.locator("#palette-rows a").first).to_be_visible()
    nurse.page.keyboard.press("Escape")
    expect(nurse.page.locator("#palette")).to_be_hidden()
    nurse.page.keyboard.press("Control+k")  # what was held is let go: this one is heard at once
    expect(nurse.page.locator("#palette")).to_be_visible()


def test_a_button_clicked_before_the_scripts_are_there_acts_once_they_are(desk: Sit) -> None:
    nurse = desk()
    nurse.page.goto("/connexion/")
    held: list[Route] = []
    nurse.context.route(re.compile(r"/passkey\.js$"), lambda route: held.append(route))  # noqa: PLW0108 (as above)
    with nurse.page.expect_request(re.compile(r"/passkey\.js$")):
        nurse.page.evaluate("location.reload()")
    nurse.page.get_by_role("button", name="Hugo Petit").click()
    assert held
    for one in held:
        one.continue_()
    nurse.page.wait_for_url(lambda url: "/connexion/" not in url)


def test_a_link_clicked_before_the_scripts_are_there_fills_the_page_once_they_are(desk: Sit) -> None:
    nurse = desk()
    nurse.sign_in_as("Hugo Petit")
    held: list[Route] = []
    nurse.context.route(re.compile(r"/egide\.js$"), lambda route: held.append(route))  # noqa: PLW0108 (as above)
    with nurse.page.expect_request(re.compile(r"/egide\.js$")):
        nurse.row(8).locator("[data-row-link]").click(no_wait_after=True)
    expect(nurse.page.locator(".banner-name")).to_be_visible()
    chart = nurse.page.url
    nurse.page.locator("#act [data-act=note]").click()
    assert held
    for one in held:
        one.continue_()
    expect(nurse.page.locator("#act-form form.note")).to_be_visible()  # beside the chart, not a page of its own
    assert nurse.page.url == chart
