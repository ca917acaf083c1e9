"""One workstation: a browser of its own, Chromium's virtual authenticator as the key, a count of actions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, CDPSession, Locator, Page, Response, expect

from tests.journeys.clinic import Clinic

WIDE, NARROW = (1440, 900), (390, 844)
STATUS = "the server responded with a status of"
NO_FAULT = ("Response Status Error Code", "htmx:sendAbort", "htmx:afterRequest")
_axe = Axe()


class Desk:
    """A person in front of a screen. `actions` lists each key, field filled or click since `count_from_here`."""

    def __init__(
        self, browser: Browser, clinic: Clinic, size: tuple[int, int] = WIDE, scheme: str = "light", **context: Any
    ) -> None:
        self.clinic = clinic
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="fr-FR",
            timezone_id="Europe/Paris",
            base_url=clinic.url,
            reduced_motion="reduce",
            **context,
        )
        self.context.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.forgiven: tuple[str, ...] = ()
        self.actions: list[str] = []
        self.key_id = ""
        self._reader: CDPSession | None = None
        self._inserted = ""
        self.page = self.new_tab()

    def new_tab(self) -> Page:
        """Another tab of the same browser; what it complains of in its console is kept."""
        tab = self.context.new_page()
        tab.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        tab.on("console", lambda said: self._hear(said.type, said.text))
        for way in ("goto", "reload", "go_back", "go_forward"):
            setattr(tab, way, proven(tab, getattr(tab, way)))
        return tab

    def _hear(self, kind: str, text: str) -> None:
        # no fault of the page: a refusal's status, a request cut by leaving the page
        if kind in {"error", "warning"} and not text.startswith(NO_FAULT) and STATUS not in text:
            self.complaints.append(text)

    def forgive(self, *words: str) -> None:
        """What the browser itself wrote about what this journey broke is no fault of the page, then or later."""
        self.forgiven += words

    # ── signing in ──────────────────────────────────────────────────────────────────────────────────────────────────

    def insert_blank_key(self, *, verified: bool = True) -> None:
        """Plugs a key in that nobody has yet, in the place of whichever was there.

        `verified=False`: whoever holds it touches it, and gives neither its code nor a finger.
        """
        if self._reader is None:
            self._reader = self.context.new_cdp_session(self.page)
            self._reader.send("WebAuthn.enable", {"enableUI": False})
        if self._inserted:
            self._reader.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self._inserted})
        options = {
            "protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": verified, "automaticPresenceSimulation": True,
        }  # fmt: skip
        answer = self._reader.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._inserted = str(answer["authenticatorId"])

    def insert_key(self, username: str, *, verified: bool = True) -> None:
        """Plugs this person's key in."""
        self.insert_blank_key(verified=verified)
        assert self._reader is not None
        key = self.clinic.key_of(username)
        self._reader.send("WebAuthn.addCredential", {"authenticatorId": self._inserted, "credential": key})
        self.key_id = str(key["credentialId"])

    def sign_in(self, username: str) -> None:
        """With her key, through the page and the browser's own `navigator.credentials.get`."""
        self.insert_key(username)
        self.page.goto("/")
        self.page.get_by_role("button", name="Se connecter avec ma clé").click()
        self._in()

    def sign_in_as(self, name: str) -> None:
        """« Se connecter en tant que », as whoever tries the demonstration does."""
        self.page.goto("/connexion/")
        self.page.get_by_role("button", name=name).click()
        self._in()

    def _in(self) -> None:
        self.page.wait_for_url(lambda url: "/connexion/" not in url)
        whole(self.page)
        self.to_unit()

    def to_unit(self) -> None:
        """To her unit's list, from any page; who has no unit stays where she is."""
        link = self.page.locator("nav.rail a[href^='/unite/']").first
        if link.count():
            self.page.goto(link.get_attribute("href") or "/")

    # ── a hand ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def count_from_here(self) -> None:
        """Starts counting actions again."""
        self.actions = []

    def press(self, key: str) -> None:
        """One key."""
        self.actions.append(key)
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Fills the field that has the focus; one action, however many digits."""
        self.actions.append(text)
        self.page.keyboard.type(text)

    def click(self, what: Locator) -> None:
        """One click."""
        self.actions.append(f"clic {what.inner_text().strip()}")
        what.click()

    def choose(self, box: Locator, words: str) -> None:
        """One choice of a list, by a part of its words."""
        self.actions.append(words)
        box.select_option(box.locator("option", has_text=words).first.get_attribute("value"))

    # ── an eye ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def rows(self) -> Locator:
        """The patients of the list on screen."""
        return self.page.locator("tr[data-row]:visible")

    def row(self, place: int) -> Locator:
        """One of them, from 0."""
        return self.rows.nth(place)

    def open_row(self, place: int = 0) -> None:
        """Opens the chart of one patient of the list."""
        self.row(place).locator("[data-row-link]").click()
        self.page.wait_for_url(re.compile(r"/dossier/"))

    def curve(self) -> str:
        """The blood-pressure curve as it is read aloud."""
        return self.page.locator("#curve svg:visible desc").text_content() or ""

    def accessibility_faults(self) -> list[str]:
        """What axe-core finds wrong on the page, one line a rule; first wait for what that page alone shows."""
        found = _axe.run(self.page).response["violations"]
        return [f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found]

    def too_wide(self) -> int:
        """Pixels by which the page must be pushed sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def says_nothing_of(self, *traits: str) -> None:
        """None of these words is anywhere in the page, shown or not."""
        content = self.page.content()
        assert not [trait for trait in traits if trait in content]

    def close(self) -> None:
        """Leaves; a page that complained in its console fails the journey."""
        self.context.close()
        faults = [one for one in self.complaints if not any(word in one for word in self.forgiven)]
        assert not faults, faults


def proven(tab: Page, go: Callable[..., Response | None]) -> Callable[..., Response | None]:
    """A way to a page that no link of ours signs: what comes first asks for a proof; the page is behind it."""

    def gone(*arguments: Any, **options: Any) -> Response | None:
        came: list[Response] = []

        def keep(answer: Response) -> None:
            if answer.request.is_navigation_request() and answer.frame == tab.main_frame:
                came.append(answer)

        tab.on("response", keep)
        try:
            answer = go(*arguments, **options)
            whole(tab)
        finally:
            tab.remove_listener("response", keep)
        return came[-1] if came else answer

    return gone


def whole(tab: Page) -> None:
    """Waits until a tab shows a page, not what asks for a proof before it, and its scripts have run."""
    tab.wait_for_function("() => !document.querySelector('.lone-waiting') && document.readyState === 'complete'")


def shows(tab: Page, text: str | re.Pattern[str]) -> None:
    """Waits until a tab shows these words."""
    expect(tab.get_by_text(text).first).to_be_visible()
