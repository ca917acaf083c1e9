"""What a browser reads in a page of ours: its links, its forms and their fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

UUID_TEXT: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PATIENT = re.compile(rf"/dossier/({UUID_TEXT})/")
_SESSION = re.compile(rf"/sessions/({UUID_TEXT})/")
_TYPED = frozenset({"text", "search", "tel", "email", "number", "date", "time", "datetime-local", "password", "url"})


@dataclass
class Form:
    """One form: where it goes, what it sends, which of its fields a person types (name → its autocomplete)."""

    action: str
    method: str
    sent: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """Links and forms of one page."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._kept = ""
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser."""
        found = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in found:
            self._link(found["href"])
        for name in ("hx-get", "data-challenge", "data-proof"):
            if name in found:
                self._link(found[name])
        if tag == "form":
            method = "post" if "hx-post" in found else found.get("method", "get").lower()
            action = found.get("hx-post") or found.get("action") or self.path
            self._form = Form(urljoin(self.path, action), method)
            self._kept = found.get("autocomplete", "")
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(tag, found)

    def _field(self, tag: str, found: dict[str, str]) -> None:
        form, name = self._form, found.get("name", "")
        if form is None or (not name and tag != "option"):
            return
        kind = found.get("type", "text").lower()
        if tag == "textarea":
            form.typed[name] = "off"  # no browser remembers what was typed in one
        elif tag == "input" and kind in _TYPED:
            form.typed[name] = found.get("autocomplete", self._kept)
        elif tag == "input" and (kind not in ("radio", "checkbox", "submit") or name not in form.sent):
            form.sent[name] = found.get("value", "")
        elif tag == "select":
            self._select = name
            form.sent.setdefault(name, "")
        elif tag == "option" and self._select and not form.sent.get(self._select):
            form.sent[self._select] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Called by the parser."""
        if tag == "form":
            self._form = None
        if tag in ("form", "select"):
            self._select = ""

    def _link(self, href: str) -> None:
        parts = urlsplit(urljoin(self.path, href))
        if not parts.netloc and parts.path.startswith("/"):
            self.links.append(parts.path + (f"?{parts.query}" if parts.query else ""))


def patients_in(text: str) -> list[str]:
    """Ids of the charts a page links to, in order, each once."""
    return list(dict.fromkeys(_PATIENT.findall(text)))


def sessions_in(text: str) -> list[str]:
    """Ids of the sessions a page offers to close."""
    return list(dict.fromkeys(_SESSION.findall(text)))
