"""Somebody whose key is not there: a session of rescue is opened for her, by its page."""

from __future__ import annotations

import base64
import time

from playwright.sync_api import expect

from egide.kernel import totp
from tests.journeys.desk import Desk


def rescue_code(desk: Desk, username: str, *, witness: str) -> str:
    """An administrator and a witness open it for her; the code that her telephone shows now."""
    desk.sign_in_as("Paul Marchand")
    desk.page.goto("/secours/")
    desk.page.get_by_label("Nom de compte de la personne").fill(username)
    desk.page.get_by_label("Motif").select_option(index=1)
    desk.page.get_by_role("button", name="avec ma clé de démonstration").click()
    desk.choose(desk.page.get_by_label("Clé de démonstration du collègue"), witness)
    shown = desk.page.locator("code.rescue-secret")
    expect(shown).to_be_visible()
    return totp.code_at(base64.b32decode(shown.inner_text().replace(" ", "")), time.time())
