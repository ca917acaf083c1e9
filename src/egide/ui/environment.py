"""The Jinja2 environment: escapes everything, refuses unknown names, knows no request and no database."""

from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import jinja2
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext
from jinja2 import nodes
from markupsafe import Markup

from egide.ui import curve, formats, pieces, words
from egide.ui.assets import asset_url
from egide.ui.folding import fold
from egide.ui.text import typeset

_ROOMS = Path(__file__).parent.parent


def environment() -> jinja2.Environment:
    """The environment of the active language. Templates are `<room>/<page>.html`, found in `<room>/templates/`."""
    return _environment(get_language() or settings.LANGUAGE_CODE)


@cache
def _environment(language: str) -> jinja2.Environment:
    env = _Environment(
        loader=jinja2.FileSystemLoader(sorted(_ROOMS.glob("*/templates"))),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_blank_none,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=settings.DEBUG,
        extensions=["jinja2.ext.i18n"],
    )
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(
        day=formats.day,
        clock=formats.clock,
        moment=formats.moment,
        recent=formats.recent,
        day_title=formats.day_title,
        age=formats.age,
        decimal=formats.decimal,
        thousands=formats.thousands,
        given=formats.given,
        ins=formats.ins,
        word=words.word,
        sex=words.sex,
        typeset=typeset,
        address=url,
        address_of=_address_of,
    )
    env.globals.update(
        _=env.say,
        asset=asset_url,
        url=url,
        language=language,
        kit=(
            kit := SimpleNamespace(
                icon=pieces.icon,
                value=pieces.value,
                values=pieces.values,
                last=pieces.last,
                events=pieces.events,
                examinations=pieces.examinations,
                pressure_rows=pieces.pressure_rows,
                blood_pressure=curve.blood_pressure,
                blank=pieces.blank,
            )
        ),
    )
    # One name, so that no context can hide a piece; a global, so that a panel rendered alone (htmx) finds it too.
    vars(kit).update(vars(env.get_template("ui/kit.html").module))
    return env


class _Environment(jinja2.Environment):
    """Templates of one language, whose fixed words and symbols are written into them when they are compiled."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.say = _Translator()

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return fold(super()._parse(source, name, filename), translate=self.say)


def _blank_none(value: object) -> object:
    return "" if value is None else value


class _Translator:
    """`_("…")` in templates, remembered: one environment speaks one language."""

    def __init__(self) -> None:
        self.known: dict[str, Markup] = {}

    def __call__(self, sentence: str, /, **values: object) -> Markup:
        said = self.known.get(sentence)
        if said is None:
            said = self.known[sentence] = Markup(typeset(gettext(sentence)))  # noqa: S704 (a sentence of ours, not typed by anybody)
        return said % values if values else said


def url(name: str, **kwargs: object) -> str:
    """The address of a named route; an unknown name or argument raises NoReverseMatch."""
    ids = {key: str(value) for key, value in kwargs.items() if isinstance(value, UUID)}
    others = tuple(given for given in kwargs.items() if given[0] not in ids)
    address = _pattern(settings.ROOT_URLCONF, name, tuple(ids), others)
    for nobody, own in zip(_NOBODY, ids.values(), strict=False):
        address = address.replace(nobody, own)
    return address


def _address_of(value: object, name: str, key: str) -> str:
    return url(name, **{key: value})


# Ids that nobody bears stand in a route's address, resolved once: a list asks for the same route once a row.
_NOBODY = tuple(str(UUID(int=(1 << 128) - number)) for number in range(1, 5))


@lru_cache(1024)
def _pattern(_urlconf: str, name: str, ids: tuple[str, ...], others: tuple[tuple[str, object], ...]) -> str:
    return reverse(name, kwargs={**dict(others), **dict(zip(ids, _NOBODY, strict=False))})
