"""Curves drawn on the server as SVG: they print, need no script, and carry a title, a description and their values.

Blood pressure is one vertical bar from diastolic to systolic an instant, as on a ward's paper chart. Reference lines at
140 and 90 mmHg: HAS, fiche mémo "Prise en charge de l'hypertension artérielle de l'adulte", 2016.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.utils import timezone
from markupsafe import Markup, escape

from egide.ui.formats import moment
from egide.ui.text import _, _n

Number = Decimal | float | int

UPPER, LOWER = 140, 90
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 44, 14, 28


class Pressure(Protocol):
    """One measure: `at` an aware datetime, `systolic` and `diastolic` in mmHg (either may be missing)."""

    @property
    def at(self) -> datetime: ...
    @property
    def systolic(self) -> Number | None: ...
    @property
    def diastolic(self) -> Number | None: ...


class _Scale:
    """From instants and mmHg to the drawing's units, rounded to a tenth."""

    __slots__ = ("_down", "_right", "end", "height", "high", "low", "start", "width")

    def __init__(self, start: datetime, end: datetime, low: int, high: int, width: int, height: int) -> None:
        self.start, self.end, self.low, self.high, self.width, self.height = start, end, low, high, width, height
        self._right = (width - _LEFT - _RIGHT) / (end - start).total_seconds()
        self._down = (height - _TOP - _BOTTOM) / (high - low)

    def x(self, at: datetime) -> float:
        return round(_LEFT + (at - self.start).total_seconds() * self._right, 1)

    def y(self, value: Number) -> float:
        return round(_TOP + (self.high - float(value)) * self._down, 1)


def blood_pressure(
    points: Sequence[Pressure],
    *,
    width: int = 720,
    height: int = 236,
    ident: str = "curve-bp",
    days: int | None = None,
) -> Markup:
    """An SVG element of the given size in user units; empty markup without a point.

    `ident` must be unique in the page: title and description are bound to it. Points may come in any order. With `days`
    only those of so many days before the last one are drawn (a phone is narrow, and has no pointer to tell values to).
    """
    known = sorted((p for p in points if p.systolic is not None or p.diastolic is not None), key=lambda p: p.at)
    if not known:
        return Markup("")
    if days is not None:
        known = [point for point in known if point.at >= known[-1].at - timedelta(days=days)]
    scale = _scale(known, width, height)
    title = _("Pression artérielle")
    described = _n(
        "%(count)s mesure le %(last)s : %(value)s mmHg.",
        "%(count)s mesures du %(first)s au %(last)s ; la dernière : %(value)s mmHg.",
        len(known),
    ) % {
        "count": len(known),
        "first": moment(known[0].at),
        "last": moment(known[-1].at),
        "value": _written(known[-1]),
    }
    parts = [
        f'<svg class="curve {escape(ident)}" viewBox="0 0 {width} {height}"',
        f' width="{width}" height="{height}" role="img"',
        f' aria-labelledby="{escape(ident)}-t {escape(ident)}-d" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{escape(ident)}-t">{escape(title)}</title><desc id="{escape(ident)}-d">{escape(described)}</desc>',
    ]
    parts += _grid(scale)
    parts += _dates(scale)
    parts += _marks(scale, known, spoken=days is None)
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 (numbers, and words escaped above)


