"""The pieces of HTML that stand hundreds of times on a page, written in Python: a macro call costs ten times more.

Everything a person typed goes through `escape`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Protocol

from django.forms import BaseForm
from django.utils.translation import get_language
from markupsafe import Markup, escape

from egide.ui.assets import asset_url
from egide.ui.formats import clock, moment, recent
from egide.ui.text import _
from egide.ui.words import word


class Value(Protocol):
    """One measured value as shown: label (a key of `words.MEASURES`, said in the page's language), text (None or empty:
    not measured), unit, alert ("high", "low" or empty).

    In a list of last values it may also carry `at`: a value of another moment than the row's then says its own.
    """

    @property
    def label(self) -> str: ...
    @property
    def text(self) -> str | None: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def alert(self) -> str | None: ...


@cache
def icon(name: str, small: bool = False, label: str | None = None) -> Markup:
    """One symbol of `icons.svg`; with `label` it speaks to a screen reader, without it is decoration."""
    size = "icon icon-s" if small else "icon"
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    drawn = f'<svg class="{size}" {spoken}><use href="{asset_url("icons.svg")}#{escape(name)}"/></svg>'
    return Markup(drawn)  # noqa: S704 (names and labels escaped)


def value(one: Value) -> Markup:
    """A value with its label, its unit and, beyond a mark, a sign that also speaks."""
    return Markup(_value(one, get_language()))  # noqa: S704 (escaped in _value)


def values(many: Iterable[Value]) -> Markup:
    """Values one after the other."""
    return Markup(_values(many, get_language()))  # noqa: S704 (escaped in _value)


def _values(many: Iterable[Value], language: str | None) -> str:
    return "".join([_value(one, language) for one in many])


def _value(one: Value, language: str | None) -> str:
    label = f"{_label(one.label, language)} " if one.label else ""
    if not one.text:
        return f'<span class="value value-none soft">{label}–</span>'
    unit = f" <small>{_fixed(one.unit)}</small>" if one.unit else ""
    if not one.alert:
        return f'<span class="value">{label}<b>{escape(one.text)}</b>{unit}</span>'
    said = _("au-dessus du repère") if one.alert == "high" else _("au-dessous du repère")
    return f'<span class="value value-alert">{label}<b>{escape(one.text)}</b>{unit} {icon("alert", label=said)}</span>'


@lru_cache(512)
def _fixed(text: str) -> str:
    """Escaped; units come from a short list and are met again and again."""
    return str(escape(text))


@lru_cache(512)
def _label(text: str, _language: str | None) -> str:
    """The name of a measured parameter in the page's language, escaped."""
    return str(escape(word(text, "measure")))


_COLUMNS = ("TA", "Pouls", "T", "SpO₂")


def last(known: Sequence[Value], at: datetime | None) -> Markup:
    """The last values of a row and their time: TA, Pouls, T, SpO₂ each in its own column whatever is missing.

    Any other value is shown only when it is marked.
    """
    if not known:
        return Markup('<span class="soft">{}</span>').format(_("aucune mesure"))
    by_label = {one.label: one for one in known}
    language = get_language()
    cells = [_dated(by_label[label], at, language) if label in by_label else _NOTHING for label in _COLUMNS]
    if at is not None:
        cells.append(f'<time class="at num" datetime="{at.isoformat()}">{escape(recent(at))}</time>')
    more = [one for one in known if one.alert and one.label not in _COLUMNS]
    cells += [f'<span class="last-more">{_dated(one, at, language)}</span>' for one in more]
    return Markup(f'<span class="last">{"".join(cells)}</span>')  # noqa: S704 (escaped above)


_NOTHING = '<span class="value-none"></span>'
# Values of one round are written within minutes of each other; beyond this they are of another moment.
_ROUND = timedelta(minutes=30)


def _dated(one: Value, at: datetime | None, language: str | None) -> str:
    own: datetime | None = getattr(one, "at", None)
    if own is None or at is None or abs(at - own) <= _ROUND:
        return _value(one, language)
    return f'<span class="value-old">{_value(one, language)}<small class="num">{escape(recent(own))}</small></span>'


class Event(Protocol):
    """One line of the timeline; see record/chart.html. It may also carry `sections` (pairs label, text), `struck` (why
    it was ended as an error) and `fix` (the address where that is said)."""

    @property
    def at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def values(self) -> Sequence[Value]: ...
    @property
    def detail(self) -> str | None: ...
    @property
    def author(self) -> str | None: ...


_EVENT_ICONS = {
    "vitals": "pulse", "problem": "problem", "allergy": "alert", "stay": "door", "transmission": "speech",
    "prescription": "pill", "statement": "pill", "administration": "pill", "vaccination": "syringe", "act": "scalpel",
    "document": "file", "examination": "flask",
}  # fmt: skip


