"""The Jinja2 environment: escapes everything, refuses unknown names, knows no request and no database."""

from functools import cache
from pathlib import Path

import jinja2
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext

from egide.ui import curve, formats, words
from egide.ui.assets import asset_url

_ROOMS = Path(__file__).parent.parent


def _blank_none(value: object) -> object:
    return "" if value is None else value


@cache
def environment() -> jinja2.Environment:
    """The one environment of the process. Templates are `<room>/<page>.html`, found in `<room>/templates/`."""
    env = jinja2.Environment(
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
        given=formats.given,
        ins=formats.ins,
        word=words.word,
        sex=words.sex,
    )
    env.globals.update(
        asset=asset_url,
        url=_url,
        language=get_language,
        blood_pressure_curve=curve.blood_pressure,
    )
    # Macros as a global: a panel rendered alone (htmx) finds them as the whole page does.
    env.globals["kit"] = env.get_template("ui/kit.html").module
    return env


def _url(name: str, **kwargs: object) -> str:
    return reverse(name, kwargs=kwargs)