def _scale(known: Sequence[Pressure], width: int, height: int) -> _Scale:
    values = [float(v) for p in known for v in (p.systolic, p.diastolic) if v is not None]
    low = min(60, int(min(values) // 20) * 20)
    high = max(160, -int(-max(values) // 20) * 20)
    start, end = known[0].at, known[-1].at
    margin = max((end - start) * 0.02, timedelta(hours=2))
    return _Scale(start - margin, end + margin, low, high, width, height)


def _grid(scale: _Scale) -> list[str]:
    right = scale.width - _RIGHT
    parts = []
    for value in range(scale.low, scale.high + 1, 20):
        y = scale.y(value)
        parts.append(f'<line class="curve-grid" x1="{_LEFT}" y1="{y}" x2="{right}" y2="{y}"/>')
        parts.append(f'<text class="curve-tick" x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value}</text>')
    for value in (UPPER, LOWER):
        y = scale.y(value)
        parts.append(f'<line class="curve-limit" x1="{_LEFT}" y1="{y}" x2="{right}" y2="{y}"/>')
    parts.append(f'<text class="curve-unit" x="2" y="{scale.height - 8}">mmHg</text>')
    return parts


def _dates(scale: _Scale) -> list[str]:
    """Day lines at local midnight, as many labels as fit; at least the last day's."""
    days = (scale.end - scale.start).total_seconds() / 86400
    room = (scale.width - _LEFT - _RIGHT) / max(days, 0.1)
    step = max(1, -int(-46 // room))
    parts: list[str] = []
    labelled = False
    at = _local(scale.start).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while at <= scale.end:
        x = scale.x(at)
        parts.append(f'<path class="curve-day" d="M{x} {_TOP}V{scale.height - _BOTTOM + 4}"/>')
        if x >= _LEFT + 18:  # further left it would touch the unit
            parts.append(_tick(scale, x, f"{at.day:02}/{at.month:02}"))
            labelled = True
        at += timedelta(days=step)
    if not labelled:
        end = _local(scale.end)
        parts.append(_tick(scale, scale.x(end) - 20, f"{end.day:02}/{end.month:02}"))
    return parts


def _tick(scale: _Scale, x: float, label: str) -> str:
    return f'<text class="curve-tick" x="{x}" y="{scale.height - 8}" text-anchor="middle">{label}</text>'


def _marks(scale: _Scale, known: Sequence[Pressure], spoken: bool) -> list[str]:
    """One bar an instant, a line and dots for each of the two pressures, and the last values in figures.

    Dots are one path a pressure, of strokes without length: a chart draws two curves, and a circle a value was most of
    their cost. With `spoken` each bar tells its values to the pointer.
    """
    bars: list[str] = []
    traces: dict[str, list[str]] = {"sys": [], "dia": []}
    for point in known:
        x = scale.x(point.at)
        ends = []
        for name, value in (("sys", point.systolic), ("dia", point.diastolic)):
            if value is not None:
                y = scale.y(value)
                ends.append(y)
                traces[name].append(f"{x} {y}")
        bar = f"M{x} {ends[0]}V{ends[1]}" if len(ends) > 1 else f"M{x} {ends[0] - 3}v6"
        if spoken:
            said = f"{moment(point.at)} : {_written(point)} mmHg"
            bar = f'<path class="curve-bar" d="{bar}"><title>{said}</title></path>'
        bars.append(bar)
    if not spoken:
        bars = [f'<path class="curve-bar" d="{"".join(bars)}"/>']
    lines = [f'<path class="curve-line" d="M{"L".join(one)}"/>' for one in traces.values() if len(one) > 1]
    dots = [
        f'<path class="curve-{name}" d="{"".join(f"M{at}h0" for at in traces[trace])}"/>'
        for name, trace in (("sys", "sys"), ("dia", "dia"), ("dia-in", "dia"))
        if traces[trace]
    ]
    last = known[-1]
    x = scale.x(last.at) + 8
    figures = [
        f'<text class="curve-value" x="{x}" y="{scale.y(value) + 4}">{round(float(value))}</text>'
        for value in (last.systolic, last.diastolic)
        if value is not None
    ]
    return bars + lines + dots + figures


def _written(point: Pressure) -> str:
    top = "–" if point.systolic is None else str(round(float(point.systolic)))
    bottom = "–" if point.diastolic is None else str(round(float(point.diastolic)))
    return f"{top}/{bottom}"


def _local(value: datetime) -> datetime:
    return value.astimezone(timezone.get_default_timezone()) if value.tzinfo else value
