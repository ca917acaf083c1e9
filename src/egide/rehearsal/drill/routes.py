"""Every route of the running program, read from Django's own resolver: what a thief who has our source walks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver

_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `pattern` is as written; `gate` what its decorator declares: chart, roster, none, or empty."""

    pattern: str
    name: str
    gate: str

    @property
    def parameters(self) -> dict[str, str]:
        """Name → converter."""
        return {name: kind or "str" for kind, name in _PARAMETER.findall(self.pattern)}

    def path(self, values: Mapping[str, str]) -> str:
        """The address with these values; a parameter without one gets something of its converter."""
        plain = {"uuid": str(UUID(int=1)), "int": "1"}
        found = _PARAMETER.sub(lambda one: values.get(one[2]) or plain.get(one[1], "x"), self.pattern)
        return "/" + found.removeprefix("^")

    def matches(self, path: str) -> bool:
        """Whether an address is of this route."""
        text, regex = 0, ""
        for found in _PARAMETER.finditer(self.pattern):
            regex += re.escape(self.pattern[text : found.start()])
            regex += {"uuid": r"[0-9a-f-]{36}", "int": r"\d+"}.get(found[1], r"[^/]+")
            text = found.end()
        return re.fullmatch("/" + (regex + re.escape(self.pattern[text:])).removeprefix("\\^"), path) is not None


def routes() -> list[Route]:
    """Every route, in the resolver's order. Django must be set up."""
    return list(_walk(get_resolver(), ""))


def _walk(resolver: Any, prefix: str) -> Iterator[Route]:
    for one in resolver.url_patterns:
        pattern = prefix + str(one.pattern).removeprefix("^").removesuffix("$").replace("\\.", ".")
        if isinstance(one, URLResolver):
            yield from _walk(one, pattern)
        elif isinstance(one, URLPattern):
            yield Route(pattern, one.name or "", _gate(one.callback))


def _gate(view: Any) -> str:
    """What the view's decorator declares, looked for under Django's own wrappers."""
    while view is not None:
        declared = getattr(view, "gate", None)
        if declared:
            return str(declared[0])
        view = getattr(view, "__wrapped__", None)
    return ""
