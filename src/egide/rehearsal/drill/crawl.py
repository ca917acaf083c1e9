"""Every address that pages and scripts of the running server lead to, followed as one session; forms, their fields."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from egide.rehearsal.drill.pages import patients_in
from egide.rehearsal.drill.routes import Route
from egide.rehearsal.signin import Answer, Visitor

ELSEWHERE: Final = ("/assertion", "/registration")  # of the demo's key service, which scripts ask on its own port
EACH: Final = 2  # addresses of one route that the crawl follows
_QUOTED = re.compile(r"""["'`](/[A-Za-z][^"'`\s<>\\${}]*)["'`]""")
_IMPORTED = re.compile(r"""(?:from|import) ["'](\./[\w.-]+)["']""")


class Surface(HTMLParser):
    """All that one page lets be asked: any attribute's address, every named field (`pages.Page` is what one fills)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.forms: list[tuple[str, set[str]]] = []
        self._open: set[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Any attribute whose value is an address counts."""
        given = {name: value or "" for name, value in attrs}
        self.addresses += [value for value in given.values() if value.startswith("/")]
        if tag == "form":
            self._open = set()
            self.forms.append((given.get("action", ""), self._open))
        elif tag in ("input", "textarea", "select", "button") and given.get("name"):
            (self._open if self._open is not None else self._outside()).add(given["name"])

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        if tag == "form":
            self._open = None

    def _outside(self) -> set[str]:
        self.forms.append(("", set()))
        return self.forms[-1][1]


@dataclass
class Crawl:
    """What following every address found."""

    known: list[Route]
    seen: dict[str, Answer] = field(default_factory=dict)
    linked: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    forms: defaultdict[str, set[frozenset[str]]] = field(default_factory=lambda: defaultdict(set))
    shown: set[UUID] = field(default_factory=set)

    def route_of(self, address: str) -> Route | None:
        """The route of an address."""
        path = urlsplit(address).path
        return next((route for route in self.known if route.matches(path)), None)

    def run(self, visitor: Visitor, start: str) -> None:
        """Follow every address of ours, twice each: as a page and as htmx; never sign out."""
        todo, followed = [start], defaultdict[str, set[str]](set)
        while todo:
            address = todo.pop(0).split("#")[0]
            route = self.route_of(address)
            if route is None:
                self.strangers.add(address)
                continue
            self.linked.add(route.pattern)
            if address in followed[route.pattern] or len(followed[route.pattern]) >= _limit(route):
                continue
            followed[route.pattern].add(address)
            for dress in ({}, {"HX-Request": "true"}):
                answer = visitor.get(address, dress)
                self.seen[f"{address} {dress}"] = answer
                todo += self._found(route, address, answer)

    def add(self, other: Crawl) -> None:
        """What somebody else's crawl found."""
        self.seen |= other.seen
        self.linked |= other.linked
        self.strangers |= other.strangers
        for pattern, forms in other.forms.items():
            self.forms[pattern] |= forms

    def _found(self, route: Route, address: str, answer: Answer) -> list[str]:
        """Addresses in one answer; its forms are kept."""
        if answer.status == 200 and route.gate == "chart":
            self.shown |= {UUID(one) for one in patients_in(address)}
        location = answer.headers.get("location", "")
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/html"):
            page = Surface(answer.text)
            for action, fields in page.forms:
                target = self.route_of(action) if action else route
                self.forms[target.pattern if target else action].add(frozenset(fields))
            return [one for one in (*page.addresses, location) if one.startswith("/")]
        written: list[str] = []
        if "javascript" in kind and "htmx" not in address:
            written = [one for one in _QUOTED.findall(answer.text) if one not in ELSEWHERE]
            written += [urljoin(address, one) for one in _IMPORTED.findall(answer.text)]
        return [one for one in (*written, location) if one.startswith("/")]


def _limit(route: Route) -> int:
    return 50 if "digest" in route.parameters else EACH