def events(many: Iterable[Event]) -> Markup:
    """Lines of a day: time, kind, what, by whom."""
    language, correct = get_language(), _fixed(_("Corriger"))
    return Markup("".join([_event(one, language, correct) for one in many]))  # noqa: S704 (escaped in _event)


def _event(one: Event, language: str | None, correct: str) -> str:
    sections: Sequence[tuple[str, str]] = getattr(one, "sections", ())
    struck: str | None = getattr(one, "struck", None)
    fix: str | None = getattr(one, "fix", None)
    if one.values:
        what = f'<span class="event-values">{_values(one.values, language)}</span>'
        if one.detail:
            what += f'<p class="soft">{escape(one.detail)}</p>'
    elif sections:
        what = _sections(one.title, sections)
    else:
        what = f'<span class="soft">{escape(one.title)}</span>'
        link: str | None = getattr(one, "link", None)
        if one.detail and link:
            what += f' <a href="{escape(link)}">{escape(one.detail)}</a>'
        elif one.detail:
            what += f" {escape(one.detail)}"
    if struck:
        what = f'<del class="struck">{what}</del><p class="struck-said">{icon("alert", small=True)}{escape(struck)}</p>'
    if getattr(one, "restricted", False):
        what += f' <span class="chip">{icon("lock", small=True)}{_fixed(_("restreint"))}</span>'
    by = one.author or getattr(one, "source", None)
    author = f'<span class="event-by">{escape(by)}</span>' if by else ""
    if fix:
        said = getattr(one, "fix_word", None)
        author += f'<a class="event-fix" href="{escape(fix)}">{_fixed(said) if said else correct}</a>'
    return (
        f'<li class="event"><time datetime="{one.at.isoformat()}">{clock(one.at)}</time>'
        f'{icon(_EVENT_ICONS.get(one.kind, "note"))}<div class="event-what">{what}</div>'
        f'<div class="event-end">{author}</div></li>\n'
    )


_SHORT = 420  # characters of a note shown whole; a longer one opens on demand


def _sections(title: str, sections: Sequence[tuple[str, str]]) -> str:
    body = "".join(f"<dt>{_fixed(label)}</dt><dd>{escape(text)}</dd>" for label, text in sections)
    length = sum(len(text) for _label, text in sections)
    if length <= _SHORT:
        return f'<span class="soft">{_fixed(title)}</span><dl class="event-note">{body}</dl>'
    first = escape(sections[-2 if len(sections) > 2 else 0][1][:160])
    return (
        f'<details class="event-long"><summary><span class="soft">{_fixed(title)}</span> {first}…</summary>'
        f'<dl class="event-note">{body}</dl></details>'
    )


class Request(Protocol):
    """Examinations asked for; see orders/lines.html. `other`: what the list does not name, as written, or empty."""

    @property
    def codes(self) -> Sequence[str]: ...
    @property
    def other(self) -> str: ...


def examinations(one: Request) -> str:
    """What a request asks for, on one line, in the page's language; not escaped: the template does it."""
    return ", ".join([*(word(code, "examination") for code in one.codes), *([one.other] if one.other else [])])


class Pressure(Protocol):
    """See egide.ui.curve.Pressure."""

    @property
    def at(self) -> datetime: ...
    @property
    def systolic(self) -> object: ...
    @property
    def diastolic(self) -> object: ...


def pressure_rows(points: Iterable[Pressure]) -> Markup:
    """Rows of the values behind the curve, newest first: when, systolic, diastolic."""
    newest = sorted(points, key=lambda one: one.at, reverse=True)
    rows = [
        f'<tr><td class="num">{moment(one.at)}</td><td>{_whole(one.systolic)}</td><td>{_whole(one.diastolic)}</td></tr>'
        for one in newest
    ]
    return Markup("".join(rows))  # noqa: S704 (numbers and dates)


def _whole(number: object) -> str:
    return "" if number is None else str(round(float(str(number))))


def blank(form: BaseForm, macro: Callable[[BaseForm], Markup]) -> Markup:
    """The fields of a form as `macro` draws them; those of an empty form are the same on every page, and remembered."""
    if form.is_bound or form.initial or form.prefix:
        return macro(form)
    return _blank(type(form), get_language(), macro)


_drawn: dict[tuple[type[BaseForm], str | None], Markup] = {}


def _blank(kind: type[BaseForm], language: str | None, macro: Callable[[BaseForm], Markup]) -> Markup:
    found = _drawn.get((kind, language))
    if found is None:
        found = _drawn[(kind, language)] = macro(kind())
    return found
